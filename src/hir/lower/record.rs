//! What names refer to, kept for editors while names are resolved.

use std::collections::HashMap;

use super::super::{Declaration, LocalId, Referent, Use, What, diagnostics};
use super::{Lowerer, Place};
use crate::span::Span;
use crate::syntax::ast;

impl Lowerer<'_> {
    pub(super) fn record(&mut self, span: Span, what: What, visible: Span) {
        self.names.declarations.insert(Declaration {
            span,
            what,
            visible,
        });
    }

    pub(super) fn record_member(&mut self, member: &ast::Member, visible: Span) {
        let what = match member {
            ast::Member::Extern(_) => What::Fn(ast::FnKind::Op),
            ast::Member::Fn(decl) => What::Fn(decl.kind),
            ast::Member::Ops(_) => What::Ops,
            ast::Member::Cell(_) => What::Cell,
            ast::Member::Const(_) => What::Const,
        };
        self.record(member.name().span, what, visible);
    }

    pub(super) fn refer(&mut self, span: Span, to: Referent) {
        self.names.uses.insert(Use { span, to });
    }

    /// Declares a local that can be used from the byte `from` on, to the end of the
    /// innermost scope.
    pub(super) fn declare_local(&mut self, name: &ast::Ident, what: What, from: u32) -> LocalId {
        let end = self.extents.last().map_or(from, |extent| extent.end);
        let visible = Span {
            start: from,
            end,
            ..name.span
        };
        self.record(name.span, what, visible);
        let (id, hidden) = self.locals.declare(&name.name, name.span, what);
        let hidden = match hidden {
            Some((What::Family, span)) => Some(("the node family", span)),
            Some((What::Dimension, span)) => Some(("the dimension", span)),
            _ => None,
        };
        if let Some((of, first)) = hidden.filter(|_| !matches!(self.place, Place::Module(_))) {
            let warning = diagnostics::shadows(name.span, &name.name, of, first);
            self.diagnostics.push(warning);
        }
        id
    }

    /// Opens a scope of locals; `extent` is its text.
    pub(super) fn open(&mut self, extent: Span) {
        self.locals.open();
        self.extents.push(extent);
    }

    pub(super) fn close(&mut self) {
        self.locals.close();
        self.extents.pop();
    }

    /// Refers the arguments by name of calls to the parameters of what they call,
    /// which are all known at the end.
    pub(super) fn refer_arguments(&mut self) {
        for (function, name) in std::mem::take(&mut self.named_args) {
            let params = self.fns.get(function.index());
            let mut params = params.into_iter().flat_map(|function| &function.params);
            let param = params.find(|param| param.name.name == name.name);
            if let Some(to) = param.map(|param| Referent::Declared(param.name.span)) {
                self.refer(name.span, to);
            }
        }
    }

    /// Where the present declaration writes to some of its locals.
    pub(super) fn writes(&self, locals: &[(String, Span)]) -> HashMap<Span, Vec<Span>> {
        let mut places: HashMap<Span, Vec<Span>> =
            locals.iter().map(|(_, span)| (*span, Vec::new())).collect();
        let uses = self.names.uses.get_range(self.frame_start..);
        for used in uses.into_iter().flatten() {
            if let Referent::Declared(span) = used.to
                && let Some(places) = places.get_mut(&span)
            {
                places.push(used.span);
            }
        }
        places
    }
}

/// All of the file that something lies in.
pub(super) fn everywhere(span: Span) -> Span {
    Span {
        start: 0,
        end: u32::MAX,
        ..span
    }
}
