//! What encodings know a space by: its decision points, one after the other.

use crate::decision::{
    DecisionId, DecisionPoint, DecisionSpace, Domain, ElementId, Guard, GuardId, OptionSource,
    TableId,
};

/// Goes through the decision points of a space in program order. A method that
/// finds no such decision next stays where it is.
pub(super) struct Walk<'a> {
    space: &'a DecisionSpace,
    next: DecisionId,
    /// The candidate set of all choices so far: encodings know one.
    table: Option<TableId>,
}

/// A pick among elements of a node family.
pub(super) struct Pick<'a> {
    pub decision: DecisionId,
    pub domain: Domain,
    pub elements: &'a [ElementId],
    /// The cell that it belongs to: how its path begins.
    pub cell: &'a str,
}

impl<'a> Walk<'a> {
    pub fn new(space: &'a DecisionSpace) -> Self {
        Self {
            space,
            next: DecisionId(0),
            table: None,
        }
    }

    pub fn is_done(&self) -> bool {
        self.space.point(self.next).is_none()
    }

    /// The next decision, if it is always made and picks elements.
    pub fn pick(&mut self) -> Option<Pick<'a>> {
        let point = self.point()?;
        let OptionSource::Elements(elements) = &point.source else {
            return None;
        };
        (point.active == GuardId::ALWAYS).then(|| Pick {
            decision: self.step(),
            domain: point.domain,
            elements,
            cell: point.path.split('.').next().unwrap_or_default(),
        })
    }

    /// As [`Self::pick`], if it picks exactly one.
    pub fn pick_one(&mut self) -> Option<Pick<'a>> {
        let is_one = matches!(self.point()?.domain, Domain::One { .. });
        is_one.then(|| self.pick())?
    }

    /// The next decision, if it is always made and chooses one candidate.
    pub fn choice(&mut self) -> Option<DecisionId> {
        self.choice_where(|active| *active == Guard::Always)
    }

    /// The next decision, if it chooses one candidate wherever `pick` has `option`.
    pub fn choice_if(&mut self, pick: &Pick, option: u32) -> Option<DecisionId> {
        let has = Guard::Has {
            decision: pick.decision,
            option,
        };
        // A pick of all that there is leaves no condition.
        let all = matches!(pick.domain, Domain::Subset { n, min, .. } if n == min);
        self.choice_where(|active| *active == has || all && *active == Guard::Always)
    }

    fn choice_where(&mut self, holds: impl Fn(&Guard) -> bool) -> Option<DecisionId> {
        let point = self.point()?;
        let OptionSource::Table(table) = point.source else {
            return None;
        };
        let known = *self.table.get_or_insert(table) == table;
        (known && holds(self.space.guards.get(point.active))).then(|| self.step())
    }

    fn point(&self) -> Option<&'a DecisionPoint> {
        self.space.point(self.next)
    }

    fn step(&mut self) -> DecisionId {
        let here = self.next;
        self.next = DecisionId(here.0 + 1);
        here
    }
}

/// Whether a node that reads `next` follows one that reads `previous` in a family.
pub(super) fn extends(previous: &[ElementId], next: &[ElementId]) -> bool {
    next.len() == previous.len() + 1 && next.starts_with(previous)
}

/// Puts a reduction cell behind the normal one: encodings write them so, and which
/// of the two a network begins with depends on its depth.
pub(super) fn reduction_last<T>(cells: &mut [T], name: impl Fn(&T) -> &str) {
    cells.sort_by_key(|cell| name(cell).starts_with("reduc"));
}
