//! One architecture: a choice for every active decision, and its text forms.
//!
//! Two forms are read and written, and mean the same: a line of `path=choice`
//! pairs, and a JSON object `{"space": .., "hash": .., "decisions": {path: choice}}`.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{DecisionId, DecisionPoint, DecisionSpace, Domain, Guard, GuardId};
use crate::diagnostic::suggest;

/// What was chosen at one decision point.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Choice {
    /// One option.
    One(u32),
    /// A set of options, ascending.
    Set(Vec<u32>),
}

impl Choice {
    /// Every choice of a domain, in a fixed order. Long for large sets.
    pub fn all(domain: Domain) -> Box<dyn Iterator<Item = Self>> {
        match domain {
            Domain::One { n } => Box::new((0..n).map(Self::One)),
            Domain::Subset { n, min, max } => Box::new(
                (0..1u128 << n.min(127))
                    .filter(move |bits| (min..=max).contains(&bits.count_ones()))
                    .map(move |bits| {
                        Self::Set((0..n).filter(|option| bits >> option & 1 == 1).collect())
                    }),
            ),
        }
    }

    /// Whether a domain has this choice.
    #[must_use]
    pub fn is_of(&self, domain: Domain) -> bool {
        match (self, domain) {
            (Self::One(option), Domain::One { n }) => *option < n,
            (Self::Set(options), Domain::Subset { n, min, max }) => {
                (min..=max).contains(&(options.len() as u32))
                    && options.windows(2).all(|pair| pair.first() < pair.last())
                    && options.last().is_none_or(|&last| last < n)
            }
            _ => false,
        }
    }
}

/// A choice for every active decision of a space; `None` where inactive.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Architecture {
    choices: Vec<Option<Choice>>,
}

/// Why a text is no architecture of a space.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchitectureError {
    /// Neither of the two forms.
    #[error("the architecture cannot be read: {0}")]
    Unreadable(String),
    /// Written for a space with other decisions.
    #[error(
        "the architecture belongs to another space: its decisions have the hash {found}, those of `{space}` have {expected}; use the space (and the `--set` values) it was made with"
    )]
    OtherSpace {
        /// This space.
        space: String,
        /// This space's hash.
        expected: String,
        /// The architecture's.
        found: String,
    },
    /// A path that is no decision of the space.
    #[error("the space has no decision `{path}`{}", help.as_ref().map(|h| format!("; {h}")).unwrap_or_default())]
    UnknownDecision {
        /// The path.
        path: String,
        /// What was probably meant.
        help: Option<String>,
    },
    /// A choice that the decision does not offer.
    #[error("`{path}` cannot be `{choice}`; it is {offers}")]
    BadChoice {
        /// The decision.
        path: String,
        /// The text of the choice.
        choice: String,
        /// What it offers.
        offers: String,
    },
    /// An active decision without a choice.
    #[error("the architecture makes no choice for `{path}`; it is {offers}")]
    Missing {
        /// The decision.
        path: String,
        /// What it offers.
        offers: String,
    },
    /// A choice that the decision does not offer under the earlier choices.
    #[error("`{path}` cannot be `{option}` here, which it can be only if {when}")]
    Unavailable {
        /// The decision.
        path: String,
        /// The option.
        option: String,
        /// When it is available, in words.
        when: String,
    },
    /// Choices that do not go together.
    #[error("the architecture is none of the space, which requires that {what}")]
    Violates {
        /// What is required, in words.
        what: String,
    },
    /// A choice for a decision that the other choices switch off.
    #[error("the architecture decides `{path}`, which its other choices leave nothing to decide")]
    Inactive {
        /// The decision.
        path: String,
    },
}

impl Architecture {
    /// The architecture of `space` in which nothing is decided yet.
    #[must_use]
    pub fn undecided(space: &DecisionSpace) -> Self {
        Self {
            choices: vec![None; space.points.len()],
        }
    }

    /// How many decision points its space has.
    pub(super) fn len(&self) -> usize {
        self.choices.len()
    }

    /// What was chosen at a decision point; `None` where it is inactive.
    #[must_use]
    pub fn get(&self, decision: DecisionId) -> Option<&Choice> {
        self.choices.get(decision.index())?.as_ref()
    }

    /// Whether a decision is active and chose `option`, or a set that has it.
    #[must_use]
    pub fn has(&self, decision: DecisionId, option: u32) -> bool {
        self.get(decision).is_some_and(|choice| match choice {
            Choice::One(chosen) => *chosen == option,
            Choice::Set(chosen) => chosen.binary_search(&option).is_ok(),
        })
    }

    /// Puts options into the set of one point, which is chosen by that.
    pub(super) fn include(&mut self, decision: DecisionId, options: &[u32]) {
        let Some(slot) = self.choices.get_mut(decision.index()) else {
            return;
        };
        match slot {
            Some(Choice::Set(chosen)) => {
                for option in options {
                    if let Err(place) = chosen.binary_search(option) {
                        chosen.insert(place, *option);
                    }
                }
            }
            _ => *slot = Some(Choice::Set(options.to_vec())),
        }
    }

    /// Decides one point.
    pub fn set(&mut self, decision: DecisionId, choice: Choice) {
        if let Some(slot) = self.choices.get_mut(decision.index()) {
            *slot = Some(choice);
        }
    }

    /// Makes one point undecided again.
    pub fn clear(&mut self, decision: DecisionId) {
        if let Some(slot) = self.choices.get_mut(decision.index()) {
            *slot = None;
        }
    }

    /// The line form: `path=choice path=choice ..`, active decisions in program order.
    #[must_use]
    pub fn to_line(&self, space: &DecisionSpace) -> String {
        self.active(space)
            .map(|(path, choice)| format!("{path}={choice}"))
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The JSON form, on which `name` is the space's name.
    #[must_use]
    pub fn to_json(&self, space: &DecisionSpace, name: &str) -> Value {
        let decisions: Map<String, Value> = space
            .iter()
            .filter_map(|(id, point)| {
                let text = |option: &u32| point.options.get(*option as usize).cloned();
                let value = match self.get(id)? {
                    Choice::One(option) => json!(text(option)),
                    Choice::Set(options) => json!(options.iter().map(text).collect::<Vec<_>>()),
                };
                Some((point.path.clone(), value))
            })
            .collect();
        json!({"space": name, "hash": space.hash(), "decisions": decisions})
    }

    fn active<'a>(
        &'a self,
        space: &'a DecisionSpace,
    ) -> impl Iterator<Item = (&'a str, String)> + 'a {
        space.iter().filter_map(|(id, point)| {
            let text = |option: &u32| {
                point
                    .options
                    .get(*option as usize)
                    .map_or("?", String::as_str)
            };
            let choice = match self.get(id)? {
                Choice::One(option) => text(option).to_owned(),
                Choice::Set(options) => {
                    let inner: Vec<&str> = options.iter().map(text).collect();
                    format!("{{{}}}", inner.join(","))
                }
            };
            Some((point.path.as_str(), choice))
        })
    }

    /// Reads either form; `name` is the space's name.
    ///
    /// # Errors
    /// When the text has neither form, is of another space, or does not decide
    /// exactly the active decisions.
    pub fn parse(text: &str, space: &DecisionSpace, name: &str) -> Result<Self, ArchitectureError> {
        let text = text.trim();
        let pairs = if text.starts_with('{') {
            json_pairs(text, space, name)?
        } else {
            line_pairs(text)?
        };
        let mut choices: Vec<Option<Pair>> = vec![None; space.points.len()];
        let places = space.points.iter().enumerate();
        let places: HashMap<&str, usize> = places.map(|(i, p)| (p.path.as_str(), i)).collect();
        let place = |path: &str| places.get(path).copied();
        let (n, known) = (pairs.len(), |pair: &&Pair| place(&pair.0).is_some());
        let n_unknown = n - pairs.iter().filter(known).count();
        for (path, options) in pairs {
            let Some(slot) = place(&path).and_then(|index| choices.get_mut(index)) else {
                let help = if n_unknown > 1 && 2 * n_unknown > n {
                    Some(format!(
                        "{n_unknown} of the {n} decisions given are unknown: the architecture may \
                         belong to another space, or to other `--set` values"
                    ))
                } else {
                    let known = space.points.iter().map(|point| point.path.as_str());
                    suggest::did_you_mean(&path, known)
                };
                return Err(ArchitectureError::UnknownDecision { path, help });
            };
            if slot.is_some() {
                return Err(ArchitectureError::Unreadable(format!(
                    "`{path}` is decided twice"
                )));
            }
            *slot = Some((path, options));
        }
        let mut architecture = Self::undecided(space);
        for ((id, point), given) in space.iter().zip(choices) {
            let active = space.guards.holds(point.active, &architecture);
            let offers = || offers(point.domain, &point.options);
            match (active, given) {
                (false, None) => {}
                (false, Some((path, _))) => return Err(ArchitectureError::Inactive { path }),
                (true, None) => {
                    return Err(ArchitectureError::Missing {
                        path: point.path.clone(),
                        offers: offers(),
                    });
                }
                (true, Some((path, texts))) => {
                    let choice = read_choice(point.domain, &point.options, &texts);
                    let Some(choice) = choice else {
                        return Err(ArchitectureError::BadChoice {
                            path,
                            choice: texts.join(","),
                            offers: offers(),
                        });
                    };
                    if let Some((option, guard)) = unavailable(space, point, &choice, &architecture)
                    {
                        let option = point.options.get(option as usize);
                        return Err(ArchitectureError::Unavailable {
                            path,
                            option: option.cloned().unwrap_or_default(),
                            when: space.guards.words(guard, space),
                        });
                    }
                    architecture.set(id, choice);
                }
            }
        }
        // Of several requirements, the first that fails.
        let parts = match space.guards.get(space.require) {
            Guard::And(parts) => parts.clone(),
            _ => vec![space.require],
        };
        let fails = |part: &&GuardId| !space.guards.holds(**part, &architecture);
        if let Some(&part) = parts.iter().find(fails) {
            return Err(ArchitectureError::Violates {
                what: space.guards.words(part, space),
            });
        }
        Ok(architecture)
    }

    /// Whether it is an architecture of the space: a choice for just the active
    /// decisions, of available options, and all that the space requires holds.
    #[must_use]
    pub fn is_of(&self, space: &DecisionSpace) -> bool {
        let guards = &space.guards;
        self.choices.len() == space.points.len()
            && guards.holds(space.require, self)
            && space.iter().all(|(id, point)| {
                match (guards.holds(point.active, self), self.get(id)) {
                    (false, choice) => choice.is_none(),
                    (true, None) => false,
                    (true, Some(choice)) => {
                        choice.is_of(point.domain)
                            && unavailable(space, point, choice, self).is_none()
                    }
                }
            })
    }
}

/// An option of a choice that is not available, with the condition under which it
/// would be.
fn unavailable(
    space: &DecisionSpace,
    point: &DecisionPoint,
    choice: &Choice,
    architecture: &Architecture,
) -> Option<(u32, GuardId)> {
    let chosen = match choice {
        Choice::One(option) => std::slice::from_ref(option),
        Choice::Set(options) => options.as_slice(),
    };
    chosen.iter().find_map(|&option| {
        let guard = *point.available.get(option as usize)?;
        (!space.guards.holds(guard, architecture)).then_some((option, guard))
    })
}

fn offers(domain: Domain, options: &[String]) -> String {
    let list = options.join(", ");
    match domain {
        Domain::One { .. } => format!("one of {list}"),
        Domain::Subset { n: 0, .. } => "the empty set {}".to_owned(),
        Domain::Subset { n, min: 0, max } if n == max => format!("any set of {{{list}}}"),
        Domain::Subset { min, max, .. } if min == max => format!("a set of {min} of {{{list}}}"),
        Domain::Subset { min, max, .. } => format!("a set of {min} to {max} of {{{list}}}"),
    }
}

fn read_choice(domain: Domain, options: &[String], texts: &[String]) -> Option<Choice> {
    let mut chosen = texts
        .iter()
        .map(|text| {
            let index = options.iter().position(|option| option == text)?;
            Some(index as u32)
        })
        .collect::<Option<Vec<u32>>>()?;
    let choice = match domain {
        Domain::One { .. } => match chosen.as_slice() {
            [one] => Choice::One(*one),
            _ => return None,
        },
        Domain::Subset { .. } => {
            chosen.sort_unstable();
            Choice::Set(chosen)
        }
    };
    choice.is_of(domain).then_some(choice)
}

/// A path, and the texts of what was chosen there.
type Pair = (String, Vec<String>);

fn line_pairs(text: &str) -> Result<Vec<Pair>, ArchitectureError> {
    text.split_whitespace()
        .map(|pair| {
            // The last `=`: a path may hold one, a choice never does.
            let (path, choice) = pair.rsplit_once('=').ok_or_else(|| {
                ArchitectureError::Unreadable(format!("`{pair}` has not the form path=choice"))
            })?;
            let set = choice
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'));
            let options = match set {
                Some(inner) => inner
                    .split(',')
                    .filter(|option| !option.is_empty())
                    .map(str::to_owned)
                    .collect(),
                None => vec![choice.to_owned()],
            };
            Ok((path.to_owned(), options))
        })
        .collect()
}

fn json_pairs(
    text: &str,
    space: &DecisionSpace,
    name: &str,
) -> Result<Vec<Pair>, ArchitectureError> {
    let unreadable = |why: String| ArchitectureError::Unreadable(why);
    let value: Value = serde_json::from_str(text).map_err(|why| unreadable(why.to_string()))?;
    if let Some(found) = value.get("hash").and_then(Value::as_str) {
        let expected = space.hash();
        if found != expected {
            return Err(ArchitectureError::OtherSpace {
                space: name.to_owned(),
                expected,
                found: found.to_owned(),
            });
        }
    }
    let decisions = value
        .get("decisions")
        .and_then(Value::as_object)
        .ok_or_else(|| unreadable("it has no object `decisions`".to_owned()))?;
    let option = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(unreadable(format!("`{other}` is no choice"))),
    };
    decisions
        .iter()
        .map(|(path, choice)| {
            let options = match choice {
                Value::Array(items) => items.iter().map(option).collect::<Result<_, _>>()?,
                one => vec![option(one)?],
            };
            Ok((path.clone(), options))
        })
        .collect()
}
