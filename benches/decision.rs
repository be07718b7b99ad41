//! How long counting and drawing take: `cargo bench --no-default-features`.

// The configuration of clippy allows these in tests alone.
#![expect(clippy::expect_used, reason = "a benchmark fails by a panic")]

use divan::Bencher;
use enasc::decision::{Count, Diagram, Sampler};
use enasc::{Options, SearchSpace, compile};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

const SPACES: [&str; 5] = [
    "tiny",
    "enas_rnn",
    "enas_macro",
    "enas_micro",
    "nasbench201",
];

fn space(name: &str) -> SearchSpace {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = root.join(format!("spaces/{name}.enas"));
    let text = std::fs::read_to_string(file).expect("the space ships with the program");
    let mut spaces = compile(name, &text, &Options::default()).spaces;
    spaces.pop().expect("the space compiles")
}

#[divan::bench(args = SPACES)]
fn count(bencher: Bencher, name: &str) {
    let space = space(name);
    bencher.bench(|| Count::of(&space.decisions));
}

/// As `enasc sample` does.
#[divan::bench(sample_count = 5)]
fn sample_micro_100_000_times(bencher: Bencher) {
    let space = space("enas_micro");
    bencher.bench(|| {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mut sampler = Sampler::new(&space.decisions);
        (0..100_000)
            .filter(|_| sampler.draw(&mut rng).is_ok())
            .count()
    });
}

/// As `enasc sample --uniform` does.
#[divan::bench(sample_count = 5)]
fn sample_micro_uniformly_100_000_times(bencher: Bencher) {
    let space = space("enas_micro");
    let diagram = Diagram::of(&space.decisions).expect("it has no conditions");
    bencher.bench(|| {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        (0..100_000)
            .filter_map(|_| diagram.sample(&mut rng))
            .count()
    });
}

fn main() {
    divan::main();
}
