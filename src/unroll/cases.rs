//! Values by decisions: functions of them, and when two of them are equal.
//!
//! A value that decisions say is a list of cases, each under a condition; a
//! function of such values is computed once for every combination of cases
//! that some architecture has, with the path condition narrowed to it. So what
//! is reported there names the choices under which it is wrong.

use super::{HashMap, HashSet};
use std::rc::Rc;

use super::value::{Cases, Measure, Size, Sizes, Value};
use super::{Evaluator, diagnostics};
use crate::decision::{Domain, GuardId};
use crate::span::Span;

/// How many combinations of cases one place may have.
pub(super) const MAX_CASES: usize = 4096;

/// So many results can be compared in the time of a step.
const COMPARED_PER_STEP: usize = 64;

/// What a function gives for every combination of the cases of its arguments.
pub(super) struct Table<T> {
    /// By argument: the conditions of its cases.
    parts: Vec<Vec<GuardId>>,
    /// A combination (the place of a case by argument), and the result.
    rows: Vec<(Vec<usize>, T)>,
}

impl Evaluator<'_> {
    /// A function of values, of which some may be by decisions.
    pub(super) fn lift(
        &mut self,
        args: &[Value],
        span: Span,
        f: &mut dyn FnMut(&mut Self, &[Value]) -> Value,
    ) -> Value {
        let table = self.table(args, span, |this, args| match f(this, args) {
            Value::Unknown => None,
            value => Some(value),
        });
        let Some(table) = table else {
            return Value::Unknown;
        };
        let cases = self.group(&table, Value::clone, Value::same);
        self.collect(cases)
    }

    /// Computes a function for every combination of cases that some
    /// architecture of the present path has. `None` where it failed for one,
    /// which was reported.
    pub(super) fn table<T>(
        &mut self,
        args: &[Value],
        span: Span,
        mut f: impl FnMut(&mut Self, &[Value]) -> Option<T>,
    ) -> Option<Table<T>> {
        if !args.iter().any(is_by_decisions) {
            let rows = vec![(Vec::new(), f(self, args)?)];
            let parts = Vec::new();
            return Some(Table { parts, rows });
        }
        let mut spread: Vec<Cases> = Vec::with_capacity(args.len());
        for arg in args {
            spread.push(self.cases(arg, span)?);
        }
        let parts: Vec<Vec<GuardId>> = spread
            .iter()
            .map(|cases| cases.iter().map(|(guard, _)| *guard).collect())
            .collect();
        let combinations = self.combinations(&parts, span)?;
        let mut rows = Vec::with_capacity(combinations.len());
        for (guard, places) in combinations {
            let chosen: Vec<Value> = spread
                .iter()
                .zip(&places)
                .map(|(cases, &place)| cases.get(place).map_or(Value::Unknown, |(_, v)| v.clone()))
                .collect();
            let result = self.in_case(guard, |this| f(this, &chosen))?;
            rows.push((places, result));
        }
        Some(Table { parts, rows })
    }

    /// Runs something in one case of what decisions say.
    pub(super) fn in_case<T>(&mut self, guard: GuardId, run: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.path;
        let case = self.case;
        self.path = self.decisions.guards.and(outer, guard);
        if guard != GuardId::ALWAYS {
            self.case = Some(self.path);
        }
        let result = run(self);
        self.path = outer;
        self.case = case;
        result
    }

    /// The combinations of conditions, one of each part, that some architecture
    /// of the present path has.
    fn combinations(
        &mut self,
        parts: &[Vec<GuardId>],
        span: Span,
    ) -> Option<Vec<(GuardId, Vec<usize>)>> {
        let mut all = vec![(GuardId::ALWAYS, Vec::new())];
        for (i, part) in parts.iter().enumerate() {
            // What the same conditions decide goes together: height and width.
            let same = parts.iter().take(i).position(|earlier| earlier == part);
            let mut next = Vec::new();
            for (guard, places) in &all {
                if let Some(place) = same.and_then(|same| places.get(same).copied()) {
                    let mut places: Vec<usize> = places.clone();
                    places.push(place);
                    next.push((*guard, places));
                    continue;
                }
                for (place, &case) in part.iter().enumerate() {
                    // A case may take as long to search as a loop does.
                    if !self.step(1, span) {
                        return None;
                    }
                    let both = self.decisions.guards.and(*guard, case);
                    if case != GuardId::ALWAYS && !self.is_possible(both) {
                        continue;
                    }
                    let mut places: Vec<usize> = places.clone();
                    places.push(place);
                    next.push((both, places));
                    if next.len() > MAX_CASES {
                        self.report(diagnostics::too_many_cases(span, MAX_CASES));
                        return None;
                    }
                }
            }
            if !self.step(next.len() as u64, span) {
                return None;
            }
            all = next;
        }
        Some(all)
    }

    /// The different results of a table, each with its condition, which reads no
    /// argument on which the result does not depend.
    pub(super) fn group<T, U>(
        &mut self,
        table: &Table<T>,
        key: impl Fn(&T) -> U,
        same: impl Fn(&U, &U) -> bool,
    ) -> Vec<(GuardId, U)> {
        if let [(_, only)] = table.rows.as_slice() {
            return vec![(GuardId::ALWAYS, key(only))];
        }
        let rows: Vec<(&[usize], U)> = table
            .rows
            .iter()
            .map(|(places, result)| (places.as_slice(), key(result)))
            .collect();
        // Leave out one argument after another.
        let mut kept: Vec<usize> = (0..table.parts.len()).collect();
        let project = |places: &[usize], kept: &[usize]| -> Vec<usize> {
            kept.iter()
                .filter_map(|&part| places.get(part).copied())
                .collect()
        };
        for part in 0..table.parts.len() {
            let without: Vec<usize> = kept.iter().copied().filter(|&k| k != part).collect();
            let mut known: HashMap<Vec<usize>, &U> = HashMap::default();
            let depends = rows.iter().any(|(places, result)| {
                let first = known.entry(project(places, &without)).or_insert(result);
                !same(first, result)
            });
            if !depends {
                kept = without;
            }
        }
        let mut seen: HashSet<Vec<usize>> = HashSet::default();
        let mut groups: Vec<(Vec<GuardId>, U)> = Vec::new();
        for (places, result) in rows {
            let projected = project(places, &kept);
            if !seen.insert(projected.clone()) {
                continue;
            }
            let operands: Vec<GuardId> = kept
                .iter()
                .zip(projected)
                .filter_map(|(&part, place)| table.parts.get(part)?.get(place).copied())
                .collect();
            let guard = self.decisions.guards.all(operands);
            match groups.iter_mut().find(|(_, known)| same(known, &result)) {
                Some((guards, _)) => guards.push(guard),
                None => groups.push((vec![guard], result)),
            }
        }
        // The next step of the program finds them counted.
        let compared = table.rows.len() * groups.len() / COMPARED_PER_STEP;
        self.steps = self.steps.saturating_add(compared as u64);
        groups
            .into_iter()
            .map(|(guards, result)| (self.decisions.guards.any(guards), result))
            .collect()
    }

    /// One value of several cases: a plain one where all are the same, a
    /// condition of truths.
    pub(super) fn collect(&mut self, cases: Cases) -> Value {
        let mut flat: Cases = Vec::with_capacity(cases.len());
        for (guard, value) in cases {
            match value {
                Value::Cases(inner) => {
                    for (inner, value) in inner.iter() {
                        let both = self.decisions.guards.and(guard, *inner);
                        flat.push((both, value.clone()));
                    }
                }
                value => flat.push((guard, value)),
            }
        }
        let mut truth = Vec::new();
        for (guard, value) in &flat {
            match value {
                Value::Bool(true) => truth.push(*guard),
                Value::Bool(false) => {}
                Value::Cond(inner) => truth.push(self.decisions.guards.and(*guard, *inner)),
                _ => {
                    return self.collect_numbers(flat);
                }
            }
        }
        let truth = self.decisions.guards.any(truth);
        self.truth(truth)
    }

    fn collect_numbers(&mut self, flat: Cases) -> Value {
        let mut merged: Vec<(Vec<GuardId>, Value)> = Vec::new();
        let mut places: HashMap<_, usize> = HashMap::default();
        for (guard, value) in flat {
            if guard == GuardId::NEVER {
                continue;
            }
            let place = *places.entry(value.plain_key()).or_insert(merged.len());
            match merged.get_mut(place) {
                Some((guards, _)) => guards.push(guard),
                None => merged.push((vec![guard], value)),
            }
        }
        if let [(_, only)] = merged.as_slice() {
            return only.clone();
        }
        let cases: Cases = merged
            .into_iter()
            .map(|(guards, value)| (self.decisions.guards.any(guards), value))
            .collect();
        Value::Cases(Rc::new(cases))
    }

    /// A condition as a value: a constant where the present path says so.
    pub(super) fn truth(&mut self, guard: GuardId) -> Value {
        if guard == GuardId::ALWAYS || self.decisions.guards.implies(self.path, guard) {
            return Value::Bool(true);
        }
        if self.is_possible(guard) {
            Value::Cond(guard)
        } else {
            Value::Bool(false)
        }
    }

    /// Whether some architecture of the present path fulfils a condition.
    pub(super) fn is_possible(&mut self, guard: GuardId) -> bool {
        let both = self.decisions.guards.and(self.path, guard);
        self.decisions.guards.possible(both)
    }

    /// Whether every architecture of the present path fulfils a condition.
    pub(super) fn is_certain(&mut self, guard: GuardId) -> bool {
        guard == GuardId::ALWAYS || self.decisions.guards.implies(self.path, guard)
    }

    /// A condition as edges have it: nothing where the present path implies it.
    pub(super) fn relative(&mut self, guard: GuardId) -> GuardId {
        if self.is_certain(guard) {
            GuardId::ALWAYS
        } else {
            guard
        }
    }

    /// The cases of any value.
    fn cases(&mut self, value: &Value, span: Span) -> Option<Cases> {
        match value {
            Value::Unknown => None,
            Value::Cases(cases) => Some(cases.to_vec()),
            Value::Cond(guard) => {
                let not = self.decisions.guards.not(*guard);
                Some(vec![(*guard, Value::Bool(true)), (not, Value::Bool(false))])
            }
            Value::Measure(measure) => self.distribution(measure, span),
            other => Some(vec![(GuardId::ALWAYS, other.clone())]),
        }
    }

    /// The values that a measure may have, each with its condition.
    fn distribution(&mut self, measure: &Measure, span: Span) -> Option<Cases> {
        let (constant, terms) = self.positive(measure);
        let mut sums = vec![0u64];
        for &(_, weight) in &terms {
            let more: Vec<u64> = sums.iter().map(|sum| sum.saturating_add(weight)).collect();
            sums.extend(more);
            sums.sort_unstable();
            sums.dedup();
            if sums.len() > MAX_CASES {
                self.report(diagnostics::too_many_cases(span, MAX_CASES));
                return None;
            }
        }
        let mut cases = Vec::new();
        let mut below = GuardId::NEVER;
        for sum in sums {
            if !self.step(1, span) {
                return None;
            }
            let at_most = self.decisions.guards.at_most(&terms, sum);
            let not_below = self.decisions.guards.not(below);
            let equal = self.decisions.guards.and(at_most, not_below);
            below = at_most;
            if self.is_possible(equal) {
                let value = constant.saturating_add_unsigned(sum);
                cases.push((equal, Value::Int(value)));
            }
        }
        Some(cases)
    }

    /// A measure with positive weights alone: `-w [g]` is `-w + w [not g]`.
    pub(super) fn positive(&mut self, measure: &Measure) -> (i64, Vec<(GuardId, u64)>) {
        let mut constant = measure.constant;
        let mut terms = Vec::with_capacity(measure.terms.len());
        for &(guard, weight) in &measure.terms {
            if weight < 0 {
                constant = constant.saturating_add(weight);
                terms.push((self.decisions.guards.not(guard), weight.unsigned_abs()));
            } else {
                terms.push((guard, weight.unsigned_abs()));
            }
        }
        (constant, terms)
    }

    // ---- sizes

    /// A size of every case of a number; reports what is no size.
    pub(super) fn size(&mut self, value: &Value, span: Span) -> Option<Size> {
        let cases = self.cases(value, span)?;
        let mut sizes = Vec::with_capacity(cases.len());
        for (guard, value) in cases {
            let Value::Int(number) = value else {
                self.report(diagnostics::wrong_kind(span, "a whole number", &value));
                return None;
            };
            match usize::try_from(number).ok().filter(|size| *size > 0) {
                Some(size) => sizes.push((guard, size)),
                None => {
                    self.in_case(guard, |this| {
                        this.report(diagnostics::empty_dimension(span, number))
                    });
                    return None;
                }
            }
        }
        Some(match sizes.as_slice() {
            [(_, only)] => Size::Known(*only),
            _ => Size::By(Rc::new(sizes)),
        })
    }

    /// One dimension of the shapes that a table gives.
    pub(super) fn dimensions<T>(
        &mut self,
        table: &Table<T>,
        rank: usize,
        shape: impl Fn(&T) -> &[usize],
    ) -> Sizes {
        let dims = (0..rank).map(|dim| {
            let cases = self.group(
                table,
                |row| shape(row).get(dim).copied().unwrap_or(0),
                |a, b| a == b,
            );
            match cases.as_slice() {
                [(_, only)] => Size::Known(*only),
                _ => Size::By(Rc::new(cases)),
            }
        });
        Sizes(dims.collect())
    }

    /// The sizes that several tensors have in common, each where its condition
    /// holds: those of one of them, to which all others are equal there.
    ///
    /// # Errors
    /// The places of two that differ, and a condition under which they do.
    pub(super) fn agree(
        &mut self,
        options: &[(GuardId, &Sizes)],
    ) -> Result<Sizes, (usize, usize, GuardId)> {
        let Some((_, first)) = options.first() else {
            return Ok(Sizes::default());
        };
        if options.iter().all(|(_, sizes)| sizes == first) {
            return Ok((*first).clone());
        }
        let mut dims = Vec::with_capacity(first.0.len());
        for (other, (guard, sizes)) in options.iter().enumerate() {
            if sizes.0.len() != first.0.len() {
                return Err((0, other, *guard));
            }
        }
        for dim in 0..first.0.len() {
            let of: Vec<(GuardId, Size)> = options
                .iter()
                .filter_map(|(guard, sizes)| Some((*guard, sizes.0.get(dim)?.clone())))
                .collect();
            let mut failure = None;
            let mut found = None;
            for (place, (_, candidate)) in of.iter().enumerate() {
                let differs = of.iter().enumerate().find_map(|(other, (guard, size))| {
                    let at = self.differs(*guard, size, candidate)?;
                    Some((place, other, at))
                });
                match differs {
                    None => {
                        found = Some(candidate.clone());
                        break;
                    }
                    Some(differs) => {
                        failure.get_or_insert(differs);
                    }
                }
            }
            match (found, failure) {
                (Some(size), _) => dims.push(size),
                (None, Some(failure)) => return Err(failure),
                (None, None) => {}
            }
        }
        Ok(Sizes(dims.into()))
    }

    /// Where two sizes differ under a condition, on the present path.
    pub(super) fn differs(&mut self, guard: GuardId, a: &Size, b: &Size) -> Option<GuardId> {
        if a == b {
            return None;
        }
        let cases = |size: &Size| match size {
            Size::Known(size) => vec![(GuardId::ALWAYS, *size)],
            Size::By(cases) => cases.to_vec(),
        };
        for (a_guard, a) in cases(a) {
            for (b_guard, b) in cases(b) {
                if a != b {
                    let both = self.decisions.guards.all([guard, a_guard, b_guard]);
                    if self.is_possible(both) {
                        return Some(both);
                    }
                }
            }
        }
        None
    }

    /// Choices under which a condition holds, in words: `wd = 48, k = 3`. Empty
    /// where there is nothing to say.
    pub(super) fn example(&mut self, guard: GuardId) -> String {
        let Ok(Some(chosen)) = self.decisions.guards.example(guard) else {
            return String::new();
        };
        let mut words: Vec<String> = Vec::new();
        for &(decision, option, there) in &chosen {
            let Some(point) = self.decisions.point(decision) else {
                continue;
            };
            let of = |option: u32| {
                point
                    .options
                    .get(option as usize)
                    .map_or("?", String::as_str)
            };
            let word = match (point.domain, there) {
                (Domain::One { .. }, true) => format!("{} = {}", point.path, of(option)),
                (Domain::One { n }, false) => {
                    let taken = |option: &u32| {
                        chosen
                            .iter()
                            .any(|&(d, o, there)| d == decision && (there || o == *option))
                    };
                    match (0..n).find(|option| !taken(option)) {
                        Some(other) => format!("{} = {}", point.path, of(other)),
                        None => continue,
                    }
                }
                (Domain::Subset { .. }, true) => format!("{} has {}", point.path, of(option)),
                (Domain::Subset { .. }, false) => format!("{} has no {}", point.path, of(option)),
            };
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words.join(", ")
    }
}

/// Whether decisions say what a value is.
pub(super) fn is_by_decisions(value: &Value) -> bool {
    matches!(value, Value::Cases(_) | Value::Cond(_) | Value::Measure(_))
}
