//! The front end on generated input: no text makes it panic, spans keep their
//! promises, and what is printed reads as the same tree.

use enasc::diagnostic::render::{self, Style};
use enasc::diagnostic::{Diagnostic, Diagnostics};
use enasc::source::SourceMap;
use enasc::span::Span;
use enasc::syntax::{ast, format, parse, print};
use proptest::prelude::*;
use proptest::sample::{Index as AnyIndex, select};
use serde_json::Value;

use crate::syntax::{examples, read, without_spans};

// ------------------------------------------------------------- promises kept

/// Whatever a text is: the tree's spans lie in it and in each other, labels do,
/// both renderings come back, and without errors the layout keeps the tree.
pub fn check(text: &str) {
    let mut sources = SourceMap::default();
    let id = sources.add("test.enas", text);
    let mut diagnostics = Diagnostics::default();
    let file = parse(sources.get(id).unwrap(), &mut diagnostics);
    let formatted = format::format(sources.get(id).unwrap(), &mut Diagnostics::default());
    assert_eq!(formatted.is_some(), !diagnostics.has_errors(), "{text:?}");
    if let Some(formatted) = formatted {
        let (again, _) = read(&formatted);
        assert_eq!(without_spans(&file), without_spans(&again), "{text:?}");
    }
    let diagnostics: Vec<Diagnostic> = diagnostics.into_sorted();
    check_spans(text, &serde_json::to_value(&file).unwrap(), (0, text.len()));
    for (index, diagnostic) in diagnostics.iter().enumerate() {
        let twice = (diagnostics.iter().skip(index + 1)).any(|other| {
            (&other.message, &other.labels) == (&diagnostic.message, &diagnostic.labels)
        });
        assert!(!twice, "{diagnostic:?} twice in {text:?}");
        assert!(!diagnostic.labels.is_empty(), "{diagnostic:?}");
        assert!(!diagnostic.message.ends_with('.'), "{diagnostic:?}");
        for label in &diagnostic.labels {
            assert!(
                text.get(label.span.range()).is_some(),
                "{diagnostic:?} in {text:?}"
            );
        }
    }
    let shown = render::human(&diagnostics, &sources, Style::Plain);
    assert_eq!(shown.is_empty(), diagnostics.is_empty());
    let listed = render::json(&diagnostics, &sources);
    assert_eq!(listed.as_array().unwrap().len(), diagnostics.len());
    // The grammar's own words stay inside.
    for word in ["expr", "close_", "open_", "k_", "_stmt", "_decl", "EOI"] {
        for diagnostic in &diagnostics {
            let said = diagnostic.message.split('`').step_by(2).collect::<String>();
            assert!(
                said.split(' ').all(|said| !said.contains(word)
                    || said == "expression"
                    || said == "expressions"),
                "{diagnostic:?}"
            );
        }
    }
}

fn check_spans(text: &str, value: &Value, outer: (usize, usize)) {
    match value {
        Value::Object(object) => {
            let inner = object
                .get("span")
                .map_or(outer, |span| inside(text, span, outer));
            object
                .iter()
                .filter(|(key, _)| *key != "span")
                .for_each(|(_, part)| check_spans(text, part, inner));
        }
        Value::Array(parts) => parts.iter().for_each(|part| check_spans(text, part, outer)),
        _ => {}
    }
}

/// The span as a range, which lies in `outer` and on boundaries of characters.
fn inside(text: &str, span: &Value, outer: (usize, usize)) -> (usize, usize) {
    let end = |nth: usize| usize::try_from(span[nth].as_u64().unwrap()).unwrap();
    let inner = (end(0), end(1));
    assert!(
        text.get(inner.0..inner.1).is_some(),
        "{inner:?} in {text:?}"
    );
    assert!(
        outer.0 <= inner.0 && inner.1 <= outer.1,
        "{inner:?} not in {outer:?} in {text:?}"
    );
    inner
}

/// Pieces that texts are made of: words, numbers, runs of blanks, single marks.
pub fn pieces(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 0,
        c if c.is_whitespace() => 1,
        _ => 2,
    };
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut previous = None;
    for (at, c) in text.char_indices() {
        if previous.is_some_and(|previous| previous != class(c) || previous == 2) {
            pieces.push(&text[start..at]);
            start = at;
        }
        previous = Some(class(c));
    }
    pieces.push(&text[start..]);
    pieces
}

#[derive(Clone, Debug)]
enum Edit {
    Delete(AnyIndex),
    Duplicate(AnyIndex),
    Swap(AnyIndex, AnyIndex),
    Insert(AnyIndex, &'static str),
    CutFrom(AnyIndex),
}

pub const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "//",
    "/*",
    "'",
    "=",
    "==",
    ":",
    "::",
    ",",
    ".",
    "..",
    "..=",
    "@",
    "|>",
    "->",
    "+",
    "-",
    "*",
    "/",
    "%",
    "<",
    "!",
    ";",
    "#",
    "&&",
    " ",
    "\n",
    "\t",
    "\r",
    "é",
    "“",
    "x",
    "f",
    "3",
    "1.",
    "1e",
    "2%",
    "5M",
    "9999999999999999999",
    "op",
    "block",
    "cell",
    "ops",
    "space",
    "use",
    "const",
    "extern",
    "cost",
    "input",
    "output",
    "nodes",
    "let",
    "for",
    "in",
    "if",
    "else",
    "return",
    "require",
    "choose",
    "pick",
    "any",
    "of",
    "and",
    "or",
    "not",
    "true",
];

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<AnyIndex>;
    prop_oneof![
        at().prop_map(Edit::Delete),
        at().prop_map(Edit::Duplicate),
        (at(), at()).prop_map(|(a, b)| Edit::Swap(a, b)),
        (at(), select(PIECES)).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        at().prop_map(Edit::CutFrom),
    ]
}

fn apply(pieces: &mut Vec<&str>, edit: &Edit) {
    if pieces.is_empty() {
        return;
    }
    let len = pieces.len();
    match edit {
        Edit::Delete(at) => {
            pieces.remove(at.index(len));
        }
        Edit::Duplicate(at) => pieces.insert(at.index(len), pieces[at.index(len)]),
        Edit::Swap(a, b) => pieces.swap(a.index(len), b.index(len)),
        Edit::Insert(at, piece) => pieces.insert(at.index(len), piece),
        Edit::CutFrom(at) => pieces.truncate(at.index(len) + 1),
    }
}

proptest! {
    #[test]
    fn any_text_gets_an_answer(text in "\\PC*|(?s).{0,200}") {
        check(&text);
    }

    #[test]
    fn any_words_get_an_answer(words in proptest::collection::vec(select(PIECES), 0..60)) {
        check(&words.concat());
        check(&words.join(" "));
        check(&format!("space s {{\n  {}\n}}\n", words.join(" ")));
    }

    #[test]
    fn an_edited_example_gets_an_answer(
        which in any::<AnyIndex>(),
        edits in proptest::collection::vec(edit(), 1..8),
    ) {
        let examples = examples();
        let (_, text) = which.get(&examples);
        let mut pieces = pieces(text);
        for edit in &edits {
            apply(&mut pieces, edit);
        }
        check(&pieces.concat());
    }
}

// ----------------------------------------------------------- generated trees

fn name() -> impl Strategy<Value = String> {
    select(
        &[
            "x", "y", "f", "conv3", "any", "some", "cost", "tokens", "_", "inputs", "format", "e5",
            "K", "android", "K_M",
        ][..],
    )
    .prop_map(str::to_owned)
}

fn ident() -> impl Strategy<Value = ast::Ident> {
    name().prop_map(|name| ast::Ident {
        name,
        span: Span::default(),
    })
}

fn path() -> impl Strategy<Value = ast::Path> {
    proptest::collection::vec(ident(), 1..3).prop_map(|segments| ast::Path {
        segments,
        span: Span::default(),
    })
}

fn plain(kind: ast::ExprKind) -> ast::Expr {
    ast::Expr {
        kind,
        span: Span::default(),
    }
}

fn pattern() -> impl Strategy<Value = ast::Pattern> {
    prop_oneof![
        ident().prop_map(ast::Pattern::Name),
        proptest::collection::vec(ident(), 1..4)
            .prop_map(|names| ast::Pattern::Tuple(names, Span::default())),
    ]
}

fn leaf() -> impl Strategy<Value = ast::Expr> {
    prop_oneof![
        (0..=i64::MAX).prop_map(ast::ExprKind::Int),
        (0..20_i64).prop_map(ast::ExprKind::Int),
        proptest::num::f64::POSITIVE.prop_map(ast::ExprKind::Float),
        Just(ast::ExprKind::Float(0.0)),
        "[^\"\n]{0,8}".prop_map(ast::ExprKind::Text),
        any::<bool>().prop_map(ast::ExprKind::Bool),
        path().prop_map(ast::ExprKind::Path),
        path().prop_map(ast::ExprKind::Path),
    ]
    .prop_map(plain)
}

type BoxedExpr = BoxedStrategy<ast::Expr>;

fn args(inner: &BoxedExpr) -> impl Strategy<Value = Vec<ast::Arg>> + use<> {
    let arg = |(name, value)| ast::Arg {
        name,
        value,
        span: Span::default(),
    };
    prop_oneof![
        3 => proptest::collection::vec(
            (proptest::option::of(ident()), inner.clone()).prop_map(arg),
            0..3,
        ),
        1 => generator(inner).prop_map(move |generator| vec![arg((None, generator))]),
    ]
}

fn generator(inner: &BoxedExpr) -> impl Strategy<Value = ast::Expr> + use<> {
    (
        pattern(),
        inner.clone(),
        proptest::option::of(inner.clone()),
        inner.clone(),
    )
        .prop_map(|(pattern, iterable, condition, body)| {
            plain(ast::ExprKind::Generator(Box::new(ast::Generator {
                pattern,
                iterable,
                condition,
                body,
            })))
        })
}

fn index(inner: &BoxedExpr) -> impl Strategy<Value = ast::Index> + use<> {
    prop_oneof![
        inner.clone().prop_map(ast::Index::At),
        proptest::option::of(inner.clone()).prop_map(ast::Index::To),
        inner.clone().prop_map(ast::Index::From),
    ]
}

fn candidates(inner: &BoxedExpr) -> impl Strategy<Value = Vec<ast::Candidate>> + use<> {
    let candidate =
        (proptest::option::of(ident()), inner.clone()).prop_map(|(name, value)| ast::Candidate {
            name,
            value,
            span: Span::default(),
        });
    proptest::collection::vec(candidate, 1..4)
}

fn expr() -> BoxedExpr {
    leaf()
        .prop_recursive(5, 40, 3, |inner| {
            use ast::ExprKind as E;
            let boxed = || inner.clone().prop_map(Box::new);
            prop_oneof![
                prop_oneof![
                    proptest::collection::vec(inner.clone(), 0..3).prop_map(E::List),
                    generator(&inner).prop_map(|generator| E::List(vec![generator])),
                    proptest::collection::vec(inner.clone(), 2..4).prop_map(E::Tuple),
                ],
                (select(&[ast::UnaryOp::Neg, ast::UnaryOp::Not][..]), boxed())
                    .prop_map(|(op, operand)| E::Unary { op, operand }),
                (select(&ast::BinaryOp::ALL[..]), boxed(), boxed())
                    .prop_map(|(op, left, right)| E::Binary { op, left, right }),
                (select(&ast::BinaryOp::ALL[..]), boxed(), boxed())
                    .prop_map(|(op, left, right)| E::Binary { op, left, right }),
                (boxed(), boxed()).prop_map(|(value, into)| E::Pipe { value, into }),
                (boxed(), args(&inner)).prop_map(|(callee, args)| E::Call { callee, args }),
                (boxed(), index(&inner)).prop_map(|(base, index)| E::Index {
                    base,
                    index: Box::new(index),
                }),
                (boxed(), ident()).prop_map(|(base, name)| E::Field { base, name }),
                (boxed(), ident(), args(&inner)).prop_map(|(base, name, args)| E::Note {
                    base,
                    name,
                    args
                }),
                candidates(&inner).prop_map(|list| E::Choose(ast::Choose::Candidates(list))),
                boxed().prop_map(|from| E::Choose(ast::Choose::From(from))),
                (
                    prop_oneof![
                        Just(ast::PickCount::Any),
                        Just(ast::PickCount::Some),
                        boxed().prop_map(ast::PickCount::Count),
                    ],
                    boxed(),
                )
                    .prop_map(|(count, source)| E::Pick { count, source }),
                (boxed(), boxed(), boxed()).prop_map(|(condition, then, otherwise)| E::If {
                    condition,
                    then,
                    otherwise,
                }),
            ]
            .prop_map(plain)
        })
        .boxed()
}

fn ty() -> impl Strategy<Value = ast::Type> {
    prop_oneof![
        (
            proptest::option::of(ident()),
            proptest::collection::vec(leaf(), 0..3)
        )
            .prop_map(|(name, dims)| ast::TypeKind::Tensor { name, dims }),
        ident().prop_map(ast::TypeKind::Named),
        select(&["op", "ops", "cell", "block"][..]).prop_map(|name| {
            ast::TypeKind::Named(ast::Ident {
                name: name.to_owned(),
                span: Span::default(),
            })
        }),
    ]
    .prop_map(|kind| ast::Type {
        kind,
        span: Span::default(),
    })
}

fn stmt() -> BoxedStrategy<ast::Stmt> {
    use ast::Stmt as S;
    let span = Span::default();
    let leaf = prop_oneof![
        (pattern(), proptest::option::of(ty()), expr()).prop_map(move |(pattern, ty, value)| {
            S::Let {
                pattern,
                ty,
                value,
                span,
            }
        }),
        (ident(), expr()).prop_map(move |(name, seeds)| S::NodesSeed { name, seeds, span }),
        expr().prop_map(move |condition| S::Require { condition, span }),
        expr().prop_map(move |value| S::Return { value, span }),
        (
            ident(),
            proptest::collection::vec(index(&expr()), 0..2),
            expr()
        )
            .prop_map(move |(name, indices, value)| S::Assign {
                name,
                indices,
                value,
                span,
            }),
    ];
    leaf.prop_recursive(3, 12, 3, move |inner| {
        let body = || proptest::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            (pattern(), expr(), body()).prop_map(move |(pattern, iterable, body)| S::For {
                pattern,
                iterable,
                body,
                span,
            }),
            (expr(), body(), body()).prop_map(move |(condition, then, otherwise)| S::If {
                condition,
                then,
                otherwise,
                span,
            }),
            (ident(), ident(), expr(), body()).prop_map(move |(name, index, range, body)| {
                S::NodesFamily {
                    name,
                    index,
                    range,
                    body,
                    span,
                }
            }),
        ]
    })
    .boxed()
}

fn params() -> impl Strategy<Value = Vec<ast::Param>> {
    let param = (
        ident(),
        proptest::option::of(ty()),
        proptest::option::of(expr()),
    )
        .prop_map(|(name, ty, default)| ast::Param {
            name,
            ty,
            default,
            span: Span::default(),
        });
    proptest::collection::vec(param, 0..3)
}

fn member() -> impl Strategy<Value = ast::Member> {
    let span = Span::default();
    let body = prop_oneof![
        expr().prop_map(ast::FnBody::Expr),
        proptest::collection::vec(stmt(), 0..4).prop_map(ast::FnBody::Block),
    ];
    let kind = select(&[ast::FnKind::Op, ast::FnKind::Block, ast::FnKind::Cell][..]);
    prop_oneof![
        (kind, ident(), params(), proptest::option::of(ty()), body).prop_map(
            move |(kind, name, params, result, body)| {
                ast::Member::Fn(ast::Fn {
                    kind,
                    name,
                    params,
                    result,
                    body,
                    span,
                })
            }
        ),
        (ident(), params(), ty(), args(&expr())).prop_map(move |(name, params, result, cost)| {
            ast::Member::Extern(ast::ExternOp {
                name,
                params,
                result,
                cost,
                span,
            })
        }),
        (ident(), proptest::option::of(expr()), expr()).prop_map(move |(name, count, value)| {
            ast::Member::Cell(ast::CellBind {
                name,
                count,
                value,
                span,
            })
        }),
        (ident(), candidates(&expr())).prop_map(move |(name, candidates)| {
            ast::Member::Ops(ast::Ops {
                name,
                candidates,
                span,
            })
        }),
        (ident(), expr()).prop_map(move |(name, value)| {
            ast::Member::Const(ast::Const { name, value, span })
        }),
    ]
}

/// Files of every construct, without meaning.
pub fn file() -> impl Strategy<Value = ast::File> {
    let span = Span::default();
    let port = (any::<bool>(), ident(), ty()).prop_map(move |(is_input, name, ty)| ast::Port {
        direction: if is_input {
            ast::Direction::Input
        } else {
            ast::Direction::Output
        },
        name,
        ty,
        span,
    });
    let space_item = prop_oneof![
        port.prop_map(ast::SpaceItem::Port),
        member().prop_map(ast::SpaceItem::Member),
        stmt().prop_map(ast::SpaceItem::Stmt),
    ];
    let space = (
        ident(),
        params(),
        proptest::collection::vec(space_item, 0..4),
    )
        .prop_map(move |(name, params, body)| ast::Space {
            name,
            params,
            body,
            span,
        });
    let import =
        (path(), proptest::collection::vec(ident(), 0..3)).prop_map(move |(module, names)| {
            ast::Use {
                module,
                names,
                span,
            }
        });
    let item = prop_oneof![
        import.prop_map(ast::Item::Use),
        space.prop_map(ast::Item::Space),
        member().prop_map(ast::Item::Member),
    ];
    proptest::collection::vec(item, 0..4).prop_map(|items| ast::File { items })
}

/// A tree is printed, read, and printed again.
fn check_printing(file: &ast::File) {
    let printed = print::print(file);
    let (again, diagnostics) = read(&printed);
    assert!(diagnostics.is_empty(), "{printed}\n{diagnostics:?}");
    assert_eq!(without_spans(file), without_spans(&again), "{printed}");
    assert_eq!(printed, print::print(&again));
    check_spans(
        &printed,
        &serde_json::to_value(&again).unwrap(),
        (0, printed.len()),
    );
}

proptest! {
    #[test]
    fn printing_an_expression_keeps_the_tree(value in expr()) {
        let constant = ast::Const {
            name: ast::Ident { name: "n".to_owned(), span: Span::default() },
            value,
            span: Span::default(),
        };
        check_printing(&ast::File {
            items: vec![ast::Item::Member(ast::Member::Const(constant))],
        });
    }

    #[test]
    fn printing_a_file_keeps_the_tree(file in file()) {
        check_printing(&file);
    }
}
