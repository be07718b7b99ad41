//! Small files that would take forever, or all memory: each ends in a diagnostic.
//!
//! No time is measured: what bounds it is the budget of steps, lengths and depths, and
//! the answers say that they did. A test that hangs has lost one of them.

use std::fmt::Write as _;

use enasc::diagnostic::Code;
use enasc::{Compilation, Options, compile};

use crate::long_files::space;

fn compiled(text: &str) -> Compilation {
    compile("bomb.enas", text, &Options::default())
}

/// Checks that a text ends with an error of this code.
#[track_caller]
fn ends(code: Code, text: &str) {
    let said = compiled(text).diagnostics;
    let codes: Vec<Code> = said.iter().map(|diagnostic| diagnostic.code).collect();
    assert!(codes.contains(&code), "{codes:?}");
}

/// Lines of which each makes the last thing twice as large.
fn doubling(first: &str, next: impl Fn(usize) -> String) -> String {
    (1..60).fold(first.to_owned() + "\n", |mut text, i| {
        let _ = writeln!(text, "{}", next(i));
        text
    })
}

#[test]
fn loops_and_families() {
    for body in [
        "for i in 0..1000000000 { x = relu(x) }\n",
        "for i in -9223372036854775807..9223372036854775807 { }\n",
        "for i in 0..10000 { for j in 0..10000 { x = relu(x) } }\n",
        "let l = [for i in 0..3000: [for j in 0..3000: j]]\n",
        "for i in 0..choose 1..=1000000 { x = relu(x) }\n",
        "nodes h = [x]\nnodes h[i in 1..1000000000] { h[i] = relu(h[i - 1]) }\n",
        "x = conv(x, 1, 9000000)\nlet parts = split(x, 9000000)\n",
        "let l = pick 3000 of 0..3000 @repeat\n",
        "let l = pick 900 of 0..1000 @ordered\n",
        "let k = choose 1..1000000\nx = conv(x, 1, k)\n",
    ] {
        ends(Code::StepBudget, &space("", body));
    }
}

#[test]
fn values_by_many_decisions() {
    let product = (0..12).fold(String::new(), |text, i| {
        format!("{text}  let k{i} = choose 1..=16\n")
    });
    let factors: Vec<String> = (0..12).map(|i| format!("k{i}")).collect();
    let body = format!("{product}  x = conv(x, 1, {})\n", factors.join(" * "));
    ends(Code::TooManyCases, &space("", &body));
    let body = "let k = choose 1..=20000\nif k > 5 { x = relu(x) }\n";
    ends(Code::TooManyCases, &space("", body));
}

/// Each case of a number is searched for, which takes its time where many sets say it.
#[test]
fn numbers_of_many_cases() {
    let picks = "let from = pick any of h[..l]\n".repeat(80);
    let body = format!(
        "nodes h = [x]\nnodes h[l in 1..=4] {{ {picks} h[l] = sum(from) }}\n\
         require edges(h) <= 1e-300\n"
    );
    ends(Code::StepBudget, &space("", &body));
}

#[test]
fn recursion() {
    let f = |kind: &str, body: &str| {
        space(
            &format!("{kind} f(a: [c, h, w], n: int = 60) {body}\n"),
            "  x = f(x)\n",
        )
    };
    let twice = "= if n == 0 { relu(a) } else { f(a, n - 1) + f(a, n - 1) }";
    ends(Code::StepBudget, &f("op", twice));
    let decided = "= if n == 0 { (choose { relu, tanh })(a) } else { f(a, n - 1) + f(a, n - 1) }";
    ends(Code::StepBudget, &f("block", decided));
    let mutual = "cell f(a: [c, h, w]) = g(a) + g(a)\ncell g(a: [c, h, w]) = f(a) + f(a)\n";
    ends(Code::StepBudget, &space(mutual, "  x = f(x)\n"));
    let set = "ops O = { a: f, b: f, c: f }\nblock f(a: [c, h, w]) = (choose O)(a)\n";
    ends(Code::StepBudget, &space(set, "  x = f(x)\n"));
    // No step is taken twice where it goes round in one line.
    let round = "block f(a: [c, h, w]) = g(a)\nblock g(a: [c, h, w]) = f(a)\n";
    ends(Code::Recursion, &space(round, "  x = f(x)\n"));
}

/// Values that share their parts: written out they would have 2^60 of them.
#[test]
fn shared_parts() {
    let pairs = |name: char| {
        doubling(&format!("  let {name}0 = (1, 1)"), |i| {
            format!("  let {name}{i} = ({name}{0}, {name}{0})", i - 1)
        })
    };
    let (a, b) = (pairs('a'), pairs('b'));
    let same = format!("{a}  if a59 == a59 {{ x = relu(x) }}\n");
    assert!(!compiled(&space("", &same)).spaces.is_empty());
    let other = format!("{a}{b}  if a59 == b59 {{ x = relu(x) }}\n");
    ends(Code::WrongKind, &space("", &other));
    let chosen = format!("{a}{b}  let f = choose {{ a: a59, b: b59 }}\n");
    ends(Code::StepBudget, &space("", &chosen));
    let named = format!("{a}  let f = choose [a59, 1]\n");
    ends(Code::WrongKind, &space("", &named));
}

#[test]
fn sizes() {
    for body in [
        "x = conv(x, 1, 9223372036854775807)\n",
        "x = conv(x, 9223372036854775807, 9223372036854775807)\n",
        "let l = x |> gap |> linear(4000000000000) |> linear(4000000000000)\n",
    ] {
        ends(Code::Arithmetic, &space("", body));
    }
    let squares = (1..8).fold("const c0 = 1000\n".to_owned(), |text, i| {
        format!("{text}const c{i} = c{0} * c{0}\n", i - 1)
    });
    ends(Code::Arithmetic, &space(&squares, "  x = conv(x, c7)\n"));
    let digits = "9".repeat(100_000);
    ends(Code::BadNumber, &format!("const N = {digits}\n"));
}

#[test]
fn nesting_and_length() {
    let deep = 100_000;
    for (open, close) in [("(", ")"), ("[", "]"), ("-", ""), ("not ", ""), ("f(", ")")] {
        let text = format!("const N = {}1{}\n", open.repeat(deep), close.repeat(deep));
        ends(Code::TooDeep, &text);
    }
    for link in [" |> relu", " + 1", "[0]", "(0)", ".b", " @per(0)"] {
        ends(
            Code::TooDeep,
            &format!("const N = x{}\n", link.repeat(deep / 10)),
        );
    }
    ends(Code::TooDeep, &"{".repeat(deep));
    ends(Code::TooDeep, &"// long\n".repeat(1 << 19));
}

/// What looks like the beginning of something, thousands of times on one line, and
/// mistakes deep inside: no text is read many times.
#[test]
fn mistakes_in_long_lines_and_deep_inside() {
    for head in [
        "op f(int k) ",
        "space s x ",
        "extern op f(a b) ",
        "nodes h[a b] ",
    ] {
        ends(Code::UnexpectedToken, &head.repeat(8000));
    }
    for head in ["for a ", "if a ", "op f(a b) ", "else if "] {
        ends(Code::UnexpectedToken, &space("", &head.repeat(8000)));
    }
    for (open, close) in [
        ("x @per(", ")"),
        ("(", ")"),
        ("[", "]"),
        ("f(a = ", ")"),
        ("x[", "]"),
        ("choose { a: ", "}"),
        ("if a { 1 } else { ", "}"),
        ("[for i in ", ": 1]"),
    ] {
        for mistake in ["1 1", "@", "1 +", "1 == 2 == 3"] {
            let text = format!(
                "const N = {}{mistake}{}\n",
                open.repeat(60),
                close.repeat(60)
            );
            ends(Code::UnexpectedToken, &text);
        }
    }
    // A name that begins a line deep inside, far before the `=` that has none.
    let deep = format!("{}{{}}\nh[]{}", "({".repeat(60), "})".repeat(60));
    ends(Code::UnexpectedToken, &format!("space s() {{{deep}}} = "));
    ends(Code::UnexpectedToken, &format!("op f() {{{deep}}} = "));
}

/// Thousands of spaces, each of which reads what the file declares.
#[test]
fn many_spaces() {
    let mut text: String =
        (0..3000).fold(String::new(), |text, i| text + &format!("const c{i} = 1\n"));
    for i in 0..3000 {
        let _ = writeln!(text, "space s{i} {{ input x: [3] output y: [3] y = x }}");
    }
    ends(Code::StepBudget, &text);
}

#[test]
fn modules() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(format!("{name}.enas")), text).unwrap();
    };
    // Two ways from each to the next: 2^20 ways through all of them.
    for i in 0..20 {
        write(&format!("top{i}"), &format!("use left{i}\nuse right{i}\n"));
        write(&format!("left{i}"), &format!("use top{}\n", i + 1));
        write(&format!("right{i}"), &format!("use top{}\n", i + 1));
    }
    write("top20", "const N = 3\n");
    // A chain.
    for i in 0..1001 {
        write(&format!("link{i}"), &format!("use link{}\n", i + 1));
    }
    let options = Options {
        folder: Some(folder.path().to_owned()),
        ..Options::default()
    };
    let diamonds = compile("a.enas", &format!("use top0\n{}", space("", "")), &options);
    assert_eq!(diamonds.modules.len(), 61);
    let chain = compile("b.enas", &format!("use link0\n{}", space("", "")), &options);
    assert!(chain.diagnostics.iter().any(|d| d.code == Code::TooDeep));
}

/// Nobody reads thousands of diagnostics, and each takes time.
#[test]
fn many_mistakes() {
    let wrong = (0..20_000).fold(String::new(), |text, i| {
        text + &format!("  let a{i} = b{i}\n")
    });
    let said = compiled(&space("", &wrong)).diagnostics;
    assert!(said.len() <= 401, "{}", said.len());
    let extra = "x, ".repeat(20_000);
    let said = compiled(&space("", &format!("  x = relu({extra})\n"))).diagnostics;
    assert!(said.len() <= 401, "{}", said.len());
}
