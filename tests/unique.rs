//! Canonical forms of child networks against a search for isomorphisms.

use std::collections::BTreeMap;

use enasc::decision::Diagram;
use enasc::graph::canonical::{Canonical, Form, unique};
use enasc::graph::{Op, select};
use enasc::{Options, SearchSpace, compile};
use petgraph::algo::is_isomorphic_matching;
use petgraph::graph::DiGraph;

fn compiled(text: &str) -> SearchSpace {
    let compilation = compile("unique.enas", text, &Options::default());
    let mut spaces = compilation.spaces;
    spaces
        .pop()
        .unwrap_or_else(|| panic!("{text}\n{:?}", compilation.diagnostics))
}

/// A space whose program has these statements.
fn space(body: &str) -> SearchSpace {
    compiled(&format!(
        "space s {{\n  input x: [8, 6, 6]\n  output y: [3]\n{body}\n  y = x |> gap |> linear(3)\n}}\n"
    ))
}

/// The network of every architecture with what isomorphisms must keep: words at the
/// nodes, slots at the edges. Parallel edges are one with all their slots.
type Network = DiGraph<String, Vec<usize>>;

fn networks(space: &SearchSpace) -> Vec<(Form, Network)> {
    let canonical = Canonical::new(&space.graph);
    let diagram = Diagram::of(&space.decisions).unwrap();
    let network = |architecture| {
        let child = select(&space.graph, &space.decisions, &architecture);
        let (region, steps) = (&space.graph.regions[0], &child.regions[0].steps);
        let mut network = Network::new();
        for step in steps {
            let node = &region.graph[step.node];
            let index = network.add_node(format!("{:?} {}", node.op, node.shape));
            let mut edges: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
            for (slot, &input) in step.inputs.iter().enumerate() {
                let unordered = matches!(node.op, Op::Sum | Op::Mean | Op::Mul);
                let slot = if unordered { 0 } else { slot };
                edges.entry(input).or_default().push(slot);
            }
            for (input, slots) in edges {
                network.add_edge(petgraph::graph::NodeIndex::new(input), index, slots);
            }
        }
        (canonical.form(&child).unwrap(), network)
    };
    diagram.iter().map(network).collect()
}

#[test]
fn forms_are_equal_just_where_networks_are_isomorphic() {
    let cell = "
  nodes t = [x]
  nodes t[j in 1..4] { t[j] = sum(for i in 0..j: choose { none: zero, skip: identity, conv: conv(3) }(t[i])) }
  x = t[3]";
    let copies = "
  nodes t = [relu(x)]
  nodes t[i in 1..4] {
    let p = pick 1 of t[..i]
    let q = pick 1 of t[..i]
    t[i] = conv(p, 3) + conv(q, 3)
  }
  x = sum(loose(t))";
    let ordered = "
  nodes t = [x, tanh(x)]
  nodes t[i in 2..4] {
    let p = pick 1 of t[..i]
    let q = pick 1 of t[..i]
    t[i] = p - choose { relu, tanh }(q)
  }
  x = t[3] * t[2]";
    for (body, n) in [(cell, 729), (copies, 36), (ordered, 144)] {
        let space = space(body);
        let all = networks(&space);
        assert_eq!(all.len(), n, "{body}");
        let mut classes: Vec<&(Form, Network)> = Vec::new();
        for one in &all {
            let same = classes.iter().find(|other| {
                is_isomorphic_matching(&other.1, &one.1, |a, b| a == b, |a, b| a == b)
            });
            match same {
                Some(other) => assert_eq!(other.0, one.0, "{body}"),
                None => {
                    assert!(classes.iter().all(|other| other.0 != one.0), "{body}");
                    classes.push(one);
                }
            }
        }
        let diagram = Diagram::of(&space.decisions).unwrap();
        let counted = unique(&space.graph, &space.decisions, &diagram).unwrap();
        assert_eq!(counted, classes.len());
        assert!(counted < n, "{body}");
    }
}

#[test]
fn two_picks_of_one_kind_have_no_order() {
    let micro = include_str!("../spaces/enas_micro.enas");
    // One computed node: twice one of three operations on one of two tensors.
    let cell = micro
        .replace("n: int = 5", "n: int = 1")
        .replace("layers: int = 6", "layers: int = 1")
        .replace("  sep3: sep_conv(3), sep5: sep_conv(5),\n", "")
        .replace("sep3 = prior, sep5 = prior, ", "");
    let space = compiled(&cell);
    let diagram = Diagram::of(&space.decisions).unwrap();
    assert_eq!(diagram.count(), 36u32.pow(2).into());
    let counted = unique(&space.graph, &space.decisions, &diagram);
    // Without order 6 * 7 / 2, for each of two kinds of cells.
    assert_eq!(counted, Ok(21 * 21));
}
