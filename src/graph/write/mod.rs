//! Networks as text: DOT for people, JSON for programs.
//!
//! In: the supergraph, or an architecture whose child is written. Out: the same
//! bytes for the same input.

mod dot;
mod inside;
mod json;

use super::view::{self, View};
use super::{Supergraph, select};
use crate::decision::{Architecture, DecisionSpace};

pub(crate) use dot::several;
pub use dot::{dot, dot_inside};
pub use json::{json, json_inside};

/// What is written.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The name of the space.
    pub name: &'a str,
    /// Its supergraph.
    pub graph: &'a Supergraph,
    /// Its decisions.
    pub decisions: &'a DecisionSpace,
    /// The architecture whose child is written; without it the supergraph is.
    pub architecture: Option<&'a Architecture>,
}

impl Subject<'_> {
    fn view(&self) -> View {
        match self.architecture {
            None => view::supergraph(self.graph),
            Some(architecture) => view::child(&select(self.graph, self.decisions, architecture)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng as _;
    use serde_json::Value;

    use super::*;
    use crate::decision::sample;
    use crate::{Options, SearchSpace, compile};

    fn space_of(text: &str) -> SearchSpace {
        let mut compilation = compile("test.enas", text, &Options::default());
        assert_eq!(compilation.diagnostics, []);
        compilation.spaces.pop().unwrap()
    }

    fn subject<'a>(space: &'a SearchSpace, chosen: Option<&'a Architecture>) -> Subject<'a> {
        Subject {
            name: &space.name,
            graph: &space.graph,
            decisions: &space.decisions,
            architecture: chosen,
        }
    }

    const SMALL: &str = "
        ops Act = { tanh, relu }
        space small {
          input x: [2] output y: [2]
          let f = choose Act
          nodes h = [x, f(linear(x, 2))]
          y = sum(pick some of h)
        }";

    #[test]
    fn a_small_supergraph_in_dot() {
        let text = dot(subject(&space_of(SMALL), None));
        let lines: Vec<&str> = text.lines().skip(4).map(str::trim).collect();
        assert_eq!(
            lines,
            [
                r##"r0n0 [label="x", tooltip="x", shape=ellipse, fillcolor="#e8e8e8"]"##,
                r##"r0n1 [label="linear", tooltip="linear", fillcolor="#cfe3f7"]"##,
                r##"r0n4 [label="f", tooltip="", shape=diamond, style=filled, fillcolor="#ffd9a0", margin="0.01,0.01"]"##,
                r##"r0n5 [label="sum", tooltip="", fillcolor="#f5dcec"]"##,
                "subgraph cluster_1 {",
                r#"label="f""#,
                r##"r0n2 [label="tanh", tooltip="f.tanh", fillcolor="#fdf3c8"]"##,
                r##"r0n3 [label="relu", tooltip="f.relu", fillcolor="#fdf3c8"]"##,
                "}",
                r##"out0 [label="y", shape=ellipse, fillcolor="#e8e8e8"]"##,
                r#"r0n5 -> out0 [label="[2]"]"#,
                r#"r0n0 -> r0n1 [label="[2]"]"#,
                r#"r0n1 -> r0n2 [label="[2]"]"#,
                r#"r0n1 -> r0n3 [label="[2]"]"#,
                r#"r0n2 -> r0n4 [label="tanh", style=dashed]"#,
                r#"r0n3 -> r0n4 [label="relu", style=dashed]"#,
                r#"r0n0 -> r0n5 [label="y has 0\n[2]", style=dashed]"#,
                r#"r0n4 -> r0n5 [label="y has 1\n[2]", style=dashed]"#,
                "}",
            ]
        );
    }

    #[test]
    fn a_small_child_in_json() {
        let space = space_of(SMALL);
        let line = "f=relu y={1}";
        let chosen = Architecture::parse(line, &space.decisions, &space.name).unwrap();
        let value = json(subject(&space, Some(&chosen)));
        assert_eq!(value["architecture"]["decisions"]["f"], "relu");
        let expected: Value = serde_json::from_str(
            r#"[{
                "inputs": [0],
                "outputs": [5],
                "nodes": [
                    {"id": 0, "op": "input", "shape": [2], "timed": false, "path": "x", "params": []},
                    {"id": 1, "op": "linear", "bias": false, "shape": [2], "timed": false,
                     "path": "linear", "params": [{"role": "weight", "per": [], "ids": [0]}]},
                    {"id": 3, "op": "relu", "shape": [2], "timed": false, "path": "f.relu", "params": []},
                    {"id": 5, "op": "sum", "shape": [2], "timed": false, "path": "", "params": []}
                ],
                "edges": [
                    {"from": 0, "to": 1, "slot": 0, "when": null},
                    {"from": 1, "to": 3, "slot": 0, "when": null},
                    {"from": 3, "to": 5, "slot": 0, "when": null}
                ]
            }]"#,
        )
        .unwrap();
        assert_eq!(value["regions"], expected);
        assert_eq!(value["params"][0]["name"], "linear.weight");
        assert_eq!(value["conditions"], Value::Array(Vec::new()));
    }

    const SPACES: [&str; 5] = [
        include_str!("../../../spaces/tiny.enas"),
        include_str!("../../../spaces/enas_rnn.enas"),
        include_str!("../../../spaces/enas_macro.enas"),
        include_str!("../../../spaces/enas_micro.enas"),
        include_str!("../../../spaces/nasbench201.enas"),
    ];

    /// A space, its supergraph and one child.
    fn each(check: impl Fn(Subject)) {
        for text in SPACES {
            let space = space_of(text);
            check(subject(&space, None));
            let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
            let chosen = sample(&space.decisions, &mut rng).unwrap();
            check(subject(&space, Some(&chosen)));
        }
    }

    #[test]
    fn drawings_name_every_node_once_and_close_every_box() {
        each(|subject| {
            let text = dot(subject);
            let open = text.matches(" {\n").count();
            assert_eq!(open, text.lines().filter(|line| line.trim() == "}").count());
            let mut drawn = BTreeSet::new();
            let mut used = BTreeSet::new();
            for line in text.lines().map(str::trim) {
                let first = line.split(' ').next().unwrap();
                match line.split_once(" -> ") {
                    Some((from, to)) => {
                        used.insert(from.to_owned());
                        used.insert(to.split(' ').next().unwrap().to_owned());
                    }
                    None if line.contains(" [label=") => {
                        assert!(drawn.insert(first.to_owned()), "{first} twice");
                    }
                    None => {}
                }
            }
            assert!(used.is_subset(&drawn), "{:?}", used.difference(&drawn));
            if subject.architecture.is_some() {
                assert!(!text.contains("dashed") && !text.contains("diamond"));
            }
        });
    }

    #[test]
    fn json_refers_to_what_it_contains() {
        each(|subject| {
            let value = json(subject);
            let array = |value: &Value| value.as_array().cloned().unwrap();
            let params: BTreeSet<u64> = array(&value["params"])
                .iter()
                .map(|param| param["id"].as_u64().unwrap())
                .collect();
            let n_conditions = array(&value["conditions"]).len() as u64;
            for region in array(&value["regions"]) {
                let mut seen = BTreeSet::new();
                for node in array(&region["nodes"]) {
                    seen.insert(node["id"].as_u64().unwrap());
                    for ids in array(&node["params"]) {
                        let ids = array(&ids["ids"]);
                        assert!(ids.iter().all(|id| params.contains(&id.as_u64().unwrap())));
                    }
                }
                for edge in array(&region["edges"]) {
                    let end = |name: &str| edge[name].as_u64().unwrap();
                    assert!(seen.contains(&end("from")) && seen.contains(&end("to")));
                    assert!(end("from") < end("to"));
                    assert!(edge["when"].as_u64().is_none_or(|when| when < n_conditions));
                }
            }
        });
    }
}
