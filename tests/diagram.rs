//! Decision diagrams of spaces that no enumeration could count.

use enasc::decision::{
    DecisionId, DecisionPoint, DecisionSpace, Diagram, Domain, GuardId, Hints, OptionSource,
    TableId,
};
use num_bigint::BigUint;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Adds a decision.
pub fn decide(
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
        span: enasc::span::Span::default(),
    })
}

fn one(n: u32) -> Domain {
    Domain::One { n }
}

fn set(n: u32, min: u32, max: u32) -> Domain {
    Domain::Subset { n, min, max }
}

fn any(n: u32) -> Domain {
    set(n, 0, n)
}

/// 60 elements, each with a decision of its own where it is chosen.
fn gated(n: u32, min: u32, max: u32) -> DecisionSpace {
    let mut space = DecisionSpace::default();
    let picked = decide(&mut space, set(n, min, max), GuardId::ALWAYS, vec![]);
    for option in 0..n {
        let has = space.guards.has(picked, option);
        decide(&mut space, one(3), has, vec![]);
    }
    space
}

/// What every node that no later one picks decides; `n` nodes.
fn loose(n: u32) -> DecisionSpace {
    let mut space = DecisionSpace::default();
    let picks: Vec<DecisionId> = (1..n)
        .map(|l| decide(&mut space, one(l), GuardId::ALWAYS, vec![]))
        .collect();
    for i in 0..n {
        let used: Vec<GuardId> = (i + 1..n)
            .map(|l| space.guards.has(picks[l as usize - 1], i))
            .collect();
        let used = space.guards.any(used);
        let loose = space.guards.not(used);
        decide(&mut space, one(2), loose, vec![]);
    }
    space
}

/// `k` different ones of `n` in order.
fn ordered(n: u32, k: u32) -> DecisionSpace {
    let mut space = DecisionSpace::default();
    for l in 0..k {
        let available = (0..n)
            .map(|option| {
                let taken: Vec<GuardId> = (0..l)
                    .map(|earlier| space.guards.has(DecisionId(earlier), option))
                    .collect();
                let taken = space.guards.any(taken);
                space.guards.not(taken)
            })
            .collect();
        decide(&mut space, one(n), GuardId::ALWAYS, available);
    }
    space
}

/// Seven nodes with at most nine edges of 21, every node on a way from the first to
/// the last or without edges, five inner operations of three kinds.
fn nasbench101() -> DecisionSpace {
    let mut space = DecisionSpace::default();
    let sources: Vec<DecisionId> = (1..7)
        .map(|j| decide(&mut space, any(j), GuardId::ALWAYS, vec![]))
        .collect();
    for _ in 0..5 {
        decide(&mut space, one(3), GuardId::ALWAYS, vec![]);
    }
    let mut edges: Vec<(GuardId, u64)> = Vec::new();
    // What is reached from the first.
    let mut from = vec![GuardId::ALWAYS];
    for j in 1..7 {
        let mut ways = Vec::new();
        for i in 0..j {
            let edge = space.guards.has(sources[j as usize - 1], i);
            edges.push((edge, 1));
            ways.push(space.guards.and(edge, from[i as usize]));
        }
        from.push(space.guards.any(ways));
    }
    let few = space.guards.at_most(&edges, 9);
    space.require = space.guards.and(few, from[6]);
    space
}

fn count(space: &DecisionSpace) -> BigUint {
    let diagram = Diagram::of(space).unwrap();
    // What is counted can be numbered and drawn.
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    for _ in 0..3 {
        let drawn = diagram.sample(rng).unwrap();
        let rank = diagram.rank(&drawn).unwrap();
        assert_eq!(diagram.unrank(&rank), Some(drawn));
    }
    eprintln!("{} nodes", diagram.nodes());
    diagram.count()
}

fn power(base: u32, exponent: u32) -> BigUint {
    BigUint::from(base).pow(exponent)
}

#[test]
fn what_no_enumeration_could_count() {
    let timed = |name: &str, space: DecisionSpace| {
        let start = std::time::Instant::now();
        let n = count(&space);
        eprintln!("{name}: {:.20} in {:?}", n.to_string(), start.elapsed());
        n
    };
    assert_eq!(timed("gated", gated(60, 0, 60)), power(4, 60));
    assert_eq!(timed("gated some", gated(60, 1, 60)), power(4, 60) - 1u8);
    assert_eq!(
        timed("gated 2", gated(60, 2, 2)),
        (60u32 * 59 / 2 * 9).into()
    );
    timed("loose 12", loose(12));
    timed("loose 16", loose(16));
    timed("loose 20", loose(20));
    assert_eq!(
        timed("ordered", ordered(12, 5)),
        (12u32 * 11 * 10 * 9 * 8).into()
    );
    timed("ordered 16 5", ordered(16, 5));
    timed("nb101", nasbench101());
    let mut flat = DecisionSpace::default();
    for _ in 0..10_000 {
        decide(&mut flat, one(3), GuardId::ALWAYS, vec![]);
    }
    assert_eq!(timed("flat", flat), power(3, 10_000));
    for n in [1000, 3000, 10_000] {
        let mut chain = DecisionSpace::default();
        let mut active = GuardId::ALWAYS;
        for _ in 0..n {
            let link = decide(&mut chain, one(2), active, vec![]);
            active = chain.guards.has(link, 1);
        }
        assert_eq!(timed("chain", chain), (n + 1u32).into());
    }
}
