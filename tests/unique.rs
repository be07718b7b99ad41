//! Canonical forms of child networks against a search for isomorphisms.

use std::collections::BTreeMap;

use enasc::decision::{Architecture, Count, Diagram, Estimate, How};
use enasc::graph::alike::{Alike, TooManyAlike};
use enasc::graph::canonical::{Canonical, Form};
use enasc::graph::parts::parts;
use enasc::graph::unique::{estimate, exact};
use enasc::graph::{Op, select};
use enasc::{Options, SearchSpace, compile};
use num_bigint::BigUint;
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
        let counted = exact(&space.graph, &space.decisions, &diagram).unwrap();
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
    let counted = exact(&space.graph, &space.decisions, &diagram);
    // Without order 6 * 7 / 2, for each of two kinds of cells.
    assert_eq!(counted, Ok(21 * 21));
}

/// Spaces with all that decides what is alike: what nothing reads, copies that can be
/// renamed, ordered operands, sizes, loops, conditions, requirements, recurrences.
fn spaces() -> Vec<SearchSpace> {
    let dead = "
  nodes t = [x]
  nodes t[j in 1..4] { t[j] = sum(for i in 0..j: choose { none: zero, skip: identity, conv: conv(3) }(t[i])) }
  x = t[3]";
    let copies = "
  nodes t = [relu(x)]
  nodes t[i in 1..5] {
    let p = pick 1 of t[..i]
    t[i] = choose { relu, tanh }(p)
  }
  x = mean(loose(t))";
    let slots = "
  nodes t = [relu(x), tanh(x)]
  nodes t[i in 2..4] {
    let p = pick 1 of t[..i]
    let q = pick 1 of t[..i]
    t[i] = conv(p, 3) + conv(q, 3) @per(q)
  }
  x = sum(loose(t)) - t[3]";
    let sets = "
  nodes t = [x]
  nodes t[i in 1..4] {
    let from = pick any of t[..i]
    t[i] = conv(sum(from), choose { 3, 5 })
  }
  require edges(t) >= 2 and params <= 4K
  x = concat([t[1] + t[2], t[3]])";
    let conditions = "
  let wide = choose { 4, 8 }
  let z = conv(x, 3, wide)
  for i in 0..choose 1..=3 { z = z |> choose { a: relu, b: tanh, c: conv(3) } }
  if choose { false, true } { z = z + choose { a: relu, b: tanh }(z) }
  let k = choose { 3, 5 }
  x = conv(z, k, 8) + conv(z, choose { 3, 5 }, 8)
  require wide < 8 or k < 5";
    let mut all: Vec<SearchSpace> = [dead, copies, slots, sets, conditions].map(space).into();
    let rnn = include_str!("../spaces/enas_rnn.enas").replace("n: int = 12", "n: int = 4");
    all.push(compiled(&rnn));
    all
}

/// The forms of all architectures of a space.
fn forms(space: &SearchSpace, diagram: &Diagram) -> Vec<Form> {
    let canonical = Canonical::new(&space.graph);
    let children = diagram.iter();
    let children = children.map(|one| select(&space.graph, &space.decisions, &one));
    children
        .map(|child| canonical.form(&child).unwrap())
        .collect()
}

#[test]
fn a_class_is_as_large_as_its_form_is_frequent() {
    for (place, space) in spaces().into_iter().enumerate() {
        let diagram = Diagram::of(&space.decisions).unwrap();
        let forms = forms(&space, &diagram);
        let alike = Alike::new(&space.graph, &space.decisions);
        let mut of_form: BTreeMap<Form, u32> = BTreeMap::new();
        for form in &forms {
            *of_form.entry(*form).or_default() += 1;
        }
        assert!(of_form.len() > 5 && of_form.len() < forms.len(), "{place}");
        // Two of each class at most: all would be slow, and the first alone of one kind.
        let mut seen: BTreeMap<Form, u32> = BTreeMap::new();
        for (form, one) in forms.iter().zip(diagram.iter()) {
            let times = seen.entry(*form).or_default();
            *times += 1;
            if *times > 2 {
                continue;
            }
            let class = alike.class(&one, 1_000_000).unwrap();
            let line = one.to_line(&space.decisions);
            assert_eq!(class.size, of_form[form].into(), "{place}: {line}");
        }
    }
}

#[test]
fn estimates_are_within_their_interval() {
    for (place, space) in spaces().into_iter().enumerate().skip(1).take(2) {
        let diagram = Diagram::of(&space.decisions).unwrap();
        let truth = exact(&space.graph, &space.decisions, &diagram).unwrap() as f64;
        let mut within = 0;
        for seed in 0..50 {
            let found = estimate(&space.graph, &space.decisions, &diagram, seed, 1 << 12);
            let Count {
                value,
                how: How::Estimate(Estimate { relative_error, .. }),
            } = found.unwrap().unwrap()
            else {
                panic!("no estimate");
            };
            let value = f64::from(u32::try_from(&value).unwrap());
            // The value is a whole number, which is less than one off.
            within += u32::from((value - truth).abs() <= 1.96 * relative_error * value + 1.0);
        }
        assert!(within >= 43, "{place}: {within} of 50");
    }
}

#[test]
fn in_the_macro_space_no_two_architectures_are_alike() {
    // As many as no enumeration goes through.
    let space = compiled(include_str!("../spaces/enas_macro.enas"));
    let diagram = Diagram::of(&space.decisions).unwrap();
    let alike = Alike::new(&space.graph, &space.decisions);
    for share in 1u32..4 {
        let one = diagram.unrank(&(diagram.count() * share / 4u8)).unwrap();
        assert_eq!(alike.class(&one, 1 << 21).unwrap().size, 1u8.into());
    }
}

/// A cell is a tree of which each node has an activation, and nodes are numbered so that
/// what reads has a greater number. Of `n` nodes there are `n!` divided by the sizes of all
/// subtrees (Knuth, volume 3), and by how many symmetries the tree has.
#[test]
fn classes_of_recurrent_cells_are_as_large_as_the_hook_formula_says() {
    let space = compiled(include_str!("../spaces/enas_rnn.enas"));
    let alike = Alike::new(&space.graph, &space.decisions);
    let star = [0; 11];
    let chain: [usize; 11] = std::array::from_fn(|l| l);
    let twins = [0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    let mixed = [0, 0, 1, 1, 2, 4, 4, 0, 3, 9, 9];
    for (parents, acts) in [(&star[..], 1), (&chain, 2), (&twins, 1), (&mixed, 2)] {
        let name = |l: usize| {
            if l.is_multiple_of(acts) {
                "tanh"
            } else {
                "relu"
            }
        };
        let n = 12;
        // Cells with fewer nodes end in a chain.
        let parent = |l: usize| parents.get(l - 1).copied().unwrap_or(l - 1);
        let mut line = format!("Cell.f0={}", name(0));
        for l in 1..n {
            let (p, f) = (parent(l), name(l));
            line = format!("{line} Cell.h[{l}].p={p} Cell.h[{l}].f={f}");
        }
        let one = Architecture::parse(&line, &space.decisions, &space.name).unwrap();
        let mut sizes = vec![1u64; n];
        // By node: its subtree in words, and how many symmetries it has.
        let mut trees: Vec<(String, u64)> = vec![Default::default(); n];
        for l in (0..n).rev() {
            let own = (l + 1..n).filter(|&k| parent(k) == l);
            let mut own: Vec<(String, u64)> = own.map(|k| trees[k].clone()).collect();
            own.sort();
            let mut symmetries: u64 = own.iter().map(|(_, n)| n).product();
            for same in own.chunk_by(|a, b| a.0 == b.0) {
                symmetries *= (1..=same.len() as u64).product::<u64>();
            }
            let words: Vec<&str> = own.iter().map(|(words, _)| words.as_str()).collect();
            trees[l] = (format!("{}({})", name(l), words.concat()), symmetries);
            if l > 0 {
                sizes[parent(l)] += sizes[l];
            }
        }
        let all: u64 = (1..=n as u64).product();
        let expected = all / sizes.iter().product::<u64>() / trees[0].1;
        let class = alike.class(&one, 1 << 24).unwrap();
        assert_eq!(class.size, expected.into(), "{line}");
    }
}

/// How many rooted trees there are of so many nodes, each of one of some colours: a tree is
/// a colour and a forest, and forests are counted by the sizes of their trees (Pólya 1937).
fn trees(nodes: usize, colours: u64) -> Vec<u64> {
    let mut forests = vec![1u64];
    let mut trees = vec![0];
    for n in 1..=nodes {
        trees.push(colours * forests[n - 1]);
        let of_divisors = |k: usize| -> u64 {
            let divisors = (1..=k).filter(|d| k.is_multiple_of(*d));
            divisors.map(|d| d as u64 * trees[d]).sum()
        };
        let sum: u64 = (1..=n).map(|k| of_divisors(k) * forests[n - k]).sum();
        forests.push(sum / n as u64);
    }
    trees
}

/// Cells are alike where their trees are: with an activation for each node, or in that of
/// DARTS for all but the first.
#[test]
fn recurrent_cells_that_differ_are_as_many_as_trees() {
    // Known: rooted trees without colours.
    assert_eq!(trees(8, 1), [0, 1, 1, 2, 4, 9, 20, 48, 115]);
    let (rnn, darts) = (
        include_str!("../spaces/enas_rnn.enas"),
        include_str!("../spaces/darts_rnn.enas"),
    );
    let (n, work) = if cfg!(debug_assertions) {
        (7, 1 << 19)
    } else {
        (12, 1 << 25)
    };
    let rnn = compiled(&rnn.replace("n: int = 12", &format!("n: int = {n}")));
    let darts = compiled(&darts.replace("n: int = 8", &format!("n: int = {}", n - 4)));
    for (space, truth) in [(rnn, trees(n, 4)[n]), (darts, trees(n - 3, 4)[n - 3] / 4)] {
        let diagram = Diagram::of(&space.decisions).unwrap();
        let found = estimate(&space.graph, &space.decisions, &diagram, 0, work);
        let found = found.unwrap().unwrap();
        let How::Estimate(Estimate { relative_error, .. }) = found.how else {
            panic!("no estimate");
        };
        let value = u64::try_from(&found.value).unwrap() as f64;
        let off = (value - truth as f64).abs();
        assert!(relative_error < 0.25, "{}: {relative_error}", space.name);
        assert!(
            off < 3.0 * relative_error * value,
            "{}: {value} of {truth}",
            space.name
        );
    }
}

/// Cells that are decided once and read each other are told apart, so that how many networks
/// differ is the product of how many cells of each kind do.
#[test]
fn spaces_of_cells_are_cut_into_their_cells() {
    // Blocks of which each is a sum or a concatenation, fewer than five to be quick.
    let nasnet = include_str!("../spaces/nasnet.enas").replace("2..7", "2..4");
    for (name, text) in [
        ("enas_micro", include_str!("../spaces/enas_micro.enas")),
        ("amoebanet", include_str!("../spaces/amoebanet.enas")),
        ("nasnet", &nasnet),
    ] {
        let space = compiled(text);
        let parts = parts(&space.graph, &space.decisions).map(|parts| parts.len());
        assert_eq!(parts, Some(2), "{name}");
    }
}

#[test]
fn too_much_work_is_no_number() {
    let text = include_str!("../spaces/enas_rnn.enas");
    let space = compiled(text);
    let diagram = Diagram::of(&space.decisions).unwrap();
    let one = diagram.unrank(&BigUint::ZERO).unwrap();
    let alike = Alike::new(&space.graph, &space.decisions);
    assert_eq!(alike.class(&one, 1000), Err(TooManyAlike));
}
