//! Diagrams against enumeration, on spaces made at random.

use std::collections::BTreeMap;

use num_bigint::BigUint;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::compile::{Compiled, Job, Limit, compile};
use super::item::{Items, Known};
use super::{Diagram, Range, order};
use crate::decision::{
    Architecture, Choice, DecisionId, DecisionPoint, DecisionSpace, Domain, GuardId, Hints,
    OptionSource, TableId,
};
use crate::span::Span;

/// Adds a decision.
pub(in crate::decision) fn decide(
    space: &mut DecisionSpace,
    domain: Domain,
    active: GuardId,
    available: Vec<GuardId>,
) -> DecisionId {
    space.add(DecisionPoint {
        path: format!("d{}", space.points.len()),
        domain,
        options: (0..domain.options()).map(|i| format!("o{i}")).collect(),
        active,
        available,
        source: OptionSource::Table(TableId(0)),
        hints: Hints::default(),
        span: Span::default(),
    })
}

/// `k` of `n` options in order: none that an earlier decision took.
pub(in crate::decision) fn in_order(k: u32, n: u32) -> DecisionSpace {
    let mut space = DecisionSpace::default();
    for place in 0..k {
        let available = (0..n)
            .map(|option| {
                let earlier = (0..place).map(|p| space.guards.has(DecisionId(p), option));
                let taken: Vec<GuardId> = earlier.collect();
                let taken = space.guards.any(taken);
                space.guards.not(taken)
            })
            .collect();
        decide(&mut space, one(n), GuardId::ALWAYS, available);
    }
    space
}

fn one(n: u32) -> Domain {
    Domain::One { n }
}

fn set(n: u32, min: u32, max: u32) -> Domain {
    Domain::Subset { n, min, max }
}

/// A condition at random on decisions that are there.
pub(in crate::decision) fn condition(
    space: &mut DecisionSpace,
    rng: &mut impl Rng,
    depth: u32,
) -> GuardId {
    let n = space.points.len();
    if n == 0 {
        return GuardId::ALWAYS;
    }
    if depth == 0 || rng.random_bool(0.2) {
        let decision = rng.random_range(0..n);
        let options = space.points[decision].domain.options();
        if options == 0 {
            return GuardId::NEVER;
        }
        let option = rng.random_range(0..options);
        return space.guards.has(DecisionId(decision as u32), option);
    }
    let width = rng.random_range(2..4);
    let parts: Vec<GuardId> = (0..width)
        .map(|_| condition(space, rng, depth - 1))
        .collect();
    match rng.random_range(0..5) {
        0 => space.guards.not(parts[0]),
        1 => space.guards.all(parts),
        2 => space.guards.any(parts),
        _ => {
            let terms: Vec<(GuardId, u64)> = parts
                .into_iter()
                .map(|part| (part, rng.random_range(1..4)))
                .collect();
            space.guards.at_most(&terms, rng.random_range(0..5))
        }
    }
}

/// A small space at random, in which anything may depend on anything earlier.
pub(in crate::decision) fn random_space(seed: u64) -> DecisionSpace {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let mut space = DecisionSpace::default();
    for _ in 0..rng.random_range(2..8) {
        let domain = if rng.random_bool(0.5) {
            one(rng.random_range(1..5))
        } else {
            let n = rng.random_range(0..4);
            let min = rng.random_range(0..=n);
            set(n, min, rng.random_range(min..=n))
        };
        let active = if rng.random_bool(0.5) {
            condition(&mut space, rng, 2)
        } else {
            GuardId::ALWAYS
        };
        let mut available = Vec::new();
        if rng.random_bool(0.3) {
            for _ in 0..domain.options() {
                let bound = rng.random_bool(0.5);
                let depth = u32::from(bound);
                let guard = condition(&mut space, rng, depth);
                available.push(if bound { guard } else { GuardId::ALWAYS });
            }
        }
        decide(&mut space, domain, active, available);
    }
    if rng.random_bool(0.5) {
        space.require = condition(&mut space, rng, 3);
    }
    space
}

/// Every architecture, by making every choice in program order.
pub(in crate::decision) fn enumerate(space: &DecisionSpace) -> Vec<Architecture> {
    let mut all = vec![Architecture::undecided(space)];
    for (id, point) in space.iter() {
        let mut next = Vec::new();
        for made in all {
            if !space.guards.holds(point.active, &made) {
                next.push(made);
                continue;
            }
            for choice in Choice::all(point.domain) {
                let chosen = match &choice {
                    Choice::One(option) => vec![*option],
                    Choice::Set(options) => options.clone(),
                };
                let available = |option: &u32| {
                    let guard = point.available.get(*option as usize);
                    guard.is_none_or(|guard| space.guards.holds(*guard, &made))
                };
                if chosen.iter().all(available) {
                    let mut made = made.clone();
                    made.set(id, choice);
                    next.push(made);
                }
            }
        }
        all = next;
    }
    all.retain(|made| space.guards.holds(space.require, made));
    all
}

#[test]
fn diagrams_hold_just_the_architectures() {
    let (mut empty, mut large) = (0, 0);
    for seed in 0..1500 {
        let space = random_space(seed);
        let mut all = enumerate(&space);
        let diagram = Diagram::of(&space).unwrap();
        assert_eq!(diagram.count(), all.len().into(), "seed {seed}");
        empty += u32::from(all.is_empty());
        large += u32::from(all.len() > 100);
        let mut listed: Vec<Architecture> = diagram.iter().collect();
        for (rank, architecture) in listed.iter().enumerate().step_by(1 + all.len() / 50) {
            assert_eq!(diagram.rank(architecture), Some(rank.into()), "seed {seed}");
            assert_eq!(diagram.unrank(&rank.into()).as_ref(), Some(architecture));
        }
        assert_eq!(diagram.unrank(&all.len().into()), None);
        listed.sort();
        all.sort();
        assert_eq!(listed, all, "seed {seed}");
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        match diagram.sample(rng) {
            Some(drawn) => assert!(all.binary_search(&drawn).is_ok(), "seed {seed}"),
            None => assert!(all.is_empty()),
        }
        // An architecture that breaks a rule has no number.
        if let Some(mut broken) = all.first().cloned() {
            let last = DecisionId(space.points.len() as u32 - 1);
            match broken.get(last) {
                Some(_) => broken.clear(last),
                None => broken.set(last, Choice::One(0)),
            }
            assert_eq!(diagram.rank(&broken), None, "seed {seed}");
        }
    }
    assert!(empty > 50 && large > 50, "{empty} {large}");
}

/// The number of nodes' ways, of a compilation alone.
fn count(compiled: &Compiled) -> BigUint {
    let mut counts: Vec<BigUint> = Vec::new();
    for node in &compiled.nodes {
        counts.push(node.count(&counts));
    }
    counts[compiled.root.index()].clone()
}

#[test]
fn the_order_of_decisions_does_not_matter() {
    let limit = Limit {
        nodes: 1 << 20,
        work: 1 << 25,
    };
    for seed in 0..700 {
        let space = random_space(seed);
        let job = Job {
            space: &space,
            require: space.require,
            terms: &[],
        };
        let n = enumerate(&space).len().into();
        let known = Known::new(&space);
        let (items, open) = Items::of(job, limit.work).unwrap();
        let mut orders = order::orders(&items, &open, &known);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..3 {
            // Ties are broken by place in the group.
            orders.push(
                (0..known.variables())
                    .map(|_| rng.random_range(0..9))
                    .collect(),
            );
        }
        for (number, order) in orders.iter().enumerate() {
            let compiled = compile(&space, (&items, &open), order, limit).unwrap();
            assert_eq!(count(&compiled), n, "seed {seed}, order {number}");
        }
    }
}

#[test]
fn samples_are_uniform() {
    let mut tested = 0;
    for seed in 0..400 {
        let space = random_space(seed);
        let diagram = Diagram::of(&space).unwrap();
        let Ok(n @ 5..=60) = u32::try_from(diagram.count()) else {
            continue;
        };
        tested += 1;
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let mut seen: BTreeMap<Architecture, f64> = BTreeMap::new();
        let per = 50.0;
        for _ in 0..50 * n {
            *seen.entry(diagram.sample(rng).unwrap()).or_default() += 1.0;
        }
        assert_eq!(seen.len() as u32, n);
        let chi: f64 = seen.values().map(|k| (k - per).powi(2) / per).sum();
        let free = f64::from(n - 1);
        // Five standard deviations.
        assert!(
            chi < free + 5.0 * (2.0 * free).sqrt(),
            "seed {seed}: {chi} of {free}"
        );
    }
    assert!(tested > 20, "{tested}");
}

#[test]
fn ranges_are_those_of_enumeration() {
    let mut wide = 0;
    for seed in 0..700 {
        let mut space = random_space(seed);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let terms: Vec<(GuardId, u64)> = (0..rng.random_range(0..5))
            .map(|_| (condition(&mut space, rng, 2), rng.random_range(0..10)))
            .collect();
        let value = |made: &Architecture| -> u128 {
            let held = terms.iter().filter(|(g, _)| space.guards.holds(*g, made));
            held.map(|(_, weight)| u128::from(*weight)).sum()
        };
        let all = enumerate(&space);
        let values = || all.iter().map(value);
        match Range::of(&space, &terms).unwrap() {
            None => assert!(all.is_empty(), "seed {seed}"),
            Some(range) => {
                assert_eq!(Some(range.min), values().min(), "seed {seed}");
                assert_eq!(Some(range.max), values().max(), "seed {seed}");
                assert!(range.least.is_of(&space) && range.greatest.is_of(&space));
                assert_eq!(value(&range.least), range.min);
                assert_eq!(value(&range.greatest), range.max);
                wide += u32::from(range.min < range.max);
            }
        }
    }
    assert!(wide > 200, "{wide}");
}

#[test]
fn what_is_too_large_is_given_up() {
    // Three of eight in order takes some hundreds of nodes.
    let space = in_order(3, 8);
    let job = Job {
        space: &space,
        require: space.require,
        terms: &[],
    };
    let order: Vec<u32> = (0..3).collect();
    let (items, open) = Items::of(job, 1 << 20).unwrap();
    let with = |nodes, work| compile(&space, (&items, &open), &order, Limit { nodes, work });
    assert!(with(1 << 20, 1 << 20).is_ok_and(|compiled| count(&compiled) == 336u32.into()));
    assert!(with(20, 1 << 20).is_err());
    assert!(with(1 << 20, 100).is_err());
}
