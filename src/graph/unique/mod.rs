//! How many networks differ among the architectures of a space.
//!
//! Two architectures are of one *class* where they compute the same network
//! ([`super::canonical`]). Small spaces are counted by building all networks; of large
//! ones the number is estimated (`estimate`).

mod estimate;

use std::collections::BTreeSet;
use std::ops::Range;

use num_bigint::BigUint;

use super::alike::TooManyAlike;
use super::canonical::{Canonical, Form, TooAlike};
use super::parts::{Part, parts};
use super::{Supergraph, select};
use crate::decision::{Count, DecisionSpace, Diagram, Estimate, How};
pub use estimate::estimate;

/// The number of architectures of a space that differ in their form.
///
/// # Errors
/// When the form of one is not found.
pub fn exact(
    graph: &Supergraph,
    decisions: &DecisionSpace,
    diagram: &Diagram,
) -> Result<usize, TooAlike> {
    let canonical = Canonical::new(graph);
    let forms = |ranks: Range<u64>| -> Result<BTreeSet<Form>, TooAlike> {
        let architectures = ranks.map_while(|rank| diagram.unrank(&rank.into()));
        architectures
            .map(|one| canonical.form(&select(graph, decisions, &one)))
            .collect()
    };
    let all = u64::try_from(diagram.count()).unwrap_or(u64::MAX);
    let mut together = BTreeSet::new();
    for some in shared_out(all, forms) {
        together.append(&mut some?);
    }
    Ok(together.len())
}

/// Of the stack of a thread: a search goes a thousand branches deep.
const STACK: usize = 128 << 20;

/// What work on all of some numbers comes to, done in parts on all cores; in order.
fn shared_out<T: Send>(all: u64, work: impl Fn(Range<u64>) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let start = |thread: u64| (u128::from(all) * u128::from(thread) / u128::from(threads)) as u64;
    let work = &work;
    std::thread::scope(|scope| {
        let parts = (0..threads).map(|thread| {
            let run = move || work(start(thread)..start(thread + 1));
            let builder = std::thread::Builder::new().stack_size(STACK);
            // Without a thread to be had, here.
            builder.spawn_scoped(scope, run).map_err(|_| run)
        });
        let parts: Vec<_> = parts.collect();
        let done = parts.into_iter().map(|part| match part {
            Ok(part) => match part.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            },
            Err(run) => run(),
        });
        done.collect()
    })
}

/// Networks that cannot be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// The form of one is not found.
    #[error(transparent)]
    TooAlike(#[from] TooAlike),
    /// A class is too large.
    #[error(transparent)]
    TooManyAlike(#[from] TooManyAlike),
}

/// So many networks are built, whatever they are.
pub const MOST: u32 = 1_000_000;

/// So many are built if they are small: nodes of all together.
const MOST_SMALL: u32 = 10_000_000;
const MOST_NODES: u64 = 1 << 30;

/// How many architectures of a space differ in their form: of each of its
/// [`parts`](super::parts), exactly where all its networks can be built, otherwise by an
/// estimate with this seed. `None` if there is none.
///
/// Estimates of parts are independent, so that the product is unbiased as they are, and
/// its relative variance is the product of one more than each, less one.
///
/// # Errors
/// When the form of a network is not found, or one is built in too many ways.
pub fn count(
    graph: &Supergraph,
    decisions: &DecisionSpace,
    diagram: &Diagram,
    seed: u64,
) -> Result<Option<Count>, Unknown> {
    let Some(parts) = parts(graph, decisions) else {
        return of_one(graph, decisions, diagram, seed, WORK);
    };
    let is_large = |part: &&Part| !is_small(&part.graph, &part.diagram);
    let large = parts.iter().filter(is_large).count().max(1);
    let mut value = BigUint::from(1u8);
    let mut all: Option<Estimate> = None;
    for part in &parts {
        let work = WORK / large as u64;
        let found = of_one(&part.graph, &part.decisions, &part.diagram, seed, work)?;
        let Some(found) = found else {
            return Ok(None);
        };
        value *= found.value;
        if let How::Estimate(one) = found.how {
            let known = all.unwrap_or(Estimate {
                relative_error: 0.0,
                samples: 0,
                seed,
            });
            let more = |error: f64| error.mul_add(error, 1.0);
            let variance = more(known.relative_error) * more(one.relative_error) - 1.0;
            all = Some(Estimate {
                relative_error: variance.sqrt(),
                samples: known.samples + one.samples,
                seed,
            });
        }
    }
    Ok(Some(Count {
        value,
        how: all.map_or(How::Product, How::Estimate),
    }))
}

fn of_one(
    graph: &Supergraph,
    decisions: &DecisionSpace,
    diagram: &Diagram,
    seed: u64,
    work: u64,
) -> Result<Option<Count>, Unknown> {
    if is_small(graph, diagram) {
        let value = exact(graph, decisions, diagram)?.into();
        let how = How::Product;
        return Ok(Some(Count { value, how }));
    }
    Ok(estimate(graph, decisions, diagram, seed, work)?)
}

/// How much work an estimate is: some half a minute of it, on all cores less.
const WORK: u64 = 1 << 26;

/// Whether all networks are built.
fn is_small(graph: &Supergraph, diagram: &Diagram) -> bool {
    let count = diagram.count();
    let nodes = graph.regions.iter().map(|region| region.graph.node_count());
    let nodes: usize = nodes.sum();
    count <= MOST.into() || (count <= MOST_SMALL.into() && count * nodes <= MOST_NODES.into())
}
