//! What a file declares, as a tree.

use std::ops::Range;

use super::Analysis;
use crate::span::Span;
use crate::syntax::ast::{self, FnKind, Item, Member, SpaceItem, Stmt};

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutlineKind {
    /// A space.
    Space,
    /// A parameter of a space.
    Setting,
    /// An input or an output.
    Port,
    /// A constant.
    Const,
    /// An `op`, a `block` or a `cell` with parameters.
    Fn,
    /// A set of candidates.
    Ops,
    /// One of them.
    Candidate,
    /// A `cell name = ..`.
    Cell,
    /// A family of nodes.
    Family,
}

/// Something declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its name.
    pub name: String,
    /// What it is, in a word of the language.
    pub detail: &'static str,
    /// What it is.
    pub kind: OutlineKind,
    /// The whole declaration.
    pub range: Range<usize>,
    /// Its name.
    pub name_range: Range<usize>,
    /// What is declared inside.
    pub children: Vec<Self>,
}

/// What the text declares, in the order written.
#[must_use]
pub fn outline(analysis: &Analysis) -> Vec<Outline> {
    let items = analysis.file.items.iter();
    items
        .filter_map(|item| match item {
            Item::Use(_) => None,
            Item::Member(decl) => Some(member(decl)),
            Item::Space(decl) => Some(space(decl)),
        })
        .collect()
}

fn entry(name: &ast::Ident, kind: OutlineKind, detail: &'static str, span: Span) -> Outline {
    Outline {
        name: name.name.clone(),
        detail,
        kind,
        range: span.range(),
        name_range: name.span.range(),
        children: Vec::new(),
    }
}

fn space(decl: &ast::Space) -> Outline {
    let mut children: Vec<Outline> = decl
        .params
        .iter()
        .map(|param| entry(&param.name, OutlineKind::Setting, "parameter", param.span))
        .collect();
    for item in &decl.body {
        match item {
            SpaceItem::Port(port) => {
                let detail = match port.direction {
                    ast::Direction::Input => "input",
                    ast::Direction::Output => "output",
                };
                children.push(entry(&port.name, OutlineKind::Port, detail, port.span));
            }
            SpaceItem::Member(decl) => children.push(member(decl)),
            SpaceItem::Stmt(stmt) => families(stmt, &mut children),
        }
    }
    Outline {
        children,
        ..entry(&decl.name, OutlineKind::Space, "space", decl.span)
    }
}

fn member(member: &Member) -> Outline {
    let (kind, detail) = match member {
        Member::Extern(_) => (OutlineKind::Fn, "extern op"),
        Member::Fn(decl) => (
            OutlineKind::Fn,
            match decl.kind {
                FnKind::Op => "op",
                FnKind::Block => "block",
                FnKind::Cell => "cell",
            },
        ),
        Member::Cell(_) => (OutlineKind::Cell, "cell"),
        Member::Ops(_) => (OutlineKind::Ops, "ops"),
        Member::Const(_) => (OutlineKind::Const, "const"),
    };
    let mut children = Vec::new();
    match member {
        Member::Fn(ast::Fn {
            body: ast::FnBody::Block(body),
            ..
        }) => {
            for stmt in body {
                families(stmt, &mut children);
            }
        }
        Member::Ops(decl) => {
            let named = decl.candidates.iter().filter_map(|candidate| {
                let name = candidate.name.as_ref()?;
                let kind = OutlineKind::Candidate;
                Some(entry(name, kind, "candidate", candidate.span))
            });
            children.extend(named);
        }
        _ => {}
    }
    Outline {
        children,
        ..entry(member.name(), kind, detail, member.span())
    }
}

/// The families of nodes that a statement declares or extends.
fn families(stmt: &Stmt, out: &mut Vec<Outline>) {
    match stmt {
        Stmt::NodesSeed { name, span, .. } => {
            out.push(entry(name, OutlineKind::Family, "nodes", *span));
        }
        Stmt::NodesFamily { body, .. } | Stmt::For { body, .. } => {
            for stmt in body {
                families(stmt, out);
            }
        }
        Stmt::If {
            then, otherwise, ..
        } => {
            for stmt in then.iter().chain(otherwise) {
                families(stmt, out);
            }
        }
        _ => {}
    }
}
