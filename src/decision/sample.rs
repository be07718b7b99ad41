//! Architectures at random, each decision uniform among its choices.

use num_bigint::BigUint;
use rand::Rng;

use super::diagram::ways;
use super::point::binomial;
use super::{
    Architecture, Choice, DecisionId, DecisionPoint, DecisionSpace, Diagram, Domain, TooLarge,
};

/// Why there is no architecture to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// Its conditions contradict each other.
    #[error("the space has no architecture: no choices fulfil what it requires")]
    Empty,
    /// There may be some.
    #[error(
        "{TRIES} random tries found no architecture that fulfils what the space requires, and {TooLarge}"
    )]
    NotFound,
}

/// How often the sampler tries before it asks the diagram.
const TRIES: u32 = 1000;

/// Draws an architecture: in program order, every active decision uniformly
/// among its available choices (for a set of any size that is a fair bit an
/// option).
///
/// Where decisions are conditional this is not uniform over architectures; see
/// [`Diagram::sample`] for that. Tries that the space's `require` refuses are
/// made anew; after a thousand of them the architecture is drawn from the diagram.
///
/// # Errors
/// When there is no architecture, or none is found.
pub fn sample(space: &DecisionSpace, rng: &mut impl Rng) -> Result<Architecture, SampleError> {
    Sampler::new(space).draw(rng)
}

/// [`sample`] for many architectures: finds out once what all need.
#[derive(Debug)]
pub struct Sampler<'a> {
    space: &'a DecisionSpace,
    diagram: Option<Result<Diagram, TooLarge>>,
}

impl<'a> Sampler<'a> {
    /// Draws from this space.
    #[must_use]
    pub fn new(space: &'a DecisionSpace) -> Self {
        Self {
            space,
            diagram: None,
        }
    }

    /// Draws an architecture, as [`sample`].
    ///
    /// # Errors
    /// When there is no architecture, or none is found.
    pub fn draw(&mut self, rng: &mut impl Rng) -> Result<Architecture, SampleError> {
        if let Some(Ok(diagram)) = &self.diagram {
            // Tries were in vain once, so they will be.
            return diagram.sample(rng).ok_or(SampleError::Empty);
        }
        for _ in 0..TRIES {
            if let Some(architecture) = attempt(self.space, rng, |_| ()) {
                return Ok(architecture);
            }
        }
        let diagram = Diagram::of(self.space);
        match self.diagram.insert(diagram) {
            Ok(diagram) => diagram.sample(rng).ok_or(SampleError::Empty),
            Err(TooLarge) => Err(SampleError::NotFound),
        }
    }
}

/// One try: `None` where a decision has no choice left, or `require` fails.
/// `among` hears among how many each choice was drawn.
pub(super) fn attempt(
    space: &DecisionSpace,
    rng: &mut impl Rng,
    mut among: impl FnMut(BigUint),
) -> Option<Architecture> {
    let mut architecture = Architecture::undecided(space);
    for (id, point) in space.iter() {
        if space.guards.holds(point.active, &architecture) {
            let choices = Choices::of(space, point, &architecture);
            let choice = choices.draw(rng)?;
            among(choices.count());
            architecture.set(id, choice);
        }
    }
    space
        .guards
        .holds(space.require, &architecture)
        .then_some(architecture)
}

/// By active decision of an architecture, the log-probability (nats) of its choice
/// when each is uniform among those that the earlier ones leave.
pub fn uniform_log_probs<'a>(
    space: &'a DecisionSpace,
    architecture: &'a Architecture,
) -> impl Iterator<Item = (DecisionId, f64)> + 'a {
    let active = space
        .iter()
        .filter(|(id, _)| architecture.get(*id).is_some());
    active.map(|(id, point)| {
        let count = Choices::of(space, point, architecture).count();
        (id, -ln(&count))
    })
}

/// The natural logarithm of a number above 0, however large.
pub(crate) fn ln(number: &BigUint) -> f64 {
    let beyond = number.bits().saturating_sub(64);
    let leading = (number >> beyond).iter_u64_digits().next().unwrap_or(1);
    (leading as f64).ln() + beyond as f64 * std::f64::consts::LN_2
}

/// What one decision may choose, the earlier ones made.
pub(super) struct Choices {
    domain: Domain,
    /// The available options, of which the domain is; `None` for all.
    options: Option<Vec<u32>>,
}

impl Choices {
    pub(super) fn of(
        space: &DecisionSpace,
        point: &DecisionPoint,
        architecture: &Architecture,
    ) -> Self {
        if point.available.is_empty() {
            return Self {
                domain: point.domain,
                options: None,
            };
        }
        let options = space.available(point, architecture);
        let n = options.len() as u32;
        Self {
            domain: match point.domain {
                Domain::One { .. } => Domain::One { n },
                Domain::Subset { min, max, .. } => Domain::Subset {
                    n,
                    min,
                    max: max.min(n),
                },
            },
            options: Some(options),
        }
    }

    /// How many choices there are.
    pub(super) fn count(&self) -> BigUint {
        match self.domain {
            Domain::One { n } => n.into(),
            Domain::Subset { n, min, max } => ways(n, min, max),
        }
    }

    /// One of them, each as likely.
    pub(super) fn draw(&self, rng: &mut impl Rng) -> Option<Choice> {
        match self.domain {
            Domain::One { n: 0 } => return None,
            Domain::Subset { min, max, .. } if min > max => return None,
            _ => {}
        }
        let choice = draw(self.domain, rng);
        let Some(options) = &self.options else {
            return Some(choice);
        };
        let option = |place: u32| options.get(place as usize).copied();
        match choice {
            Choice::One(place) => Some(Choice::One(option(place)?)),
            Choice::Set(places) => {
                Some(Choice::Set(places.into_iter().filter_map(option).collect()))
            }
        }
    }

    /// The first of them, by [`Choice::all`].
    pub(super) fn first(&self) -> Option<Choice> {
        match (self.domain, &self.options) {
            (Domain::One { n: 0 }, _) => None,
            (Domain::One { .. }, None) => Some(Choice::One(0)),
            (Domain::One { .. }, Some(options)) => options.first().copied().map(Choice::One),
            (Domain::Subset { n, min, .. }, _) if min > n => None,
            (Domain::Subset { min, .. }, None) => Some(Choice::Set((0..min).collect())),
            (Domain::Subset { min, .. }, Some(options)) => Some(Choice::Set(
                options.iter().copied().take(min as usize).collect(),
            )),
        }
    }

    /// Whether this choice is one of them.
    pub(super) fn has(&self, choice: &Choice) -> bool {
        let place = |option: &u32| match &self.options {
            None => Some(*option),
            Some(options) => options.binary_search(option).ok().map(|place| place as u32),
        };
        let choice = match choice {
            Choice::One(option) => place(option).map(Choice::One),
            Choice::Set(options) => options
                .iter()
                .map(place)
                .collect::<Option<_>>()
                .map(Choice::Set),
        };
        choice.is_some_and(|choice| choice.is_of(self.domain))
    }
}

/// One choice of a domain that has some, each as likely.
pub(super) fn draw(domain: Domain, rng: &mut impl Rng) -> Choice {
    match domain {
        Domain::One { n } => Choice::One(rng.random_range(0..n)),
        Domain::Subset { n, min: 0, max } if max == n => {
            Choice::Set((0..n).filter(|_| rng.random_bool(0.5)).collect())
        }
        Domain::Subset { n, min, max } => {
            // Its size first, as often as there are sets of that size.
            let mut rest = below(&domain.size(), rng);
            let mut size = min;
            while size < max && rest >= binomial(n, size) {
                rest -= binomial(n, size);
                size += 1;
            }
            let chosen = rand::seq::index::sample(rng, n as usize, size as usize);
            let mut chosen: Vec<u32> = chosen.into_iter().map(|index| index as u32).collect();
            chosen.sort_unstable();
            Choice::Set(chosen)
        }
    }
}

/// A number below `bound`, each as likely: bits until they fit, which half of all
/// draws do at least.
pub(super) fn below(bound: &BigUint, rng: &mut impl Rng) -> BigUint {
    let bits = bound.bits();
    if bits <= 1 {
        return BigUint::ZERO;
    }
    loop {
        let words = (0..bits.div_ceil(32))
            .map(|_| rng.random::<u32>())
            .collect();
        let drawn = BigUint::new(words) >> (bits.div_ceil(32) * 32 - bits);
        if drawn < *bound {
            return drawn;
        }
    }
}
