//! Architectures at random, some more likely than others.

use rand::Rng;

use super::Diagram;
use super::node::{Branch, Node, NodeId, Picked};
use super::walk::at;
use crate::decision::{Architecture, Choice, DecisionId, DecisionSpace, Domain};

/// A weight above 0 for every option of every decision, as its natural logarithm.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights(Vec<Vec<f64>>);

impl Weights {
    /// 1 for every option.
    #[must_use]
    pub fn equal(space: &DecisionSpace) -> Self {
        let points = space.points.iter();
        Self(
            points
                .map(|point| vec![0.0; point.domain.options() as usize])
                .collect(),
        )
    }

    /// Weights by which an option is chosen as often as the architectures of `drawn`
    /// choose it, each as often as it counts, and besides them as many as `prior`, which is
    /// above 0, that choose every option as often. Decisions are fitted one by one, so where
    /// conditions couple them that is near and not exact.
    #[must_use]
    pub fn fitted(space: &DecisionSpace, drawn: &[(Architecture, f64)], prior: f64) -> Self {
        let mut weights = Self::equal(space);
        for ((id, point), weights) in space.iter().zip(&mut weights.0) {
            let n = point.domain.options();
            let mut of_option = vec![0.0; n as usize];
            let mut all = prior;
            for (architecture, counts) in drawn {
                let chosen = match architecture.get(id) {
                    None => continue,
                    Some(Choice::One(option)) => std::slice::from_ref(option),
                    Some(Choice::Set(options)) => options,
                };
                all += counts;
                for &option in chosen {
                    if let Some(slot) = of_option.get_mut(option as usize) {
                        *slot += counts;
                    }
                }
            }
            for (slot, counts) in weights.iter_mut().zip(of_option) {
                *slot = match point.domain {
                    Domain::One { .. } => ((counts + prior / f64::from(n)) / all).ln(),
                    // What it does to a set to have the option.
                    Domain::Subset { .. } => {
                        let share = (counts + prior / 2.0) / all;
                        (share / (1.0 - share)).ln()
                    }
                };
            }
        }
        weights
    }

    fn of(&self, decision: DecisionId, option: u32) -> f64 {
        let of_decision = self.0.get(decision.index());
        of_decision
            .and_then(|weights| weights.get(option as usize))
            .copied()
            .unwrap_or(0.0)
    }

    fn of_all(&self, decision: DecisionId, options: &[u32]) -> Vec<f64> {
        let options = options.iter();
        options.map(|&option| self.of(decision, option)).collect()
    }
}

/// The architectures of a diagram, each as likely as the product of the weights of what it
/// chooses.
#[derive(Clone, Debug)]
pub struct Weighted<'a> {
    diagram: &'a Diagram,
    weights: &'a Weights,
    /// By node: the sum over the ways that it stands for, as a logarithm.
    totals: Vec<f64>,
}

impl Diagram {
    /// Its architectures with these weights.
    #[must_use]
    pub fn weighted<'a>(&'a self, weights: &'a Weights) -> Weighted<'a> {
        let mut weighted = Weighted {
            diagram: self,
            weights,
            totals: Vec::with_capacity(self.nodes.len()),
        };
        for node in &self.nodes {
            weighted.totals.push(weighted.total(node));
        }
        weighted
    }
}

impl Weighted<'_> {
    fn total(&self, node: &Node) -> f64 {
        match node {
            Node::One { decision, options } => sum(&self.weights.of_all(*decision, options)),
            Node::Set {
                decision,
                options,
                min,
                max,
            } => {
                let weights = self.weights.of_all(*decision, options);
                Sets::of(&weights, *min, *max).total()
            }
            Node::All(parts) => parts.iter().map(|&part| self.total_of(part)).sum(),
            Node::Branch(branches) => sum(&self.of_each(branches)),
        }
    }

    fn total_of(&self, id: NodeId) -> f64 {
        let total = self.totals.get(id.index());
        total.copied().unwrap_or(f64::NEG_INFINITY)
    }

    /// The weight of each branch with all that may follow.
    fn of_each(&self, branches: &[Branch]) -> Vec<f64> {
        let each = branches.iter();
        each.map(|one| self.picked(&one.picked) + self.total_of(one.rest))
            .collect()
    }

    /// The weight of what a branch chooses.
    fn picked(&self, picked: &Picked) -> f64 {
        match picked {
            Picked::One(decision, options) => sum(&self.weights.of_all(*decision, options)),
            Picked::With(decision, option) => self.weights.of(*decision, *option),
            Picked::Without(..) | Picked::Active(_) | Picked::Inactive(_) => 0.0,
        }
    }

    /// An architecture at random, with the natural logarithm of its probability; `None` if
    /// there is none.
    pub fn sample(&self, rng: &mut impl Rng) -> Option<(Architecture, f64)> {
        if self.diagram.root == NodeId::NONE {
            return None;
        }
        let mut architecture = self.diagram.undecided.clone();
        let mut likely = 0.0;
        let mut open = vec![self.diagram.root];
        while let Some(id) = open.pop() {
            match self.diagram.node(id)? {
                Node::One { decision, options } => {
                    let weights = self.weights.of_all(*decision, options);
                    let place = pick(&weights, rng);
                    likely += weights.get(place)? - self.total_of(id);
                    architecture.set(*decision, Choice::One(*options.get(place)?));
                }
                Node::Set {
                    decision,
                    options,
                    min,
                    max,
                } => {
                    let weights = self.weights.of_all(*decision, options);
                    let places = Sets::of(&weights, *min, *max).draw(rng);
                    let chosen = places.iter().filter_map(|&k| weights.get(k as usize));
                    likely += chosen.sum::<f64>() - self.total_of(id);
                    architecture.include(*decision, &at(options, &places));
                }
                Node::All(parts) => open.extend(parts.iter().rev()),
                Node::Branch(branches) => {
                    let branch = branches.get(pick(&self.of_each(branches), rng))?;
                    let (mut index, mut weight) = (0, self.picked(&branch.picked));
                    if let Picked::One(decision, options) = &branch.picked {
                        let weights = self.weights.of_all(*decision, options);
                        index = pick(&weights, rng);
                        weight = *weights.get(index)?;
                    }
                    likely += weight + self.total_of(branch.rest) - self.total_of(id);
                    branch.picked.apply(index, &mut architecture);
                    open.push(branch.rest);
                }
            }
        }
        Some((architecture, likely))
    }
}

/// The sets of `min..=max` of some elements with weights.
struct Sets<'a> {
    weights: &'a [f64],
    min: usize,
    /// By first element and size: the weight of the sets of it and later ones, as a
    /// logarithm. Empty where every set is one: elements are independent then.
    of_size: Vec<Vec<f64>>,
}

impl<'a> Sets<'a> {
    fn of(weights: &'a [f64], min: u32, max: u32) -> Self {
        let (n, min, max) = (weights.len(), min as usize, max as usize);
        let mut sets = Self {
            weights,
            min,
            of_size: Vec::new(),
        };
        if min == 0 && max >= n {
            return sets;
        }
        // Of no elements: the empty set.
        let empty = |size: usize| if size == 0 { 0.0 } else { f64::NEG_INFINITY };
        let mut of_size: Vec<f64> = (0..=max).map(empty).collect();
        for &weight in weights.iter().rev() {
            let with = of_size.iter().map(|fewer| fewer + weight);
            let with = std::iter::once(f64::NEG_INFINITY).chain(with);
            let both = of_size.iter().zip(with);
            let both = both.map(|(&without, with)| sum(&[without, with])).collect();
            sets.of_size.push(std::mem::replace(&mut of_size, both));
        }
        sets.of_size.push(of_size);
        sets.of_size.reverse();
        sets
    }

    /// The weight of all, as a logarithm.
    fn total(&self) -> f64 {
        match self.of_size.first() {
            None => self.weights.iter().map(|&weight| sum(&[0.0, weight])).sum(),
            Some(of_size) => sum(of_size.get(self.min..).unwrap_or_default()),
        }
    }

    /// One of them, as ascending places.
    fn draw(&self, rng: &mut impl Rng) -> Vec<u32> {
        let places = (0u32..).zip(self.weights);
        let Some(of_size) = self.of_size.first() else {
            let places = places.filter(|&(_, &weight)| pick(&[0.0, weight], rng) == 1);
            return places.map(|(place, _)| place).collect();
        };
        let mut left = self.min + pick(of_size.get(self.min..).unwrap_or_default(), rng);
        let mut drawn = Vec::new();
        for ((place, &weight), rest) in places.zip(self.of_size.iter().skip(1)) {
            let of = |size: Option<usize>| {
                let total = size.and_then(|size| rest.get(size));
                total.copied().unwrap_or(f64::NEG_INFINITY)
            };
            if left > 0 && pick(&[of(Some(left)), of(left.checked_sub(1)) + weight], rng) == 1 {
                drawn.push(place);
                left -= 1;
            }
        }
        drawn
    }
}

/// The logarithm of a sum of numbers from their logarithms.
fn sum(terms: &[f64]) -> f64 {
    let most = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    let parts = terms.iter().map(|term| (term - most).exp());
    most + parts.sum::<f64>().ln()
}

/// One of several at random, each as likely as its weight, of which these are logarithms.
fn pick(weights: &[f64], rng: &mut impl Rng) -> usize {
    let total = sum(weights);
    let mut left: f64 = rng.random();
    let mut last = 0;
    for (place, weight) in weights.iter().enumerate() {
        if *weight == f64::NEG_INFINITY {
            continue;
        }
        last = place;
        left -= (weight - total).exp();
        if left < 0.0 {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::decision::diagram::tests::{enumerate, random_space};

    /// The weight of an architecture, as a logarithm.
    fn weight(weights: &Weights, space: &DecisionSpace, one: &Architecture) -> f64 {
        let of = |(id, _)| match one.get(id) {
            None => 0.0,
            Some(Choice::One(option)) => weights.of(id, *option),
            Some(Choice::Set(options)) => weights.of_all(id, options).iter().sum(),
        };
        space.iter().map(of).sum()
    }

    #[test]
    fn architectures_are_as_likely_as_their_weights() {
        let mut seen = 0;
        for seed in 0..400 {
            let space = random_space(seed);
            let all = enumerate(&space);
            let diagram = Diagram::of(&space).unwrap();
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let known = diagram.sample(&mut rng).map(|one| (one, 2.5));
            let weights = Weights::fitted(&space, known.as_slice(), 1.0);
            let each: Vec<f64> = all
                .iter()
                .map(|one| weight(&weights, &space, one))
                .collect();
            let total = sum(&each);
            let weighted = diagram.weighted(&weights);
            let mut found = vec![0; all.len()];
            for _ in 0..200 {
                let Some((drawn, likely)) = weighted.sample(&mut rng) else {
                    assert!(all.is_empty(), "seed {seed}");
                    break;
                };
                let place = all.iter().position(|one| *one == drawn).unwrap();
                assert!((likely - (each[place] - total)).abs() < 1e-9, "seed {seed}");
                found[place] += 1;
                seen += 1;
            }
            for (found, each) in found.into_iter().zip(each) {
                // Five standard errors at most.
                let off = (f64::from(found) / 200.0 - (each - total).exp()).abs();
                assert!(off < 0.18, "seed {seed}: {off}");
            }
        }
        assert!(seen > 40_000, "{seen}");
    }

    #[test]
    fn sets_are_drawn_as_often_as_they_are_likely() {
        let weights = [0.7, -1.2, 0.1, 0.4];
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for (min, max) in [(0, 4), (1, 4), (2, 2), (0, 1), (3, 4)] {
            let sets = Sets::of(&weights, min, max);
            let mut found = [0u32; 16];
            let n = 20_000;
            for _ in 0..n {
                found[sets.draw(&mut rng).iter().map(|k| 1 << k).sum::<usize>()] += 1;
            }
            for (set, found) in found.into_iter().enumerate() {
                let is_one = (min..=max).contains(&set.count_ones());
                let own = (0..4).filter(|k| set >> k & 1 == 1).map(|k| weights[k]);
                let expected = if is_one {
                    (own.sum::<f64>() - sets.total()).exp()
                } else {
                    0.0
                };
                let share = f64::from(found) / f64::from(n);
                assert!((share - expected).abs() < 0.015, "{min}..={max} {set:b}");
            }
        }
    }
}
