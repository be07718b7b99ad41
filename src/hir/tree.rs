//! The resolved tree.

use crate::decision::id;
use crate::diagnostic::Diagnostic;
use crate::span::Span;
use crate::syntax::ast;

use super::{Builtin, Names};

id!(
    /// A slot of a function's frame, or of the space's own.
    LocalId
);
id!(
    /// A function of a [`Space`].
    FnId
);
id!(
    /// A set of candidates of a [`Space`].
    OpsId
);
id!(
    /// A `cell name = ..` of a [`Space`].
    CellId
);
id!(
    /// A constant of a [`Space`].
    ConstId
);
id!(
    /// A parameter of the space itself, which `--set` changes.
    SettingId
);

/// What a name refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Res {
    /// A local of the enclosing function or space.
    Local(LocalId),
    /// A parameter of the space.
    Setting(SettingId),
    /// A constant.
    Const(ConstId),
    /// An `op`, `block` or `cell` with parameters.
    Fn(FnId),
    /// A set of candidates.
    Ops(OpsId),
    /// A `cell name = ..`.
    Cell(CellId),
    /// A primitive or a function of the language.
    Builtin(Builtin),
    /// A word that some argument takes, as in `pad = same`.
    Word(&'static str),
}

/// A space with all that it uses.
#[derive(Clone, Debug)]
pub struct Space {
    /// Its name.
    pub name: ast::Ident,
    /// Its parameters, by [`SettingId`].
    pub settings: Vec<Param>,
    /// Inputs and outputs in the order declared.
    pub ports: Vec<Port>,
    /// Its program.
    pub body: Vec<Stmt>,
    /// How many slots its own frame has.
    pub n_locals: usize,
    /// By [`FnId`].
    pub fns: Vec<Fn>,
    /// By [`OpsId`].
    pub ops: Vec<Ops>,
    /// By [`CellId`].
    pub cells: Vec<CellBind>,
    /// By [`ConstId`].
    pub consts: Vec<Const>,
    /// The head of the declaration.
    pub span: Span,
    /// Warnings about items of the file that this space does not use; another
    /// space of the file may.
    pub unused: Vec<Diagnostic>,
    /// What every name refers to, in the file and in the modules that it uses.
    pub names: Names,
}

/// An input or output.
#[derive(Clone, Debug)]
pub struct Port {
    /// In or out.
    pub direction: ast::Direction,
    /// Its name.
    pub name: ast::Ident,
    /// Its slot.
    pub local: LocalId,
    /// Its type; all dimensions are expressions.
    pub ty: Type,
}

/// A function: `op`, `block` or `cell`.
#[derive(Clone, Debug)]
pub struct Fn {
    /// How it may decide.
    pub kind: ast::FnKind,
    /// Its name.
    pub name: ast::Ident,
    /// Its parameters.
    pub params: Vec<Param>,
    /// The declared type of its result.
    pub result: Option<Type>,
    /// What it does.
    pub body: FnBody,
    /// How many slots its frame has.
    pub n_locals: usize,
}

/// The body of a function.
#[derive(Clone, Debug)]
pub enum FnBody {
    /// `= expr`
    Expr(Expr),
    /// `{ .. }`
    Block(Vec<Stmt>),
    /// Of an `extern op`: the metrics of its cost, by name.
    Extern(Vec<(ast::Ident, Expr)>),
}

/// `ops Layer = { .. }`
#[derive(Clone, Debug)]
pub struct Ops {
    /// Its name.
    pub name: ast::Ident,
    /// Its candidates, all named.
    pub candidates: Vec<Candidate>,
}

/// `cell normal = Cell(..)`
#[derive(Clone, Debug)]
pub struct CellBind {
    /// Its name.
    pub name: ast::Ident,
    /// How many, for a list of cells.
    pub count: Option<Expr>,
    /// What is decided once.
    pub value: Expr,
}

/// `const N = ..`
#[derive(Clone, Debug)]
pub struct Const {
    /// Its name.
    pub name: ast::Ident,
    /// Its value.
    pub value: Expr,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: ast::Ident,
    /// Its slot; unused for a parameter of the space.
    pub local: LocalId,
    /// Its type.
    pub ty: Option<Type>,
    /// Its default, which may read earlier parameters and dimensions.
    pub default: Option<Expr>,
}

/// A type.
#[derive(Clone, Debug)]
pub struct Type {
    /// Which.
    pub kind: TypeKind,
    /// Its place.
    pub span: Span,
}

/// The forms of a type.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// `[c, h, w]`
    Tensor(Vec<Dim>),
    /// `tokens[vocab]`
    Tokens(Expr),
    /// `int`
    Int,
    /// `float`
    Float,
    /// `bool`
    Bool,
    /// `string`
    Text,
    /// `op`, or a set of candidates
    Op,
    /// `cell`
    Cell,
    /// One that was reported.
    Error,
}

/// A dimension of a tensor type.
#[derive(Clone, Debug)]
pub enum Dim {
    /// A bare name of a parameter's type: binds on first use.
    Bind(LocalId, Span),
    /// Anything else: is checked.
    Is(Expr),
}

/// A statement.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "fields as in ast::Stmt, names resolved")]
pub enum Stmt {
    For {
        pattern: Pattern,
        iterable: Expr,
        body: Vec<Stmt>,
        span: Span,
    },
    If {
        condition: Expr,
        then: Vec<Stmt>,
        otherwise: Vec<Stmt>,
        span: Span,
    },
    Let {
        pattern: Pattern,
        ty: Option<Type>,
        value: Expr,
        span: Span,
    },
    NodesSeed {
        local: LocalId,
        name: ast::Ident,
        seeds: Expr,
        span: Span,
    },
    NodesFamily {
        local: LocalId,
        name: ast::Ident,
        index: LocalId,
        range: Expr,
        body: Vec<Stmt>,
        span: Span,
    },
    Require {
        condition: Expr,
        span: Span,
    },
    Return {
        value: Expr,
        span: Span,
    },
    Assign {
        local: LocalId,
        name: ast::Ident,
        indices: Vec<Index>,
        value: Expr,
        span: Span,
    },
}

impl Stmt {
    /// The whole statement.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::For { span, .. }
            | Self::If { span, .. }
            | Self::Let { span, .. }
            | Self::NodesSeed { span, .. }
            | Self::NodesFamily { span, .. }
            | Self::Require { span, .. }
            | Self::Return { span, .. }
            | Self::Assign { span, .. } => *span,
        }
    }
}

/// What a loop, a `let` or a comprehension binds.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// One name.
    Name(LocalId, ast::Ident),
    /// The parts of a tuple.
    Tuple(Vec<(LocalId, ast::Ident)>, Span),
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Which.
    pub kind: ExprKind,
    /// Its place; also the identity of a call site.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "as in ast::ExprKind, names resolved")]
pub enum ExprKind {
    Int(i64),
    Float(f64),
    Text(String),
    Bool(bool),
    Name(Res),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Generator(Box<Generator>),
    Unary {
        op: ast::UnaryOp,
        operand: Box<Expr>,
    },
    Binary {
        op: ast::BinaryOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    Pipe {
        value: Box<Expr>,
        into: Box<Expr>,
    },
    Call {
        callee: Box<Expr>,
        args: Vec<Arg>,
    },
    Index {
        base: Box<Expr>,
        index: Box<Index>,
    },
    Choose(Box<Choose>),
    Pick(Box<Pick>),
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    /// `e @per(d, ..)`: adds decisions to the parameter keys inside `e`.
    Per {
        base: Box<Expr>,
        args: Vec<Expr>,
    },
    /// `call @tie(e)`: the call uses the matrix of the call that made `e`.
    Tie {
        base: Box<Expr>,
        to: Box<Expr>,
    },
    Error,
}

/// `for p in xs if c: body`
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "as in ast::Generator")]
pub struct Generator {
    pub pattern: Pattern,
    pub iterable: Expr,
    pub condition: Option<Expr>,
    pub body: Expr,
}

/// An argument.
#[derive(Clone, Debug)]
pub struct Arg {
    /// By name, or by place.
    pub name: Option<ast::Ident>,
    /// The value.
    pub value: Expr,
}

/// What stands between the brackets of `a[..]`.
#[derive(Clone, Debug)]
pub enum Index {
    /// `a[i]`
    At(Expr),
    /// `a[..i]`, `a[..]`
    To(Option<Expr>),
    /// `a[i..]`
    From(Expr),
}

/// `choose ..`
#[derive(Clone, Debug)]
pub struct Choose {
    /// Written in place, or a set that a name gives.
    pub from: Result<Vec<Candidate>, Expr>,
    /// For the controller.
    pub hints: HintExprs,
}

/// One candidate of a choice.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its label, written or made from its value.
    pub name: String,
    /// Its value.
    pub value: Expr,
    /// The whole candidate.
    pub span: Span,
}

/// `pick ..`
#[derive(Clone, Debug)]
pub struct Pick {
    /// How many.
    pub count: PickCount,
    /// From what.
    pub source: Expr,
    /// Whether what it picks is a set.
    pub order: PickOrder,
    /// For the controller.
    pub hints: HintExprs,
}

/// How the elements that a `pick` picks stand to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PickOrder {
    /// A set, each at most once, in the order of the list.
    #[default]
    Set,
    /// `@ordered`: in the order picked, each at most once.
    Ordered,
    /// `@repeat`: in the order picked, each as often as may be.
    Repeat,
}

/// How many `pick` picks.
#[derive(Clone, Debug)]
pub enum PickCount {
    /// Any subset.
    Any,
    /// Any subset but the empty one.
    Some,
    /// A number, or a range of numbers.
    Count(Expr),
}

/// `@near(s) @rate(r) @bias(candidate = x)`
#[derive(Clone, Debug, Default)]
pub struct HintExprs {
    /// `@near(s)`
    pub near: Option<Expr>,
    /// `@rate(r)`
    pub rate: Option<Expr>,
    /// `@bias(candidate = x)`
    pub bias: Vec<(ast::Ident, Expr)>,
}
