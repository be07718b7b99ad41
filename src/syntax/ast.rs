//! What was written: the syntax tree, with a span on every node and no meaning.
//!
//! Later stages never change it. Parentheses are not kept; everything else is.

use serde::Serialize;

use crate::span::Span;

/// A name with its place.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Ident {
    /// The name.
    pub name: String,
    /// Its place.
    pub span: Span,
}

/// A path, `a` or `std::vision`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Path {
    /// At least one.
    pub segments: Vec<Ident>,
    /// The whole path.
    pub span: Span,
}

/// A whole `.enas` file.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct File {
    /// In the order written.
    pub items: Vec<Item>,
}

/// What may stand at the top of a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Item {
    /// `use std::vision.{conv_bn}`
    Use(Use),
    /// `space name(..) { .. }`
    Space(Space),
    /// A declaration that may also stand inside a space.
    Member(Member),
}

impl Item {
    /// The whole declaration.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Use(usage) => usage.span,
            Self::Space(space) => space.span,
            Self::Member(member) => member.span(),
        }
    }
}

/// `use path` or `use path.{a, b}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Use {
    /// The module.
    pub module: Path,
    /// The names taken from it; empty: the module under its last segment.
    pub names: Vec<Ident>,
    /// The whole declaration.
    pub span: Span,
}

/// `space name(params) { .. }`
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Space {
    /// Its name.
    pub name: Ident,
    /// Its parameters, which `--set` changes.
    pub params: Vec<Param>,
    /// In the order written.
    pub body: Vec<SpaceItem>,
    /// The whole declaration.
    pub span: Span,
}

/// What may stand inside a space.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum SpaceItem {
    /// `input x: [..]` or `output y: [..]`
    Port(Port),
    /// A declaration.
    Member(Member),
    /// A statement of the space's own program.
    Stmt(Stmt),
}

/// Whether a port takes data in or gives it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Direction {
    /// `input`
    Input,
    /// `output`
    Output,
}

/// `input x: [ch, size, size]`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Port {
    /// In or out.
    pub direction: Direction,
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Type,
    /// The whole declaration.
    pub span: Span,
}

/// A declaration at the top of a file or inside a space.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Member {
    /// `extern op`
    Extern(ExternOp),
    /// `op`, `block` or `cell` with parameters
    Fn(Fn),
    /// `cell normal = Cell(..)`
    Cell(CellBind),
    /// `ops Layer = { .. }`
    Ops(Ops),
    /// `const N = 5`
    Const(Const),
}

impl Member {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Ident {
        match self {
            Self::Extern(decl) => &decl.name,
            Self::Fn(decl) => &decl.name,
            Self::Cell(decl) => &decl.name,
            Self::Ops(decl) => &decl.name,
            Self::Const(decl) => &decl.name,
        }
    }

    /// The whole declaration.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Extern(decl) => decl.span,
            Self::Fn(decl) => decl.span,
            Self::Cell(decl) => decl.span,
            Self::Ops(decl) => decl.span,
            Self::Const(decl) => decl.span,
        }
    }
}

/// How a function may decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum FnKind {
    /// `op`: makes no decisions.
    Op,
    /// `block`: decides at every call.
    Block,
    /// `cell`: decides once for all its instances.
    Cell,
}

/// `op name(params) -> type = expr` or `{ .. }`; likewise `block` and `cell`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fn {
    /// `op`, `block` or `cell`.
    pub kind: FnKind,
    /// Its name.
    pub name: Ident,
    /// Its parameters.
    pub params: Vec<Param>,
    /// The declared type of its result.
    pub result: Option<Type>,
    /// What it does.
    pub body: FnBody,
    /// The whole declaration.
    pub span: Span,
}

/// The body of a function.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum FnBody {
    /// `= expr`
    Expr(Expr),
    /// `{ .. return expr }`
    Block(Vec<Stmt>),
}

/// `extern op name(params) -> type cost(..)`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExternOp {
    /// Its name.
    pub name: Ident,
    /// Its parameters.
    pub params: Vec<Param>,
    /// The type of its result.
    pub result: Type,
    /// `params = .., flops = ..`
    pub cost: Vec<Arg>,
    /// The whole declaration.
    pub span: Span,
}

/// `cell normal = Cell(prior = 0.25)` or `cell m[6] = Motif`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CellBind {
    /// Its name.
    pub name: Ident,
    /// How many, for a list of cells.
    pub count: Option<Expr>,
    /// What is decided once.
    pub value: Expr,
    /// The whole declaration.
    pub span: Span,
}

/// `ops Layer = { conv3: conv(3), .. }`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ops {
    /// Its name.
    pub name: Ident,
    /// At least one.
    pub candidates: Vec<Candidate>,
    /// The whole declaration.
    pub span: Span,
}

/// `const RATIOS = [0.5, 1.0]`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Const {
    /// Its name.
    pub name: Ident,
    /// Its value.
    pub value: Expr,
    /// The whole declaration.
    pub span: Span,
}

/// A parameter, `x: [c, h, w]` or `k: int = 3`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Param {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Option<Type>,
    /// Its default.
    pub default: Option<Expr>,
    /// The whole parameter.
    pub span: Span,
}

/// A type as written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Type {
    /// Which.
    pub kind: TypeKind,
    /// Its place.
    pub span: Span,
}

/// The forms of a type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum TypeKind {
    /// `[c, h, w]`, or `tokens[vocab]` with a name before the bracket.
    Tensor {
        /// `tokens` in `tokens[vocab]`.
        name: Option<Ident>,
        /// One expression a dimension; a bare name in a parameter binds it.
        dims: Vec<Expr>,
    },
    /// `int`, `float`, `bool`, `string`, `op`, `ops`, `cell`, ..
    Named(Ident),
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Stmt {
    /// `for i in 0..n { .. }`
    For {
        /// What each element is bound to.
        pattern: Pattern,
        /// The range or list.
        iterable: Expr,
        /// What is done.
        body: Vec<Stmt>,
        /// The whole statement.
        span: Span,
    },
    /// `if c { .. } else { .. }`; `else if` is an `if` alone in `otherwise`.
    If {
        /// What is asked.
        condition: Expr,
        /// Done when it holds.
        then: Vec<Stmt>,
        /// Done when it does not.
        otherwise: Vec<Stmt>,
        /// The whole statement.
        span: Span,
    },
    /// `let p = expr`
    Let {
        /// What is bound.
        pattern: Pattern,
        /// The declared type.
        ty: Option<Type>,
        /// The value.
        value: Expr,
        /// The whole statement.
        span: Span,
    },
    /// `nodes h = [seed, ..]`
    NodesSeed {
        /// The family.
        name: Ident,
        /// The list of its first elements.
        seeds: Expr,
        /// The whole statement.
        span: Span,
    },
    /// `nodes h[l in 1..n] { .. h[l] = .. }`
    NodesFamily {
        /// The family.
        name: Ident,
        /// `l`
        index: Ident,
        /// `1..n`
        range: Expr,
        /// Defines one element.
        body: Vec<Stmt>,
        /// The whole statement.
        span: Span,
    },
    /// `require expr`
    Require {
        /// What must hold.
        condition: Expr,
        /// The whole statement.
        span: Span,
    },
    /// `return expr`
    Return {
        /// The result.
        value: Expr,
        /// The whole statement.
        span: Span,
    },
    /// `x = expr` or `h[l] = expr`
    Assign {
        /// What is bound anew.
        name: Ident,
        /// `[l]` of `h[l] = ..`
        indices: Vec<Index>,
        /// The value.
        value: Expr,
        /// The whole statement.
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

/// `x` or `(a, b)`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Pattern {
    /// One name.
    Name(Ident),
    /// Several, for a tuple.
    Tuple(Vec<Ident>, Span),
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Expr {
    /// Which.
    pub kind: ExprKind,
    /// Its place, without surrounding blanks, comments or parentheses.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum ExprKind {
    /// `3`, `10_000`, `5M`: a whole number, its unit applied.
    Int(i64),
    /// `0.5`, `1e-5`, `20%`: any other number, its unit applied.
    Float(f64),
    /// `"head"`
    Text(String),
    /// `true`
    Bool(bool),
    /// `x` or `vision::conv_bn`
    Path(Path),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `(a, b)`, two or more
    Tuple(Vec<Expr>),
    /// `for i in 0..n if c: expr`, the whole content of a list or of a call's arguments.
    Generator(Box<Generator>),
    /// `-a`, `not a`
    Unary {
        /// Which.
        op: UnaryOp,
        /// What it acts on.
        operand: Box<Expr>,
    },
    /// `a + b`
    Binary {
        /// Which.
        op: BinaryOp,
        /// Left.
        left: Box<Expr>,
        /// Right.
        right: Box<Expr>,
    },
    /// `x |> f`
    Pipe {
        /// What flows in.
        value: Box<Expr>,
        /// Where it flows.
        into: Box<Expr>,
    },
    /// `f(a, k = 3)`
    Call {
        /// What is called.
        callee: Box<Expr>,
        /// With what.
        args: Vec<Arg>,
    },
    /// `a[i]`
    Index {
        /// The list.
        base: Box<Expr>,
        /// Which part.
        index: Box<Index>,
    },
    /// `a.b`
    Field {
        /// Of what.
        base: Box<Expr>,
        /// Which.
        name: Ident,
    },
    /// `e @per(p)`
    Note {
        /// What is annotated.
        base: Box<Expr>,
        /// `per`
        name: Ident,
        /// `p`
        args: Vec<Arg>,
    },
    /// `choose { .. }`, `choose Layer`, `choose 1..=4`
    Choose(Choose),
    /// `pick 1 of h[..l]`
    Pick {
        /// How many.
        count: PickCount,
        /// From what.
        source: Box<Expr>,
    },
    /// `if c { a } else { b }`
    If {
        /// What is asked.
        condition: Box<Expr>,
        /// The value when it holds.
        then: Box<Expr>,
        /// The value when it does not.
        otherwise: Box<Expr>,
    },
    /// A place where the parser reported an error.
    Error,
}

/// `for p in xs if c: body`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Generator {
    /// What each element is bound to.
    pub pattern: Pattern,
    /// The range or list.
    pub iterable: Expr,
    /// Which elements.
    pub condition: Option<Expr>,
    /// The value for each.
    pub body: Expr,
}

/// `-` and `not`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `not`
    Not,
}

/// Infix operators but `|>`, which is [`ExprKind::Pipe`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum BinaryOp {
    /// `or`
    Or,
    /// `and`
    And,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<=`
    Le,
    /// `>=`
    Ge,
    /// `<`
    Lt,
    /// `>`
    Gt,
    /// `in`
    In,
    /// `..`
    Range,
    /// `..=`
    RangeInclusive,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
}

/// An argument, positional or by name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Arg {
    /// `k` in `k = 3`.
    pub name: Option<Ident>,
    /// The value.
    pub value: Expr,
    /// The whole argument.
    pub span: Span,
}

/// What stands between the brackets of `a[..]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Index {
    /// `a[i]`
    At(Expr),
    /// `a[..i]`, `a[..]`
    To(Option<Expr>),
    /// `a[i..]`
    From(Expr),
}

/// What `choose` chooses from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Choose {
    /// `choose { a: .., b: .. }`
    Candidates(Vec<Candidate>),
    /// `choose 1..=4`, `choose Layer`: an expression that gives a set, a list or a range.
    From(Box<Expr>),
}

/// `conv3: conv(3)` or `conv(3)`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// Its label.
    pub name: Option<Ident>,
    /// Its value.
    pub value: Expr,
    /// The whole candidate.
    pub span: Span,
}

/// How many `pick` picks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum PickCount {
    /// `any`: any subset.
    Any,
    /// `some`: any subset but the empty one.
    Some,
    /// `2`, `k`, `1..=3`: a number, or a range of numbers.
    Count(Box<Expr>),
}
