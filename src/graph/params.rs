//! Shared parameters: one leaf tensor a key.

use std::fmt;

use crate::decision::{Architecture, Choice, DecisionId, id};

id!(
    /// A parameter tensor of a [`ParamTable`].
    ParamId
);
id!(
    /// A bank of a [`ParamTable`].
    BankId
);

/// What a parameter is in its operation; a recipe initialises by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Of a convolution or a linear map; the fan-in is the product of all
    /// dimensions but the first.
    Weight,
    /// `[vocab, d]`
    Embedding,
    /// Added; starts at zero.
    Bias,
    /// γ of a normalisation; starts at one.
    Scale,
    /// β of a normalisation; starts at zero.
    Offset,
    /// Moving mean; not trained, starts at zero.
    Mean,
    /// Moving variance; not trained, starts at one.
    Variance,
}

impl Role {
    /// Whether gradients change it.
    #[must_use]
    pub fn is_trained(self) -> bool {
        !matches!(self, Self::Mean | Self::Variance)
    }
}

/// One parameter tensor. Its name is its key in words, unique in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Instance path, candidate path, values of `@per`, operation, role:
    /// `Cell.h[3].linear@2,relu.weight`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// What it is.
    pub role: Role,
}

impl Param {
    /// How many numbers it holds; saturates.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.shape
            .iter()
            .fold(1, |product: u64, &n| product.saturating_mul(n as u64))
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The parameters of one role of one operation instance: a single one, or one
/// for every combination of the choices that `@per` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bank {
    /// The decisions of `@per`; each chooses exactly one option.
    pub per: Vec<DecisionId>,
    /// How many options each has.
    pub sizes: Vec<u32>,
    /// The first parameter; the others follow, the last decision fastest.
    pub first: ParamId,
}

impl Bank {
    /// How many parameters it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sizes.iter().map(|&n| n as usize).product()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All its parameters.
    pub fn params(&self) -> impl Iterator<Item = ParamId> + use<> {
        let first = self.first.0;
        (first..first + self.len() as u32).map(ParamId)
    }

    /// The options that lead to one of its parameters, by place.
    #[must_use]
    pub fn choices(&self, offset: usize) -> Vec<(DecisionId, u32)> {
        let mut rest = offset as u64;
        let mut chosen = Vec::with_capacity(self.per.len());
        for (&decision, &size) in self.per.iter().zip(&self.sizes).rev() {
            let size = u64::from(size.max(1));
            chosen.push((decision, (rest % size) as u32));
            rest /= size;
        }
        chosen
    }

    /// The parameter that an architecture uses; an inactive decision counts as
    /// its first option (the operation is then not reached).
    #[must_use]
    pub fn param(&self, architecture: &Architecture) -> ParamId {
        let offset = self
            .per
            .iter()
            .zip(&self.sizes)
            .fold(0, |offset, (&decision, &size)| {
                let option = match architecture.get(decision) {
                    Some(Choice::One(option)) => *option,
                    _ => 0,
                };
                offset * size + option
            });
        ParamId(self.first.0 + offset)
    }
}

/// All parameters of a supergraph.
#[derive(Clone, Debug, Default)]
pub struct ParamTable {
    /// By [`ParamId`].
    pub params: Vec<Param>,
    /// By [`BankId`].
    pub banks: Vec<Bank>,
}

impl ParamTable {
    /// The parameter of an id of this table.
    #[must_use]
    pub fn get(&self, id: ParamId) -> Option<&Param> {
        self.params.get(id.index())
    }

    /// The bank of an id of this table.
    #[must_use]
    pub fn bank(&self, id: BankId) -> Option<&Bank> {
        self.banks.get(id.index())
    }

    /// The width of the first embedding.
    #[must_use]
    pub fn width(&self) -> Option<usize> {
        let embedding = |param: &&Param| param.role == Role::Embedding;
        self.params.iter().find(embedding)?.shape.get(1).copied()
    }

    /// How many trained numbers some parameters hold together; saturates.
    pub fn trained(&self, ids: impl IntoIterator<Item = ParamId>) -> u64 {
        ids.into_iter()
            .filter_map(|id| self.get(id))
            .filter(|param| param.role.is_trained())
            .map(Param::len)
            .fold(0, u64::saturating_add)
    }

    /// How many trained numbers there are in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.trained((0..self.params.len() as u32).map(ParamId))
    }
}

impl fmt::Display for ParamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", self.0)
    }
}
