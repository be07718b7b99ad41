//! AST to resolved tree: declarations here, types, statements and expressions in
//! a file each; names are looked up in `scope`.

mod expr;
mod imports;
mod record;
mod stmt;
mod types;

use std::collections::BTreeSet;
use std::collections::{HashMap, HashSet};

use super::module::{Modules, path_text};
use super::scope::{Aliases, Entry, Items, Locals};
use super::{
    Builtin, Candidate, CellBind, CellId, Const, ConstId, Fn, FnBody, FnId, LocalId, Names, Ops,
    OpsId, Param, Port, Referent, Res, SettingId, Space, What, diagnostics,
};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::span::{SourceId, Span};
use crate::syntax::ast;
use record::everywhere;

/// Where a declaration stands, which decides what it sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the module of this index.
    Module(usize),
    /// At the top of the user's file.
    File,
    /// Inside the space.
    Space,
}

/// Words that an argument takes by name, such as `pad = same`.
const WORDS: [&str; 3] = ["same", "torch", "valid"];

/// What the text of a file or a module sees.
#[derive(Clone, Debug, Default)]
struct Scope {
    /// What it declares, and what it uses by name.
    items: Items,
    /// What it uses whole.
    aliases: Aliases,
    /// What a `use` that failed would have brought: that was reported, so that
    /// nothing more is said where these names stand.
    lost: BTreeSet<String>,
    /// The text of a module.
    source: SourceId,
}

struct Lowerer<'a> {
    /// The user's file.
    text: &'a ast::File,
    diagnostics: &'a mut Diagnostics,
    place: Place,
    /// By module.
    modules: Vec<Scope>,
    file: Scope,
    space_items: Items,
    locals: Locals,
    pending: Vec<(Place, &'a ast::Member)>,
    fns: Vec<Fn>,
    ops: Vec<Ops>,
    cells: Vec<CellBind>,
    consts: Vec<Const>,
    /// How many of each were declared so far; bodies are lowered in this order.
    n_declared: [u32; 4],
    /// What every name refers to.
    names: Names,
    /// How many uses stood there when the present declaration began.
    frame_start: usize,
    /// Where what is declared can be used, innermost last.
    extents: Vec<Span>,
    /// Names of what a `let` decides.
    decided: HashSet<Span>,
    /// The arguments by name of calls of functions.
    named_args: Vec<(FnId, ast::Ident)>,
}

/// Lowers one space of a file with everything the file declares.
pub(super) fn space<'a>(
    file: &'a ast::File,
    space: &'a ast::Space,
    modules: &'a Modules,
    diagnostics: &'a mut Diagnostics,
) -> Space {
    let mut lowerer = Lowerer {
        text: file,
        diagnostics,
        place: Place::File,
        modules: Vec::new(),
        file: Scope::default(),
        space_items: Items::new(),
        locals: Locals::default(),
        pending: Vec::new(),
        fns: Vec::new(),
        ops: Vec::new(),
        cells: Vec::new(),
        consts: Vec::new(),
        n_declared: [0; 4],
        names: Names::default(),
        frame_start: 0,
        extents: Vec::new(),
        decided: HashSet::new(),
        named_args: Vec::new(),
    };
    lowerer.declare_modules(modules);
    lowerer.declare_file(file, modules);
    let settings = lowerer.declare_space(space);
    lowerer.lower_members();
    lowerer.lower_program(file, space, settings)
}

impl<'a> Lowerer<'a> {
    // ---- declarations: every name before any body

    /// Every module's own names first, then what modules use of each other.
    fn declare_modules(&mut self, modules: &'a Modules) {
        for (index, module) in modules.values().enumerate() {
            let mut items = Items::new();
            for item in &module.file.items {
                if let ast::Item::Member(member) = item {
                    self.declare_member(member, Place::Module(index), &mut items);
                    self.record_member(member, everywhere(member.name().span));
                }
            }
            self.modules.push(Scope {
                items,
                source: module.source,
                ..Scope::default()
            });
        }
        for (index, module) in modules.values().enumerate() {
            let Some(mut scope) = self.modules.get(index).cloned() else {
                continue;
            };
            for item in &module.file.items {
                if let ast::Item::Use(usage) = item {
                    self.declare_use(usage, modules, &mut scope);
                }
            }
            if let Some(slot) = self.modules.get_mut(index) {
                *slot = scope;
            }
        }
    }

    fn declare_file(&mut self, file: &'a ast::File, modules: &Modules) {
        let mut scope = Scope::default();
        for item in &file.items {
            match item {
                ast::Item::Use(usage) => self.declare_use(usage, modules, &mut scope),
                ast::Item::Member(member) => {
                    self.declare_member(member, Place::File, &mut scope.items);
                    self.record_member(member, everywhere(member.name().span));
                }
                ast::Item::Space(_) => {}
            }
        }
        let mut spaces = FirstOf::default();
        for name in super::spaces(file) {
            self.record(name.span, What::Space, everywhere(name.span));
            if let Some(first) = spaces.add(&name.name, name.span) {
                self.diagnostics
                    .push(diagnostics::duplicate(name.span, &name.name, first));
            }
        }
        self.file = scope;
    }

    fn declare_use(&mut self, usage: &ast::Use, modules: &Modules, scope: &mut Scope) {
        let path = path_text(&usage.module);
        let loaded = modules.get_full(&path);
        if let Some((.., module)) = loaded {
            self.refer(usage.module.span, Referent::Module(module.source));
        }
        let Some((index, ..)) = loaded.filter(|(_, _, module)| !module.is_broken) else {
            // Reported when modules were loaded.
            let whole = usage.module.segments.last();
            let whole = whole.filter(|_| usage.names.is_empty());
            let names = usage.names.iter().chain(whole);
            scope.lost.extend(names.map(|name| name.name.clone()));
            return;
        };
        if usage.names.is_empty() {
            if let Some(last) = usage.module.segments.last() {
                scope.aliases.insert(last.name.clone(), index);
            }
            return;
        }
        for name in &usage.names {
            match self.exported(index).find(&name.name) {
                Some((res, declared)) => {
                    self.refer(name.span, Referent::Declared(declared));
                    self.declare(&mut scope.items, name, res);
                    if let Some(entry) = scope.items.get_mut(&name.name) {
                        entry.imported = true;
                        entry.declared = declared;
                    }
                }
                None => {
                    scope.lost.insert(name.name.clone());
                    self.report_not_exported(name, &path, index);
                }
            }
        }
    }

    /// What a module gives.
    fn exported(&self, module: usize) -> Exported<'_> {
        Exported(self.modules.get(module).map(|scope| &scope.items))
    }

    fn report_not_exported(&mut self, name: &ast::Ident, module: &str, index: usize) {
        if self.diagnostics.is_full() {
            return;
        }
        let known = self.exported(index);
        let diagnostic = diagnostics::not_exported(name.span, &name.name, module, known.names());
        self.diagnostics.push(diagnostic);
    }

    fn declare_space(&mut self, space: &'a ast::Space) -> Vec<&'a ast::Param> {
        let mut items = Items::new();
        let mut settings = Vec::new();
        for param in &space.params {
            let id = SettingId(settings.len() as u32);
            self.record(param.name.span, What::Setting, space.span);
            self.declare(&mut items, &param.name, Res::Setting(id));
            settings.push(param);
        }
        for item in &space.body {
            if let ast::SpaceItem::Member(member) = item {
                self.declare_member(member, Place::Space, &mut items);
                self.record_member(member, space.span);
            }
        }
        self.space_items = items;
        settings
    }

    fn declare_member(&mut self, member: &'a ast::Member, place: Place, items: &mut Items) {
        let [fns, ops, cells, consts] = &mut self.n_declared;
        let next = |counter: &mut u32| {
            *counter += 1;
            *counter - 1
        };
        let res = match member {
            ast::Member::Extern(_) | ast::Member::Fn(_) => Res::Fn(FnId(next(fns))),
            ast::Member::Ops(_) => Res::Ops(OpsId(next(ops))),
            ast::Member::Cell(_) => Res::Cell(CellId(next(cells))),
            ast::Member::Const(_) => Res::Const(ConstId(next(consts))),
        };
        self.declare(items, member.name(), res);
        self.pending.push((place, member));
    }

    fn declare(&mut self, items: &mut Items, name: &ast::Ident, res: Res) {
        match items.get(&name.name) {
            Some(first) => self
                .diagnostics
                .push(diagnostics::duplicate(name.span, &name.name, first.span)),
            None => {
                let entry = Entry {
                    res,
                    span: name.span,
                    declared: name.span,
                    used: name.name.starts_with('_'),
                    imported: false,
                };
                items.insert(name.name.clone(), entry);
            }
        }
    }

    // ---- bodies

    fn lower_members(&mut self) {
        for (place, member) in std::mem::take(&mut self.pending) {
            self.place = place;
            self.extents = vec![member.span()];
            match member {
                ast::Member::Extern(decl) => self.extern_op(decl),
                ast::Member::Fn(decl) => self.function(decl),
                ast::Member::Ops(decl) => {
                    let candidates = self.candidates(&decl.candidates);
                    self.finish_locals();
                    self.ops.push(Ops {
                        name: decl.name.clone(),
                        candidates,
                    });
                }
                ast::Member::Cell(decl) => {
                    let count = decl.count.as_ref().map(|count| self.expr(count));
                    let value = self.expr(&decl.value);
                    self.finish_locals();
                    self.cells.push(CellBind {
                        name: decl.name.clone(),
                        count,
                        value,
                    });
                }
                ast::Member::Const(decl) => {
                    let value = self.expr(&decl.value);
                    self.finish_locals();
                    self.consts.push(Const {
                        name: decl.name.clone(),
                        value,
                    });
                }
            }
        }
    }

    fn function(&mut self, decl: &ast::Fn) {
        let params = self.params(&decl.params);
        let result = decl.result.as_ref().map(|ty| self.ty(ty));
        let body = match &decl.body {
            ast::FnBody::Expr(expr) => FnBody::Expr(self.expr(expr)),
            ast::FnBody::Block(body) => FnBody::Block(self.body(body, decl.span)),
        };
        let n_locals = self.finish_locals();
        self.fns.push(Fn {
            kind: decl.kind,
            name: decl.name.clone(),
            params,
            result,
            body,
            n_locals,
        });
    }

    fn extern_op(&mut self, decl: &ast::ExternOp) {
        let params = self.params(&decl.params);
        let result = Some(self.ty(&decl.result));
        for param in &decl.params {
            self.locals.find(&param.name.name); // its cost may use it, or not
        }
        let mut cost = Vec::with_capacity(decl.cost.len());
        for arg in &decl.cost {
            let value = self.expr(&arg.value);
            match &arg.name {
                Some(name) if ["params", "flops"].contains(&name.name.as_str()) => {
                    cost.push((name.clone(), value));
                }
                name => {
                    let span = name.as_ref().map_or(arg.value.span, |name| name.span);
                    self.diagnostics.push(diagnostics::bad_cost(span));
                }
            }
        }
        let n_locals = self.finish_locals();
        self.fns.push(Fn {
            kind: ast::FnKind::Op,
            name: decl.name.clone(),
            params,
            result,
            body: FnBody::Extern(cost),
            n_locals,
        });
    }

    /// Declares parameters in order, each after its type and default, which
    /// may read the parameters and dimensions before it.
    fn params(&mut self, params: &[ast::Param]) -> Vec<Param> {
        let mut first = FirstOf::default();
        params
            .iter()
            .map(|param| {
                let name = &param.name;
                if let Some(first) = first.add(&name.name, name.span) {
                    self.diagnostics
                        .push(diagnostics::duplicate(name.span, &name.name, first));
                }
                let ty = param.ty.as_ref().map(|ty| self.param_type(ty));
                let default = param.default.as_ref().map(|default| self.expr(default));
                let local = self.declare_local(name, What::Param, param.span.end);
                Param {
                    name: name.clone(),
                    local,
                    ty,
                    default,
                }
            })
            .collect()
    }

    /// Ends the frame of one declaration: its slots, and what nothing read.
    fn finish_locals(&mut self) -> usize {
        let (n_slots, unused) = std::mem::take(&mut self.locals).finish();
        if !matches!(self.place, Place::Module(_)) && !unused.is_empty() {
            let writes = self.writes(&unused);
            for (name, span) in unused {
                // Writing to it is no use, but stands in its way.
                let places = writes.get(&span).into_iter().flatten().copied();
                let places = std::iter::once(span).chain(places);
                let warning = diagnostics::unused(span, "the local", &name, places);
                self.diagnostics.push(warning);
            }
        }
        self.frame_start = self.names.uses.len();
        n_slots
    }

    fn lower_program(
        mut self,
        file: &ast::File,
        space: &ast::Space,
        settings: Vec<&ast::Param>,
    ) -> Space {
        self.place = Place::Space;
        let settings = settings
            .into_iter()
            .map(|param| Param {
                name: param.name.clone(),
                local: LocalId(0),
                ty: param.ty.as_ref().map(|ty| self.ty(ty)),
                default: param.default.as_ref().map(|default| self.expr(default)),
            })
            .collect();
        self.extents = vec![space.span];
        // Ports first: the program may read and write them anywhere.
        let mut ports: Vec<Port> = Vec::new();
        let mut first = FirstOf::default();
        for item in &space.body {
            let ast::SpaceItem::Port(port) = item else {
                continue;
            };
            if let Some(first) = first.add(&port.name.name, port.name.span) {
                self.diagnostics.push(diagnostics::duplicate(
                    port.name.span,
                    &port.name.name,
                    first,
                ));
                continue;
            }
            let ty = self.ty(&port.ty);
            let what = What::Port(port.direction);
            let local = self.declare_local(&port.name, what, space.span.start);
            self.locals.find(&port.name.name); // unread ports are the graph's business
            ports.push(Port {
                direction: port.direction,
                name: port.name.clone(),
                local,
                ty,
            });
        }
        let mut body = Vec::new();
        for item in &space.body {
            if let ast::SpaceItem::Stmt(stmt) = item {
                self.stmt(stmt, &mut body);
            }
        }
        let n_locals = self.finish_locals();
        let unused = self.unused_items(file);
        self.refer_arguments();
        Space {
            unused,
            names: self.names,
            name: space.name.clone(),
            settings,
            ports,
            body,
            n_locals,
            fns: self.fns,
            ops: self.ops,
            cells: self.cells,
            consts: self.consts,
            span: space.name.span,
        }
    }

    /// Reports the items of the space that nothing uses; gives the warnings about
    /// those of the file.
    fn unused_items(&mut self, file: &ast::File) -> Vec<Diagnostic> {
        for (name, entry) in &self.space_items {
            self.diagnostics.extend(unused_item(name, entry, file));
        }
        self.file
            .items
            .iter()
            .filter_map(|(name, entry)| unused_item(name, entry, file))
            .collect()
    }

    // ---- names

    fn resolve(&mut self, path: &ast::Path) -> Option<Res> {
        if let [module, name] = path.segments.as_slice()
            && let Some(&index) = self.scope().aliases.get(&module.name)
        {
            let Some((res, declared)) = self.exported(index).find(&name.name) else {
                self.report_not_exported(name, &module.name, index);
                return None;
            };
            if let Some(scope) = self.modules.get(index) {
                let to = Referent::Module(scope.source);
                self.refer(module.span, to);
            }
            self.refer(name.span, Referent::Declared(declared));
            return Some(res);
        }
        let name = path_text(path);
        if let Some((local, declared)) = self.locals.find(&name) {
            self.refer(path.span, Referent::Declared(declared));
            return Some(Res::Local(local));
        }
        if let Some((res, declared)) = self.item(&name) {
            self.refer(path.span, Referent::Declared(declared));
            return Some(res);
        }
        if let Some(builtin) = Builtin::of(&name) {
            self.refer(path.span, Referent::Builtin(builtin));
            return Some(Res::Builtin(builtin));
        }
        if let Some(word) = WORDS.into_iter().find(|word| *word == name) {
            return Some(Res::Word(word));
        }
        let first = path.segments.first();
        if !first.is_some_and(|first| self.scope().lost.contains(&first.name)) {
            self.report_unknown(path.span, &name);
        }
        None
    }

    /// What the text of the present place sees.
    fn scope(&self) -> &Scope {
        match self.place {
            Place::Module(index) => self.modules.get(index).unwrap_or(&self.file),
            Place::File | Place::Space => &self.file,
        }
    }

    /// What a name of a declaration refers to, and where that is declared.
    fn item(&mut self, name: &str) -> Option<(Res, Span)> {
        let scopes: [Option<&mut Items>; 2] = match self.place {
            Place::Module(index) => {
                let module = self.modules.get_mut(index);
                [module.map(|scope| &mut scope.items), None]
            }
            Place::File => [Some(&mut self.file.items), None],
            Place::Space => [Some(&mut self.space_items), Some(&mut self.file.items)],
        };
        for items in scopes.into_iter().flatten() {
            if let Some(entry) = items.get_mut(name) {
                entry.used = true;
                return Some((entry.res, entry.declared));
            }
        }
        None
    }

    fn report_unknown(&mut self, span: Span, name: &str) {
        // Nobody reads them all, and the closest name is looked for among many.
        if self.diagnostics.is_full() {
            return;
        }
        if let Some(declared) = self.locals.find_ended(name) {
            let diagnostic = if self.decided.contains(&declared) {
                diagnostics::not_always_active(span, name, declared)
            } else {
                diagnostics::out_of_scope(span, name, declared)
            };
            self.diagnostics.push(diagnostic);
            return;
        }
        let has_it = super::LIBRARY.iter().find(|(_, text)| {
            // A declaration of this name, at the start of a line.
            ["op", "block", "cell"].iter().any(|kind| {
                text.lines()
                    .any(|line| line.starts_with(&format!("{kind} {name}(")))
            })
        });
        let library = has_it.map(|(module, _)| {
            // A module is a file of its own, which has other uses.
            let is_user = !matches!(self.place, Place::Module(_));
            let import = is_user.then(|| imports::with(self.text, span.source, module, name));
            (*module, import)
        });
        let items: Vec<&Items> = match self.place {
            Place::Module(index) => {
                let module = self.modules.get(index);
                module.map(|scope| &scope.items).into_iter().collect()
            }
            Place::File => vec![&self.file.items],
            Place::Space => vec![&self.space_items, &self.file.items],
        };
        let known = self
            .locals
            .names()
            .chain(
                items
                    .into_iter()
                    .flat_map(|items| items.keys().map(String::as_str)),
            )
            .chain(Builtin::ALL.iter().map(|builtin| builtin.name()));
        let diagnostic = diagnostics::unknown_name(span, name, known, library);
        self.diagnostics.push(diagnostic);
    }

    // ---- candidates

    fn candidates(&mut self, candidates: &[ast::Candidate]) -> Vec<Candidate> {
        let mut named = FirstOf::default();
        candidates
            .iter()
            .map(|candidate| {
                let name = match &candidate.name {
                    Some(name) => name.name.clone(),
                    None => expr::label(&candidate.value),
                };
                if let Some(first) = named.add(&name, candidate.span) {
                    self.diagnostics.push(diagnostics::duplicate_candidate(
                        candidate.span,
                        &name,
                        first,
                    ));
                }
                Candidate {
                    name,
                    value: self.expr(&candidate.value),
                    span: candidate.span,
                }
            })
            .collect()
    }
}

/// What a module declares; what it uses is its own business.
#[derive(Clone, Copy)]
struct Exported<'a>(Option<&'a Items>);

impl<'a> Exported<'a> {
    fn find(self, name: &str) -> Option<(Res, Span)> {
        let entry = self.0?.get(name)?;
        (!entry.imported).then_some((entry.res, entry.declared))
    }

    fn names(self) -> impl Iterator<Item = &'a str> + Clone {
        let own = self.0.into_iter().flatten();
        own.filter(|(_, entry)| !entry.imported)
            .map(|(name, _)| name.as_str())
    }
}

/// By name: where it stands first.
#[derive(Default)]
struct FirstOf(HashMap<String, Span>);

impl FirstOf {
    /// Takes a name; gives the place of its first namesake, if there is one.
    fn add(&mut self, name: &str, span: Span) -> Option<Span> {
        if let Some(first) = self.0.get(name) {
            return Some(*first);
        }
        self.0.insert(name.to_owned(), span);
        None
    }
}

fn unused_item(name: &str, entry: &Entry, file: &ast::File) -> Option<Diagnostic> {
    if entry.used {
        return None;
    }
    if entry.imported {
        let rest = imports::without(file, entry.span);
        return Some(diagnostics::unused_import(entry.span, name, rest));
    }
    let what = match entry.res {
        Res::Setting(_) => "the parameter",
        Res::Const(_) => "the constant",
        Res::Ops(_) => "the candidate set",
        Res::Cell(_) => "the cell",
        _ => "the function",
    };
    let places = std::iter::once(entry.span);
    Some(diagnostics::unused(entry.span, what, name, places))
}
