//! Stage 2: what a file means. Names are resolved, annotations sorted out.
//!
//! In: an [`ast::File`] and the shipped library. Out: one [`Space`] with all
//! that it uses. Values, kinds and shapes come with the next stage, `unroll`,
//! which runs the program that this tree is.
//!
//! Invariant: when `lower` reported no error, every name in the tree refers to
//! something, no `op` decides, and no [`ExprKind::Error`] is left.

mod builtin;
mod check;
mod diagnostics;
mod lower;
mod module;
mod names;
mod scope;
mod tree;

pub use builtin::{Builtin, Kind, Parameter};
pub use diagnostics::{no_space, unknown_space};
pub use module::{Folder, LIBRARY, Module, Modules, load, module_file, spaces};
pub use names::{Declaration, Names, Referent, Use, What};
pub use tree::{
    Arg, Candidate, CellBind, CellId, Choose, Const, ConstId, Dim, Expr, ExprKind, Fn, FnBody,
    FnId, Generator, HintExprs, Index, LocalId, Ops, OpsId, Param, Pattern, Pick, PickCount,
    PickOrder, Port, Res, SettingId, Space, Stmt, Type, TypeKind,
};

use crate::diagnostic::Diagnostics;
use crate::syntax::ast;

/// Resolves the space called `name` of a file, with everything it uses.
///
/// `modules` are what [`load`] gives for the file. Gives `None` only where the file has no such space; everything else is reported and
/// stands in the tree as [`ExprKind::Error`].
pub fn lower(
    file: &ast::File,
    name: &str,
    modules: &Modules,
    diagnostics: &mut Diagnostics,
) -> Option<Space> {
    let space = module::find_space(file, name)?;
    let space = lower::space(file, space, modules, diagnostics);
    check::decisions_in_ops(&space, diagnostics);
    Some(space)
}

/// Resolves the declarations of a file that has no space: a module by itself.
pub fn lower_module(file: &ast::File, modules: &Modules, diagnostics: &mut Diagnostics) -> Space {
    let space = lower::space(file, &ast::Space::default(), modules, diagnostics);
    check::decisions_in_ops(&space, diagnostics);
    space
}
