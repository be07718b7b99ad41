//! Declarations.

use super::Rule;
use super::builder::Builder;
use super::pairs::{self, Pair, Parts, has, parts};
use super::trap::Slot;
use crate::span::Span;
use crate::syntax::ast;

impl Builder<'_, '_, '_> {
    pub fn item(&mut self, pair: Pair<'_>) -> Option<ast::Item> {
        match pair.as_rule() {
            Rule::use_decl => self.use_decl(pair).map(ast::Item::Use),
            Rule::space_decl => self.space_decl(pair).map(ast::Item::Space),
            _ => self.member(pair).map(ast::Item::Member),
        }
    }

    fn member(&mut self, pair: Pair<'_>) -> Option<ast::Member> {
        match pair.as_rule() {
            Rule::extern_op => self.extern_op(pair).map(ast::Member::Extern),
            Rule::fn_decl => self.fn_decl(pair).map(ast::Member::Fn),
            Rule::cell_bind => self.cell_bind(pair).map(ast::Member::Cell),
            Rule::ops_decl => self.ops_decl(pair).map(ast::Member::Ops),
            Rule::const_decl => self.const_decl(pair).map(ast::Member::Const),
            _ => None,
        }
    }

    fn use_decl(&mut self, pair: Pair<'_>) -> Option<ast::Use> {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        Some(ast::Use {
            module: self.path(parts.one(Rule::path)?),
            names: parts.map(|name| self.ident(&name)).collect(),
            span,
        })
    }

    fn space_decl(&mut self, pair: Pair<'_>) -> Option<ast::Space> {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        let name = self.ident(&parts.one(Rule::ident)?);
        let params = self.params(&mut parts, span);
        if let Some(bad) = parts.one(Rule::bad_head) {
            self.trap(&bad, Slot::SpaceHead, Some(span.start as usize));
        }
        let body = parts.one(Rule::space_body)?;
        let body = self.nested(1, span, |builder| Some(builder.space_body(body)))?;
        Some(ast::Space {
            name,
            params,
            body,
            span,
        })
    }

    fn space_body(&mut self, pair: Pair<'_>) -> Vec<ast::SpaceItem> {
        let mut body = Vec::new();
        let mut previous = None;
        for part in parts(pair) {
            let start = part.as_span().start();
            if part.as_rule() == Rule::bad_member {
                self.trap(&part, Slot::SpaceItem, previous);
            } else {
                body.extend(self.or_report(&part, |builder, part| builder.space_item(part)));
            }
            previous = Some(start);
        }
        body
    }

    fn space_item(&mut self, pair: Pair<'_>) -> Option<ast::SpaceItem> {
        match pair.as_rule() {
            Rule::port => self.port(pair).map(ast::SpaceItem::Port),
            Rule::extern_op
            | Rule::fn_decl
            | Rule::cell_bind
            | Rule::ops_decl
            | Rule::const_decl => self.member(pair).map(ast::SpaceItem::Member),
            _ => self.stmt(pair).map(ast::SpaceItem::Stmt),
        }
    }

    fn port(&mut self, pair: Pair<'_>) -> Option<ast::Port> {
        let span = self.span(&pair);
        let direction = if has(&pair, Rule::k_input) {
            ast::Direction::Input
        } else {
            ast::Direction::Output
        };
        let mut parts = parts(pair);
        Some(ast::Port {
            direction,
            name: self.ident(&parts.one(Rule::ident)?),
            ty: self.ty(parts.one(Rule::ty)?)?,
            span,
        })
    }

    fn fn_decl(&mut self, pair: Pair<'_>) -> Option<ast::Fn> {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        let kind = match parts.one(Rule::fn_kind)?.as_str() {
            "op" => ast::FnKind::Op,
            "block" => ast::FnKind::Block,
            _ => ast::FnKind::Cell,
        };
        let name = self.ident(&parts.one(Rule::ident)?);
        let params = self.params(&mut parts, span);
        if let Some(bad) = parts.one(Rule::bad_fn_head) {
            self.trap(&bad, Slot::FnRest, Some(span.start as usize));
            self.body(parts.one(Rule::body)?);
            return None;
        }
        let mut parts = pairs::parts(parts.one(Rule::fn_rest)?);
        let result = match parts.one(Rule::ty) {
            Some(ty) => Some(self.ty(ty)?),
            None => None,
        };
        let body = if let Some(body) = parts.one(Rule::body) {
            ast::FnBody::Block(self.nested(1, span, |builder| Some(builder.body(body)))?)
        } else {
            ast::FnBody::Expr(self.expr(parts.one(Rule::expr)?))
        };
        Some(ast::Fn {
            kind,
            name,
            params,
            result,
            body,
            span,
        })
    }

    fn extern_op(&mut self, pair: Pair<'_>) -> Option<ast::ExternOp> {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        Some(ast::ExternOp {
            name: self.ident(&parts.one(Rule::ident)?),
            params: self.params(&mut parts, span),
            result: self.ty(parts.one(Rule::ty)?)?,
            cost: self.args(parts.one(Rule::cost)?),
            span,
        })
    }

    fn cell_bind(&mut self, pair: Pair<'_>) -> Option<ast::CellBind> {
        let span = self.span(&pair);
        let mut outer = parts(pair);
        let name = self.ident(&outer.one(Rule::ident)?);
        let count = match outer.one(Rule::cell_count) {
            Some(count) => Some(self.expr(parts(count).one(Rule::expr)?)),
            None => None,
        };
        Some(ast::CellBind {
            name,
            count,
            value: self.expr(outer.one(Rule::expr)?),
            span,
        })
    }

    fn ops_decl(&mut self, pair: Pair<'_>) -> Option<ast::Ops> {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        Some(ast::Ops {
            name: self.ident(&parts.one(Rule::ident)?),
            candidates: self.candidates(parts.one(Rule::cands)?),
            span,
        })
    }

    fn const_decl(&mut self, pair: Pair<'_>) -> Option<ast::Const> {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        Some(ast::Const {
            name: self.ident(&parts.one(Rule::ident)?),
            value: self.expr(parts.one(Rule::expr)?),
            span,
        })
    }

    /// Parameters, if they come next.
    fn params(&mut self, outer: &mut Parts<'_>, declaration: Span) -> Vec<ast::Param> {
        if let Some(bad) = outer.one(Rule::bad_params) {
            self.trap(&bad, Slot::Params, Some(declaration.start as usize));
            return Vec::new();
        }
        let Some(params) = outer.one(Rule::params) else {
            return Vec::new();
        };
        parts(params)
            .filter_map(|param| self.or_report(&param, |builder, param| builder.param(param)))
            .collect()
    }

    fn param(&mut self, pair: Pair<'_>) -> Option<ast::Param> {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        let name = self.ident(&parts.one(Rule::ident)?);
        let ty = match parts.one(Rule::ty) {
            Some(ty) => Some(self.ty(ty)?),
            None => None,
        };
        let default = parts.one(Rule::expr).map(|default| self.expr(default));
        Some(ast::Param {
            name,
            ty,
            default,
            span,
        })
    }

    pub fn ty(&mut self, pair: Pair<'_>) -> Option<ast::Type> {
        let span = self.span(&pair);
        let inner = parts(pair).next()?;
        let tensor = inner.as_rule() == Rule::tensor_ty;
        let mut parts = parts(inner);
        let kind = if tensor {
            ast::TypeKind::Tensor {
                name: parts.one(Rule::ident).map(|name| self.ident(&name)),
                dims: parts.map(|dim| self.expr(dim)).collect(),
            }
        } else {
            ast::TypeKind::Named(self.ident(&parts.next()?))
        };
        Some(ast::Type { kind, span })
    }
}
