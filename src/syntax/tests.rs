//! Precedence and spans; whole files are tested in `tests/`.

use super::ast::{Choose, Expr, ExprKind, File, Item, Member, PickCount};
use super::parse;
use crate::diagnostic::{Code, Diagnostics};
use crate::source::SourceMap;

fn read(text: &str) -> (File, Vec<Code>) {
    let mut sources = SourceMap::default();
    let id = sources.add("test.enas", text);
    let mut diagnostics = Diagnostics::default();
    let file = parse(sources.get(id).unwrap(), &mut diagnostics);
    let codes = diagnostics.iter().map(|diagnostic| diagnostic.code);
    (file, codes.collect())
}

/// The expression of a text, read without a word of complaint.
#[track_caller]
fn expression(text: &str) -> Expr {
    let (file, codes) = read(&format!("const N = {text}"));
    assert_eq!(codes, [], "{text}");
    match file.items.into_iter().next() {
        Some(Item::Member(Member::Const(constant))) => constant.value,
        other => panic!("{text}: {other:?}"),
    }
}

/// An expression with parentheses around everything that an operator made.
fn shape(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Int(value) => value.to_string(),
        ExprKind::Path(path) => path.segments[0].name.clone(),
        ExprKind::Unary { op, operand } => format!("({} {})", op.symbol(), shape(operand)),
        ExprKind::Binary { op, left, right } => {
            format!("({} {} {})", shape(left), op.symbol(), shape(right))
        }
        ExprKind::Pipe { value, into } => format!("({} |> {})", shape(value), shape(into)),
        ExprKind::Call { callee, args } => {
            let args: Vec<_> = args.iter().map(|arg| shape(&arg.value)).collect();
            format!("{}({})", shape(callee), args.join(", "))
        }
        ExprKind::Index { base, .. } => format!("{}[..]", shape(base)),
        ExprKind::Field { base, name } => format!("{}.{}", shape(base), name.name),
        ExprKind::Note { base, name, .. } => format!("({} @{})", shape(base), name.name),
        ExprKind::Choose(Choose::From(from)) => format!("choose<{}>", shape(from)),
        ExprKind::Pick {
            count: PickCount::Count(count),
            source,
        } => format!("pick<{} of {}>", shape(count), shape(source)),
        ExprKind::If {
            condition,
            then,
            otherwise,
        } => format!(
            "if<{}, {}, {}>",
            shape(condition),
            shape(then),
            shape(otherwise)
        ),
        other => format!("{other:?}"),
    }
}

#[test]
fn operators_bind_as_the_table_says() {
    for (text, expected) in [
        // From one level to the next, loosest first.
        ("a |> b or c", "(a |> (b or c))"),
        ("a or b |> c", "((a or b) |> c)"),
        ("a or b and c", "(a or (b and c))"),
        ("a and b or c", "((a and b) or c)"),
        ("a and not b", "(a and (not b))"),
        ("not a and b", "((not a) and b)"),
        ("not a == b", "(not (a == b))"),
        ("not a in b", "(not (a in b))"),
        ("a in 0..b", "(a in (0 .. b))"),
        ("a == b..=c", "(a == (b ..= c))"),
        ("0..a + 1", "(0 .. (a + 1))"),
        ("a - 1..b", "((a - 1) .. b)"),
        ("a + b * c", "(a + (b * c))"),
        ("a * b + c", "((a * b) + c)"),
        ("-a * b", "((- a) * b)"),
        ("a * -b", "(a * (- b))"),
        ("-a.b", "(- a.b)"),
        ("-a(b)", "(- a(b))"),
        ("-a @per(b)", "(- (a @per))"),
        // Chains go to the left.
        ("a |> b |> c", "((a |> b) |> c)"),
        ("a - b - c", "((a - b) - c)"),
        ("a / b * c % 3", "(((a / b) * c) % 3)"),
        ("a or b or c", "((a or b) or c)"),
        // Prefixes stack.
        ("- - a", "(- (- a))"),
        ("not not a", "(not (not a))"),
        ("a + not b == c", "(a + (not (b == c)))"),
        // Postfixes follow what stands right before them.
        ("a(b)[0].c(d)", "a(b)[..].c(d)"),
        ("a(p) @per(p) + b(q) @per(q)", "((a(p) @per) + (b(q) @per))"),
        ("a |> b(c) @tie(e)", "(a |> (b(c) @tie))"),
        ("(a + b)(c)", "(a + b)(c)"),
        // Decisions are operands; what is called is the choice.
        ("choose A(t)", "choose<A>(t)"),
        ("choose 1..=4 + 1", "(choose<(1 ..= 4)> + 1)"),
        ("0..choose 1..=4", "(0 .. choose<(1 ..= 4)>)"),
        ("choose (a + b)", "choose<(a + b)>"),
        ("pick 1 of h[..l] @near(6)", "(pick<1 of h[..]> @near)"),
        ("pick 2 of 0..n", "pick<2 of (0 .. n)>"),
        ("pick k of (f(h))", "pick<k of f(h)>"),
        ("base * choose A", "(base * choose<A>)"),
        // An `if` is an operand.
        ("if a { b } else { c } + 1", "(if<a, b, c> + 1)"),
        (
            "if a { b } else if c { d } else { e }",
            "if<a, b, if<c, d, e>>",
        ),
        // `%` right behind a number is a unit, elsewhere an operator.
        ("n %2", "(n % 2)"),
        ("10%3", "(10 % 3)"),
        ("10 % n", "(10 % n)"),
    ] {
        assert_eq!(shape(&expression(text)), expected, "{text}");
    }
}

#[test]
fn parentheses_are_for_the_reader_and_the_span() {
    let text = "const N = ((a + b)) * (c)";
    let (file, _) = read(text);
    let Some(Item::Member(Member::Const(constant))) = file.items.first() else {
        panic!("{file:?}");
    };
    let ExprKind::Binary { left, right, .. } = &constant.value.kind else {
        panic!("{constant:?}");
    };
    assert_eq!(&text[left.span.range()], "a + b");
    assert_eq!(&text[right.span.range()], "c");
    assert_eq!(&text[constant.value.span.range()], "((a + b)) * (c)");
}

#[test]
fn spans_end_before_blanks_and_comments() {
    let text = "op f(x) = x |> relu // why\n\nconst M = 3 // more\n// end\n";
    let (file, codes) = read(text);
    assert_eq!(codes, []);
    let spans: Vec<_> = file
        .items
        .iter()
        .map(|item| match item {
            Item::Member(Member::Fn(function)) => &text[function.span.range()],
            Item::Member(Member::Const(constant)) => &text[constant.span.range()],
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(spans, ["op f(x) = x |> relu", "const M = 3"]);
}

#[test]
fn what_follows_an_error_is_still_read() {
    let text = "
        op broken(x [c]) { return relu(x) }
        op good(x) = x
        space s { x = = 1  input x: [3]  let y = pick 1 h
          z = y }
        space = 3
        const LAST = 1
    ";
    let (file, codes) = read(text);
    assert_eq!(codes, [Code::UnexpectedToken; 4]);
    let names: Vec<_> = file
        .items
        .iter()
        .map(|item| match item {
            Item::Member(Member::Fn(function)) => function.name.name.as_str(),
            Item::Member(Member::Const(constant)) => constant.name.name.as_str(),
            Item::Space(space) => {
                assert_eq!(space.body.len(), 2, "{:?}", space.body);
                space.name.name.as_str()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names, ["broken", "good", "s", "LAST"]);
}

#[test]
fn errors_have_an_end() {
    let (_, codes) = read(&format!("op f(x) {{\n{}}}\n", "  x = = 1\n".repeat(60)));
    // Fifty errors, and the note that there are more.
    assert_eq!(codes.len(), 51);
}
