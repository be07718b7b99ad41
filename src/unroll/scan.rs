//! Time: `scan`, whose body is a region of its own.

use super::call::given;
use super::value::{Callable, Given, Sizes, Value};
use super::{Evaluator, diagnostics};
use crate::decision::GuardId;
use crate::graph::{Op, Region, RegionId};
use crate::hir;
use crate::span::Span;

impl Evaluator<'_> {
    /// `scan(F, e)`: the body becomes a region of its own, run from zero states.
    ///
    /// As many states as `F` gives results: the first is the result of the scan.
    pub(super) fn scan(&mut self, f: Option<&Given>, e: Option<&Given>, site: Span) -> Value {
        let (Some(f), Some(sequence)) = (f, self.tensor_of(e)) else {
            return Value::Unknown;
        };
        if !sequence.timed {
            let span = e.map_or(site, |arg| arg.span);
            return self.report(diagnostics::scan_without_time(span));
        }
        let id = RegionId(self.regions.len() as u32);
        self.regions.push(Region::default());
        let outer = std::mem::replace(&mut self.region, id);
        let x = self.input_node(sequence.sizes.clone(), false, "x", site);
        let mut args = vec![given(x, site)];
        // Every state has the shape of the input; the results are checked below.
        for name in self.state_names(&f.value) {
            let state = self.input_node(sequence.sizes.clone(), false, &name, site);
            args.push(given(state, site));
        }
        let n_states = args.len() - 1;
        let result = self.call(f.value.clone(), args, f.span, None);
        self.region = outer;
        let results = match result {
            Value::Unknown => return Value::Unknown,
            Value::Tuple(parts) => parts.to_vec(),
            one => vec![one],
        };
        if results.len() != n_states {
            return self.report(diagnostics::scan_states(site, n_states, results.len()));
        }
        for result in results {
            let tensor = match result {
                Value::Tensor(tensor) => tensor,
                Value::Unknown => return Value::Unknown,
                other => return self.report(diagnostics::wrong_kind(f.span, "a tensor", &other)),
            };
            let same = self.agree(&[
                (GuardId::ALWAYS, &sequence.sizes),
                (GuardId::ALWAYS, &tensor.sizes),
            ]);
            if let Err((_, _, at)) = same {
                let diagnostic = diagnostics::scan_state(site, &sequence.sizes, &tensor.sizes);
                return self.in_case(at, |this| this.report(diagnostic));
            }
            if let Some(region) = self.regions.get_mut(id.index()) {
                region.outputs.push(tensor.node);
            }
        }
        let op = Op::Scan { region: id };
        let inputs = [(&sequence, GuardId::ALWAYS)];
        self.node(op, sequence.sizes.clone(), true, &inputs, Vec::new(), site)
    }

    /// The names of the states of what a scan runs: its parameters after the
    /// first that are tensors and not given yet. What does not say its
    /// parameters has one.
    fn state_names(&self, f: &Value) -> Vec<String> {
        let mut states = Vec::new();
        if let Value::Callable(callable) = f
            && let Some(function) = self.function_of(callable)
        {
            let given: &[Given] = match &**callable {
                Callable::Partial { args, .. } => args,
                _ => &[],
            };
            let placed = given.iter().filter(|arg| arg.name.is_none()).count();
            let is_given = |param: &hir::Param| {
                let name = Some(param.name.name.as_str());
                given.iter().any(|arg| arg.name.as_deref() == name)
            };
            let is_tensor = |param: &hir::Param| {
                let ty = param.ty.as_ref().map(|ty| &ty.kind);
                matches!(ty, Some(hir::TypeKind::Tensor(_)))
            };
            let open = function.params.iter().skip(1 + placed);
            states.extend(
                open.filter(|param| is_tensor(param) && !is_given(param))
                    .map(|param| param.name.name.clone()),
            );
        }
        if states.len() < 2 {
            return vec!["state".to_owned()];
        }
        states
    }

    /// The function that a callable calls in the end.
    fn function_of(&self, callable: &Callable) -> Option<&hir::Fn> {
        match callable {
            Callable::Fn(id) => self.space.fns.get(id.index()),
            Callable::Partial { target, .. } => self.function_of(target),
            Callable::Cell(id, _) => {
                match self.space.cells.get(id.index()).map(|c| &c.value.kind) {
                    Some(hir::ExprKind::Name(hir::Res::Fn(id))) => self.space.fns.get(id.index()),
                    _ => None,
                }
            }
            Callable::Builtin(_) | Callable::Choice { .. } => None,
        }
    }

    /// An input of the present region.
    pub(super) fn input_node(
        &mut self,
        sizes: Sizes,
        timed: bool,
        name: &str,
        site: Span,
    ) -> Value {
        let path = self.instance_path.push(name, (site, site));
        let value = self.node(Op::Input, sizes, timed, &[], Vec::new(), site);
        self.instance_path.restore(path);
        if let (Value::Tensor(tensor), Some(region)) =
            (&value, self.regions.get_mut(self.region.index()))
        {
            region.inputs.push(tensor.node);
        }
        value
    }
}
