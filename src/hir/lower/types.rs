//! Types: of parameters, whose bare names bind dimensions, and of the rest.

use super::super::{Dim, Expr, ExprKind, Referent, Res, Type, TypeKind, What, diagnostics};
use super::Lowerer;
use crate::syntax::ast;

impl Lowerer<'_> {
    /// A type whose dimensions are expressions.
    pub(super) fn ty(&mut self, ty: &ast::Type) -> Type {
        self.lower_type(ty, false)
    }

    /// The type of a parameter: a bare name that the function does not know
    /// yet binds a dimension.
    pub(super) fn param_type(&mut self, ty: &ast::Type) -> Type {
        self.lower_type(ty, true)
    }

    fn lower_type(&mut self, ty: &ast::Type, binds: bool) -> Type {
        let kind = match &ty.kind {
            ast::TypeKind::Tensor { name: None, dims } => {
                TypeKind::Tensor(dims.iter().map(|dim| self.dim(dim, binds)).collect())
            }
            ast::TypeKind::Tensor {
                name: Some(name),
                dims,
            } => match (name.name.as_str(), dims.as_slice()) {
                ("tokens", [vocab]) => TypeKind::Tokens(self.expr(vocab)),
                _ => {
                    self.diagnostics
                        .push(diagnostics::unknown_type(name.span, &name.name));
                    TypeKind::Error
                }
            },
            ast::TypeKind::Named(name) => match name.name.as_str() {
                "int" => TypeKind::Int,
                "float" => TypeKind::Float,
                "bool" => TypeKind::Bool,
                "string" => TypeKind::Text,
                "op" | "ops" => TypeKind::Op,
                "cell" => TypeKind::Cell,
                _ => {
                    self.diagnostics
                        .push(diagnostics::unknown_type(name.span, &name.name));
                    TypeKind::Error
                }
            },
        };
        Type {
            kind,
            span: ty.span,
        }
    }

    fn dim(&mut self, dim: &ast::Expr, binds: bool) -> Dim {
        if let (true, ast::ExprKind::Path(path)) = (binds, &dim.kind)
            && let [name] = path.segments.as_slice()
        {
            return match self.locals.find(&name.name) {
                Some((local, declared)) => {
                    self.refer(name.span, Referent::Declared(declared));
                    Dim::Is(Expr {
                        kind: ExprKind::Name(Res::Local(local)),
                        span: dim.span,
                    })
                }
                None => {
                    let local = self.declare_local(name, What::Dimension, name.span.end);
                    self.locals.find(&name.name); // need not be read
                    Dim::Bind(local, dim.span)
                }
            };
        }
        Dim::Is(self.expr(dim))
    }
}
