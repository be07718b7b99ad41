//! Where a condition holds.

use std::collections::{HashMap, HashSet};

use super::{GuardId, Guards};
use crate::decision::DecisionId;

/// Some choices, as literals: the decision has the option, or has it not.
pub type Example = Vec<(DecisionId, u32, bool)>;

/// A question takes too long to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooHard;

/// How many conditions and operands of them [`Guards::example`] looks at before it
/// gives up.
const BUDGET: u64 = 1_000_000;

impl Guards {
    /// Choices that make a condition hold, if there are any: exact, by trying
    /// the options of the decisions that it reads, in program order. When the
    /// decisions are active, which options are available and how large sets are
    /// counts as far as it was declared.
    ///
    /// # Errors
    /// When too many choices were tried.
    pub fn example(&mut self, guard: GuardId) -> Result<Option<Example>, TooHard> {
        let mut search = Search {
            looked: 0,
            chosen: Vec::new(),
        };
        let found = self.search(guard, &mut search, &mut Vec::new())?;
        Ok(found.then_some(search.chosen))
    }

    fn search(
        &mut self,
        guard: GuardId,
        search: &mut Search,
        bounded: &mut Vec<DecisionId>,
    ) -> Result<bool, TooHard> {
        let guard = self.with_sizes(guard, bounded);
        if guard == GuardId::ALWAYS || guard == GuardId::NEVER {
            return Ok(guard == GuardId::ALWAYS);
        }
        if search.looked > BUDGET {
            return Err(TooHard);
        }
        let literals = self.literals(guard);
        self.work += literals.len() as u64;
        let Some(&(decision, first)) = literals.first() else {
            return Ok(false);
        };
        let n_chosen = search.chosen.len();
        let n_bounded = bounded.len();
        let options: Vec<u32> = literals
            .iter()
            .filter(|(d, _)| *d == decision)
            .map(|(_, option)| *option)
            .collect();
        let one_of = self.one_of(decision);
        let tried = if one_of.is_some() {
            &options[..]
        } else {
            &options[..1]
        };
        for &option in tried {
            let [active, available] = self.implied_by(decision, option);
            let rest =
                self.restrict_counted(guard, search, &|d, o| match (d == decision, one_of) {
                    (false, _) => None,
                    (true, Some(_)) => Some(o == option),
                    (true, None) => (o == option).then_some(true),
                });
            // They may speak of decisions that were tried before.
            let implied = self.all([active, available]);
            let implied = self.given_chosen(implied, search);
            let rest = self.and(rest, implied);
            search.chosen.push((decision, option, true));
            if self.search(rest, search, bounded)? {
                return Ok(true);
            }
            search.chosen.truncate(n_chosen);
            bounded.truncate(n_bounded);
        }
        // Not these options: another one, or none since the decision is inactive.
        let rest = self.restrict_counted(guard, search, &|d, o| {
            (d == decision && (one_of.is_some() || o == first)).then_some(false)
        });
        let excluded: HashSet<u32> = search
            .chosen
            .iter()
            .filter(|(d, _, there)| *d == decision && !there)
            .map(|(_, option, _)| *option)
            .chain(options.iter().copied())
            .collect();
        let rest = match one_of {
            Some(n) if excluded.len() as u32 >= n => {
                let active = self.declared(decision).map(|known| known.active);
                let inactive = self.not(active.unwrap_or(GuardId::ALWAYS));
                let inactive = self.given_chosen(inactive, search);
                self.and(rest, inactive)
            }
            _ => rest,
        };
        search
            .chosen
            .extend(tried.iter().map(|&option| (decision, option, false)));
        if self.search(rest, search, bounded)? {
            return Ok(true);
        }
        search.chosen.truncate(n_chosen);
        bounded.truncate(n_bounded);
        Ok(false)
    }

    /// A condition, where the choices made so far hold.
    fn given_chosen(&mut self, guard: GuardId, search: &mut Search) -> GuardId {
        if guard == GuardId::ALWAYS || search.chosen.is_empty() {
            return guard;
        }
        let mut known: HashMap<(DecisionId, u32), bool> = HashMap::new();
        let mut one: HashMap<DecisionId, u32> = HashMap::new();
        for &(decision, option, there) in &search.chosen {
            known.insert((decision, option), there);
            if there && self.one_of(decision).is_some() {
                one.insert(decision, option);
            }
        }
        self.restrict_counted(guard, search, &|d, o| match one.get(&d) {
            Some(option) => Some(*option == o),
            None => known.get(&(d, o)).copied(),
        })
    }

    fn restrict_counted(
        &mut self,
        guard: GuardId,
        search: &mut Search,
        known: &dyn Fn(DecisionId, u32) -> Option<bool>,
    ) -> GuardId {
        let before = self.work;
        let rest = self.restrict(guard, known);
        search.looked += self.work - before;
        rest
    }

    /// A condition, and what the domains of the sets that it reads say.
    fn with_sizes(&mut self, guard: GuardId, bounded: &mut Vec<DecisionId>) -> GuardId {
        let mut all = vec![guard];
        for decision in self.reads(guard) {
            let size = self.declared(decision).map(|known| known.size);
            if let Some(size) = size
                && size != GuardId::ALWAYS
                && !bounded.contains(&decision)
            {
                bounded.push(decision);
                all.push(size);
            }
        }
        self.all(all)
    }
}

/// The state of [`Guards::example`].
struct Search {
    looked: u64,
    chosen: Example,
}
