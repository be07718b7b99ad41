//! Tree to text: which tokens a tree consists of; [`super::format`] lays them out.
//!
//! Reading what is printed gives the same tree again, but for spans; parentheses
//! stand where the precedence of operators needs them, and where a reader does.
//! Comments and line breaks are not in the tree, so they are not in the text.

use super::ast::{
    Arg, BinaryOp, Candidate, Choose, Direction, Expr, ExprKind, File, Fn, FnBody, FnKind,
    Generator, Ident, Index, Item, Member, Param, Path, Pattern, PickCount, SpaceItem, Stmt, Type,
    TypeKind,
};
use super::format;
use super::operators::Level;

/// A file as text. With errors in the tree, for which there is no text, it is not
/// laid out.
#[must_use]
pub fn print(file: &File) -> String {
    let mut printer = Printer::default();
    let mut previous = None;
    for item in &file.items {
        // Imports, and constants, stand together; a blank line parts all else.
        let group = match item {
            Item::Use(_) => Some("use"),
            Item::Member(Member::Const(_)) => Some("const"),
            _ => None,
        };
        if previous.is_some_and(|before| before != group || group.is_none()) {
            printer.out.push_str("\n\n");
        }
        previous = Some(group);
        printer.item(item);
    }
    format::text(&printer.out).unwrap_or(printer.out)
}

#[derive(Default)]
struct Printer {
    out: String,
}

impl Printer {
    /// One token, and a blank.
    fn push(&mut self, token: &str) {
        self.out.push_str(token);
        self.out.push(' ');
    }

    /// Parts in braces.
    fn block<T>(&mut self, parts: &[T], part: impl std::ops::Fn(&mut Self, &T)) {
        self.push("{");
        for each in parts {
            part(self, each);
        }
        self.push("}");
    }

    /// Parts with commas between them.
    fn list<T>(&mut self, parts: &[T], part: impl std::ops::Fn(&mut Self, &T)) {
        for (nth, each) in parts.iter().enumerate() {
            if nth > 0 {
                self.push(",");
            }
            part(self, each);
        }
    }

    fn ident(&mut self, ident: &Ident) {
        self.push(&ident.name);
    }

    fn path(&mut self, path: &Path) {
        let segments: Vec<_> = path.segments.iter().map(|name| &*name.name).collect();
        self.push(&segments.join("::"));
    }

    // ---------------------------------------------------------- declarations

    fn item(&mut self, item: &Item) {
        match item {
            Item::Use(item) => {
                self.push("use");
                self.path(&item.module);
                if !item.names.is_empty() {
                    self.push(".{");
                    self.list(&item.names, Self::ident);
                    self.push("}");
                }
            }
            Item::Space(space) => {
                self.push("space");
                self.ident(&space.name);
                if !space.params.is_empty() {
                    self.params(&space.params);
                }
                self.block(&space.body, |printer, item| match item {
                    SpaceItem::Port(port) => {
                        printer.push(match port.direction {
                            Direction::Input => "input",
                            Direction::Output => "output",
                        });
                        printer.ident(&port.name);
                        printer.push(":");
                        printer.ty(&port.ty);
                    }
                    SpaceItem::Member(member) => printer.member(member),
                    SpaceItem::Stmt(stmt) => printer.stmt(stmt),
                });
            }
            Item::Member(member) => self.member(member),
        }
    }

    fn member(&mut self, member: &Member) {
        match member {
            Member::Extern(item) => {
                self.push("extern op");
                self.ident(&item.name);
                self.params(&item.params);
                self.push("->");
                self.ty(&item.result);
                self.push("cost(");
                self.list(&item.cost, Self::arg);
                self.push(")");
            }
            Member::Fn(function) => self.function(function),
            Member::Cell(cell) => {
                self.push("cell");
                self.ident(&cell.name);
                if let Some(count) = &cell.count {
                    self.push("[");
                    self.expr(count);
                    self.push("]");
                }
                self.push("=");
                self.expr(&cell.value);
            }
            Member::Ops(ops) => {
                self.push("ops");
                self.ident(&ops.name);
                self.push("=");
                self.candidates(&ops.candidates);
            }
            Member::Const(constant) => {
                self.push("const");
                self.ident(&constant.name);
                self.push("=");
                self.expr(&constant.value);
            }
        }
    }

    fn function(&mut self, function: &Fn) {
        self.push(match function.kind {
            FnKind::Op => "op",
            FnKind::Block => "block",
            FnKind::Cell => "cell",
        });
        self.ident(&function.name);
        self.params(&function.params);
        if let Some(result) = &function.result {
            self.push("->");
            self.ty(result);
        }
        match &function.body {
            FnBody::Expr(value) => {
                self.push("=");
                self.expr(value);
            }
            FnBody::Block(body) => {
                self.block(body, Self::stmt);
            }
        }
    }

    fn params(&mut self, params: &[Param]) {
        self.push("(");
        self.list(params, |printer, param| {
            printer.ident(&param.name);
            if let Some(ty) = &param.ty {
                printer.push(":");
                printer.ty(ty);
            }
            if let Some(default) = &param.default {
                printer.push("=");
                printer.expr(default);
            }
        });
        self.push(")");
    }

    fn ty(&mut self, ty: &Type) {
        match &ty.kind {
            TypeKind::Tensor { name, dims } => {
                if let Some(name) = name {
                    self.ident(name);
                }
                self.push("[");
                self.list(dims, Self::expr);
                self.push("]");
            }
            TypeKind::Named(name) => self.ident(name),
        }
    }

    // ------------------------------------------------------------ statements

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::For {
                pattern,
                iterable,
                body,
                ..
            } => {
                self.push("for");
                self.pattern(pattern);
                self.push("in");
                self.expr(iterable);
                self.block(body, Self::stmt);
            }
            Stmt::If { .. } => self.if_stmt(stmt),
            Stmt::Let {
                pattern, ty, value, ..
            } => {
                self.push("let");
                self.pattern(pattern);
                if let Some(ty) = ty {
                    self.push(":");
                    self.ty(ty);
                }
                self.push("=");
                self.expr(value);
            }
            Stmt::NodesSeed { name, seeds, .. } => {
                self.push("nodes");
                self.ident(name);
                self.push("=");
                self.expr(seeds);
            }
            Stmt::NodesFamily {
                name,
                index,
                range,
                body,
                ..
            } => {
                self.push("nodes");
                self.ident(name);
                self.push("[");
                self.ident(index);
                self.push("in");
                self.expr(range);
                self.push("]");
                self.block(body, Self::stmt);
            }
            Stmt::Require { condition, .. } => {
                self.push("require");
                self.expr(condition);
            }
            Stmt::Return { value, .. } => {
                self.push("return");
                self.expr(value);
            }
            Stmt::Assign {
                name,
                indices,
                value,
                ..
            } => {
                self.ident(name);
                for index in indices {
                    self.index(index);
                }
                self.push("=");
                self.expr(value);
            }
        }
    }

    /// An `if` and the `else if`s that hang on it.
    fn if_stmt(&mut self, stmt: &Stmt) {
        let mut arm = stmt;
        while let Stmt::If {
            condition,
            then,
            otherwise,
            ..
        } = arm
        {
            self.push("if");
            self.expr(condition);
            self.block(then, Self::stmt);
            match otherwise.as_slice() {
                [] => return,
                [next @ Stmt::If { .. }] => {
                    self.push("else");
                    arm = next;
                }
                body => {
                    self.push("else");
                    return self.block(body, Self::stmt);
                }
            }
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Name(name) => self.ident(name),
            Pattern::Tuple(names, _) => {
                self.push("(");
                self.list(names, Self::ident);
                self.push(")");
            }
        }
    }

    // ----------------------------------------------------------- expressions

    /// An expression where anything may stand.
    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            // The parser reads no signs, but later stages may print what they
            // computed.
            ExprKind::Int(value) => self.push(&value.to_string()),
            ExprKind::Float(value) => self.push(&format!("{value:?}")),
            ExprKind::Text(text) => self.push(&format!("\"{text}\"")),
            ExprKind::Bool(value) => self.push(if *value { "true" } else { "false" }),
            ExprKind::Path(path) => self.path(path),
            ExprKind::List(elements) => {
                self.push("[");
                self.list(elements, Self::expr);
                self.push("]");
            }
            ExprKind::Tuple(elements) => {
                self.push("(");
                self.list(elements, Self::expr);
                self.push(")");
            }
            ExprKind::Generator(generator) => self.generator(generator),
            ExprKind::Unary { op, operand } => {
                self.push(op.symbol());
                self.operand(operand, op.level());
            }
            ExprKind::Binary { op, left, right } => self.binary(*op, left, right),
            ExprKind::Pipe { value, into } => {
                self.operand(value, Level::Pipe);
                self.push("|>");
                self.operand(into, Level::Pipe.tighter());
            }
            ExprKind::Call { callee, args } => {
                self.base(callee);
                self.push("(");
                self.list(args, Self::arg);
                self.push(")");
            }
            ExprKind::Index { base, index } => {
                self.base(base);
                self.index(index);
            }
            ExprKind::Field { base, name } => {
                self.base(base);
                self.push(".");
                self.ident(name);
            }
            ExprKind::Note { base, name, args } => {
                self.operand(base, Level::Postfix);
                self.push("@");
                self.ident(name);
                if !args.is_empty() {
                    self.push("(");
                    self.list(args, Self::arg);
                    self.push(")");
                }
            }
            ExprKind::Choose(choose) => self.choose(choose),
            ExprKind::Pick { count, source } => self.pick(count, source),
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => self.if_expr(condition, then, otherwise),
            ExprKind::Error => self.push("<error>"),
        }
    }

    fn parens(&mut self, expr: &Expr) {
        self.push("(");
        self.expr(expr);
        self.push(")");
    }

    /// An expression beside an operator that needs at least `level` there.
    fn operand(&mut self, expr: &Expr, level: Level) {
        // `if a { b } else { c } + 1` could be read, but not by people.
        let is_if = matches!(expr.kind, ExprKind::If { .. });
        if is_if || level_of(expr) < level {
            self.parens(expr);
        } else {
            self.expr(expr);
        }
    }

    /// What a call, an index or a field belongs to.
    fn base(&mut self, expr: &Expr) {
        // Behind an annotation the parentheses would be its own; an index behind
        // `pick` would be part of what is picked from.
        if matches!(expr.kind, ExprKind::Note { .. } | ExprKind::Pick { .. }) {
            self.parens(expr);
        } else {
            self.operand(expr, Level::Postfix);
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr) {
        let level = op.level();
        let left_level = if level.never_chains() {
            level.tighter()
        } else {
            level
        };
        // `choose a` before `..` would choose from the range.
        if level == Level::Range && ends_in_choice(left) {
            self.parens(left);
        } else {
            self.operand(left, left_level);
        }
        self.push(op.symbol());
        self.operand(right, level.tighter());
    }

    fn index(&mut self, index: &Index) {
        self.push("[");
        match index {
            Index::At(at) => self.expr(at),
            Index::To(None) => self.push(".."),
            Index::To(Some(end)) => {
                self.push("..");
                self.operand(end, Level::Range.tighter());
            }
            Index::From(start) => {
                self.operand(start, Level::Range.tighter());
                self.push("..");
            }
        }
        self.push("]");
    }

    fn arg(&mut self, arg: &Arg) {
        if let Some(name) = &arg.name {
            self.ident(name);
            self.push("=");
        }
        self.expr(&arg.value);
    }

    fn generator(&mut self, generator: &Generator) {
        self.push("for");
        self.pattern(&generator.pattern);
        self.push("in");
        self.expr(&generator.iterable);
        if let Some(condition) = &generator.condition {
            self.push("if");
            self.expr(condition);
        }
        self.push(":");
        self.expr(&generator.body);
    }

    fn candidates(&mut self, candidates: &[Candidate]) {
        self.push("{");
        self.list(candidates, |printer, candidate| {
            if let Some(name) = &candidate.name {
                printer.ident(name);
                printer.push(":");
            }
            printer.expr(&candidate.value);
        });
        self.push("}");
    }

    fn choose(&mut self, choose: &Choose) {
        self.push("choose");
        match choose {
            Choose::Candidates(candidates) => self.candidates(candidates),
            Choose::From(from) => self.source(from),
        }
    }

    fn pick(&mut self, count: &PickCount, source: &Expr) {
        self.push("pick");
        match count {
            PickCount::Any => self.push("any"),
            PickCount::Some => self.push("some"),
            PickCount::Count(count) if is_simple(count) || is_simple_range(count) => {
                self.expr(count);
            }
            PickCount::Count(count) => self.parens(count),
        }
        self.push("of");
        self.picked(source);
    }

    /// What is picked from: indices and fields need no parentheses.
    fn picked(&mut self, source: &Expr) {
        match &source.kind {
            ExprKind::Index { base, index } => {
                self.picked_base(base);
                self.index(index);
            }
            ExprKind::Field { base, name } => {
                self.picked_base(base);
                self.push(".");
                self.ident(name);
            }
            _ => self.source(source),
        }
    }

    fn picked_base(&mut self, base: &Expr) {
        match &base.kind {
            ExprKind::Binary { .. } => self.parens(base),
            _ => self.picked(base),
        }
    }

    /// What is chosen or picked from: a name, a list, a range, or parentheses.
    fn source(&mut self, source: &Expr) {
        let is_bare = match &source.kind {
            ExprKind::Path(_) | ExprKind::List(_) | ExprKind::Tuple(_) => true,
            _ => is_simple_range(source),
        };
        if is_bare {
            self.expr(source);
        } else {
            self.parens(source);
        }
    }

    /// An `if` and the `else if`s that hang on it.
    fn if_expr(&mut self, condition: &Expr, then: &Expr, otherwise: &Expr) {
        let (mut condition, mut then, mut otherwise) = (condition, then, otherwise);
        loop {
            self.push("if");
            self.expr(condition);
            self.push("{");
            self.expr(then);
            self.push("} else");
            let ExprKind::If {
                condition: next_condition,
                then: next_then,
                otherwise: next_otherwise,
            } = &otherwise.kind
            else {
                break;
            };
            (condition, then, otherwise) = (next_condition, next_then, next_otherwise);
        }
        self.push("{");
        self.expr(otherwise);
        self.push("}");
    }
}

/// How tightly the outermost operator of an expression binds.
fn level_of(expr: &Expr) -> Level {
    match &expr.kind {
        ExprKind::Unary { op, .. } => op.level(),
        ExprKind::Binary { op, .. } => op.level(),
        ExprKind::Pipe { .. } => Level::Pipe,
        ExprKind::Int(value) if *value < 0 => Level::Sign,
        ExprKind::Float(value) if *value < 0.0 => Level::Sign,
        ExprKind::Call { .. }
        | ExprKind::Index { .. }
        | ExprKind::Field { .. }
        | ExprKind::Note { .. } => Level::Postfix,
        _ => Level::Primary,
    }
}

/// A number or a name, which may stand in a range behind `choose` or `pick`.
fn is_simple(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Int(value) => *value >= 0,
        ExprKind::Float(value) => *value >= 0.0,
        // Behind `pick` these words are counts.
        ExprKind::Path(path) => path
            .segments
            .first()
            .is_some_and(|first| !matches!(first.name.as_str(), "any" | "some")),
        _ => false,
    }
}

fn is_simple_range(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Binary { op, left, right } => {
            op.level() == Level::Range && is_simple(left) && is_simple(right)
        }
        _ => false,
    }
}

/// Whether the text of an expression ends in `choose name` or `pick .. of name`.
fn ends_in_choice(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Choose(Choose::From(from)) => matches!(from.kind, ExprKind::Path(_)),
        ExprKind::Pick { source, .. } => matches!(source.kind, ExprKind::Path(_)),
        ExprKind::Unary { operand, .. } => ends_in_choice(operand),
        ExprKind::Binary { right, .. } => ends_in_choice(right),
        _ => false,
    }
}
