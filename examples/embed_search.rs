//! A whole search inside a program of one's own: shared weights, policy, derivation.
//!
//! What `enasc search` does, by the library: it writes the same run folder, which the
//! commands read, and tells an observer what happens.
//!
//! ```text
//! cargo run --release --example embed_search -- FOLDER
//! ```

#![expect(clippy::print_stdout, reason = "it is a program that prints")]

use std::path::Path;

use enasc::data::{self, DataSpec};
use enasc::decision::Architecture;
use enasc::run::{Command, DataInfo, Recipe, Run, RunInfo, SpaceInfo, graph_fingerprint};
use enasc::train::{Event, Interrupt, Observer, SearchConfig, Watch, search};
use enasc::{Options, SearchSpace, compile};

const SPACE: &str = include_str!("../spaces/tiny.enas");

/// Prints a line each tenth step.
struct Steps(u64);

impl Observer for Steps {
    fn event(&mut self, event: &Event<'_>) {
        if let Event::Step { figures, .. } = event {
            self.0 += 1;
            if self.0.is_multiple_of(10) {
                println!("{} {figures:.3?}", self.0);
            }
        }
    }
}

fn main() -> Result<(), String> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("usage: embed_search FOLDER")?;
    let (space, best) = embedded(Path::new(&folder), &[])?;
    println!("{}", best.to_line(&space.decisions));
    Ok(())
}

/// Searches the shipped space `tiny` on synthetic images, with some hyperparameters
/// changed; gives the space and the derived architecture.
pub(crate) fn embedded(
    folder: &Path,
    changes: &[(&str, &str)],
) -> Result<(SearchSpace, Architecture), String> {
    let compiled = compile("tiny.enas", SPACE, &Options::default());
    let space = compiled.spaces.into_iter().next();
    let space = space.ok_or("the space does not compile")?;
    let source: DataSpec = "synthetic".parse().map_err(text)?;
    let images = data::load(&source).map_err(text)?;
    let config = SearchConfig::of(space.graph.task).with_one("shared.epochs", "1");
    let mut config = config.map_err(text)?;
    for (path, value) in changes {
        config = config.with_one(path, value).map_err(text)?;
    }

    let recipe = Recipe {
        info: RunInfo {
            command: Command::Search,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            space: SpaceInfo {
                file: "tiny.enas".to_owned(),
                name: space.name.clone(),
                set: Vec::new(),
                decisions: space.decisions.hash(),
                graph: graph_fingerprint(&space.decisions, &space.graph),
            },
            data: DataInfo {
                source: source.to_string(),
                name: images.name().to_owned(),
                fingerprint: images.fingerprint().to_owned(),
                normalisation: None,
            },
            inherited: None,
            machine: None,
        },
        config: serde_json::to_value(&config).map_err(text)?,
        source: SPACE,
        modules: &[],
        architecture: None,
    };
    let run = Run::create(folder, &recipe).map_err(text)?;
    let mut watch = Watch {
        // From another thread, `raise` stops the search after the step at hand.
        interrupt: &Interrupt::at(None),
        observer: &mut Steps(0),
    };
    let device = tch::Device::Cpu;
    let ranked = search(&space, &images, &config, &run, device, &mut watch).map_err(text)?;
    let best = ranked.into_iter().next().ok_or("nothing was derived")?;
    Ok((space, best.architecture))
}

fn text(why: impl std::fmt::Display) -> String {
    why.to_string()
}
