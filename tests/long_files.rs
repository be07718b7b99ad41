//! Long programs of several shapes, for the tests and the benchmarks of how the
//! compiler's time grows.

use std::fmt::Write as _;

/// A shape of program: its name, and its text with so many statements.
pub type Shape = (&'static str, fn(usize) -> String);

/// What grows in long files.
pub const SHAPES: &[Shape] = &[
    ("chain", chain),
    ("blocks", blocks),
    ("decisions", decisions),
    ("calls", calls),
    ("conditions", conditions),
    ("names", names),
    ("nodes", nodes),
];

/// A space with such a body, behind such declarations.
pub fn space(declared: &str, body: &str) -> String {
    format!(
        "{declared}space long {{\n  input x: [4, 8, 8]\n  output y: [2]\n{body}  y = x |> gap |> linear(2)\n}}\n"
    )
}

fn repeat(n: usize, mut line: impl FnMut(&mut String, usize)) -> String {
    let mut text = String::new();
    for i in 0..n {
        line(&mut text, i);
    }
    text
}

/// One tensor through many operations.
fn chain(n: usize) -> String {
    let body = repeat(n, |text, i| {
        let op = ["relu", "conv(3)", "bn"][i % 3];
        let _ = writeln!(text, "  x = x |> {op}");
    });
    space("", &body)
}

/// Many functions of one statement, each called once.
fn blocks(n: usize) -> String {
    let declared = repeat(n / 2, |text, i| {
        let _ = writeln!(
            text,
            "block b{i}(a: [c, h, w]) = a |> choose {{ relu, tanh }}"
        );
    });
    let body = repeat(n / 2, |text, i| {
        let _ = writeln!(text, "  x = b{i}(x)");
    });
    space(&declared, &body)
}

/// Many decisions beside each other.
fn decisions(n: usize) -> String {
    let body = repeat(n / 2, |text, i| {
        let _ = writeln!(text, "  let f{i} = choose {{ relu, tanh, id: identity }}");
        let _ = writeln!(text, "  x = f{i}(x)");
    });
    space("", &body)
}

/// Many uses of one operation, inside each other's results.
fn calls(n: usize) -> String {
    let body = repeat(n, |text, _| {
        let _ = writeln!(text, "  x = step(x, 3) + x");
    });
    space(
        "op step(a: [c, h, w], k: int) = a |> conv(k) |> bn\n",
        &body,
    )
}

/// Many statements that decisions may pass by.
fn conditions(n: usize) -> String {
    let body = repeat(n / 2, |text, _| {
        let _ = writeln!(text, "  if choose [true, false] {{\n    x = relu(x)\n  }}");
    });
    space("", &body)
}

/// Many names, of which the last uses the first.
fn names(n: usize) -> String {
    let body = repeat(n - 2, |text, i| {
        let _ = writeln!(text, "  let v{i} = v{}", i.saturating_sub(2));
    });
    let last = n - 3;
    space(
        "",
        &format!(
            "  let v0 = x\n{}  x = v{last} + v0\n",
            body.replacen("let v0 = v0", "let w = v0", 1)
        ),
    )
}

/// A family of many nodes, each of which picks among the last ten.
fn nodes(n: usize) -> String {
    let body = format!(
        "  nodes h = [for i in 0..10: relu(x)]
  nodes h[i in 10..{}] {{
    let p = pick 1 of h[i - 10..i]
    h[i] = relu(p)
  }}
  x = h[len(h) - 1]
",
        n / 2
    );
    space("", &body)
}
