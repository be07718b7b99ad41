//! Generated spaces: what is counted is what can be enumerated, and every
//! architecture selects a child model that is whole.

use std::collections::BTreeSet;
use std::fmt::Write;

use enasc::decision::{self, Architecture, Choice, DecisionId, DecisionSpace, OptionSource};
use enasc::draw::{self, Look, Mark, Of, Panel};
use enasc::graph::write::Subject;
use enasc::graph::{Child, Op, select};
use enasc::{Options, SearchSpace, compile};
use proptest::prelude::*;
use rand::SeedableRng;

/// One statement of a generated space, on the tensor `x` of eight channels.
#[derive(Clone, Debug)]
enum Part {
    /// A choice among so many operations.
    Choose(usize),
    /// A choice whose candidates decide again.
    Nested(usize, usize),
    /// A node family: so many nodes, how they pick, and whether weights are per pick.
    Family(usize, Picks, bool),
    /// A set picked of so many tensors, each with a choice of its own.
    Gated(usize, Picks),
    /// A cell that is called so often.
    Cell(usize),
}

#[derive(Clone, Copy, Debug)]
enum Picks {
    One,
    Two,
    Any,
    Some,
    OneOrTwo,
}

fn part() -> impl Strategy<Value = Part> {
    let picks = prop_oneof![
        Just(Picks::One),
        Just(Picks::Two),
        Just(Picks::Any),
        Just(Picks::Some),
        Just(Picks::OneOrTwo)
    ];
    let picks_again = picks.clone();
    prop_oneof![
        (1usize..4).prop_map(Part::Choose),
        (1usize..3, 1usize..3).prop_map(|(a, b)| Part::Nested(a, b)),
        (1usize..3, picks, any::<bool>()).prop_map(|(n, p, per)| Part::Family(n, p, per)),
        (2usize..4, picks_again).prop_map(|(n, p)| Part::Gated(n, p)),
        (1usize..4).prop_map(Part::Cell),
    ]
}

/// The text of a space made of some parts.
fn text(parts: &[Part]) -> String {
    let operations = ["conv(3)", "relu", "max_pool(3)", "depthwise(3)"];
    let set = |n: usize| operations[..n].join(", ");
    let mut items = String::new();
    let mut body = String::new();
    for (i, part) in parts.iter().enumerate() {
        match part {
            Part::Choose(n) => {
                writeln!(items, "ops Set{i} = {{ {} }}", set(*n)).unwrap();
                writeln!(body, "  x = choose Set{i}(x)").unwrap();
            }
            Part::Nested(a, b) => {
                writeln!(
                    items,
                    "ops A{i} = {{ {} }}\nops B{i} = {{ {} }}",
                    set(*a),
                    set(*b)
                )
                .unwrap();
                writeln!(
                    body,
                    "  x = choose {{ plain: conv(x, 1), one: choose A{i}(x), two: choose A{i}(choose B{i}(x)) }}"
                )
                .unwrap();
            }
            Part::Family(n, picks, per) => {
                let n = n + 2;
                let node = match picks {
                    Picks::One => {
                        let per = if *per { " @per(p)" } else { "" };
                        format!("let p = pick 1 of t{i}[..l]\n    t{i}[l] = conv(p, 3){per}")
                    }
                    other => {
                        let count = match other {
                            Picks::Two => "2",
                            Picks::Any => "any",
                            Picks::Some => "some",
                            _ => "1..=2",
                        };
                        let per = if *per { " @per(v)" } else { "" };
                        format!(
                            "t{i}[l] = sum(for v in pick {count} of t{i}[..l]: conv(v, 1){per})"
                        )
                    }
                };
                writeln!(
                    body,
                    "  nodes t{i} = [x, relu(x)]\n  nodes t{i}[l in 2..{n}] {{\n    {node}\n  }}\n  x = mean(loose(t{i}))"
                )
                .unwrap();
            }
            Part::Gated(n, picks) => {
                writeln!(items, "ops G{i} = {{ {} }}", set(2)).unwrap();
                let list = ["x", "relu(x)", "tanh(x)"][..*n].join(", ");
                let count = match picks {
                    Picks::One | Picks::OneOrTwo => "1..=2",
                    Picks::Two => "2",
                    Picks::Any => "any",
                    Picks::Some => "some",
                };
                writeln!(
                    body,
                    "  nodes g{i} = [{list}]\n  x = sum(for v in pick {count} of g{i}: choose {{ a: conv(v, 1) @per(v), b: choose G{i}(v) @per(v) }})"
                )
                .unwrap();
            }
            Part::Cell(calls) => {
                writeln!(
                    items,
                    "cell C{i}(x: [c, h, w]) -> [c, h, w] {{ let f = choose {{ conv(3), relu }}\n let g = choose {{ tanh, bn }}\n return x |> f |> g }}"
                )
                .unwrap();
                for _ in 0..*calls {
                    writeln!(body, "  x = C{i}(x)").unwrap();
                }
            }
        }
    }
    format!(
        "{items}space generated {{\n  input x: [8, 6, 6]\n  output y: [3]\n{body}  y = x |> gap |> linear(3)\n}}\n"
    )
}

fn compiled(text: &str) -> SearchSpace {
    let compilation = compile("generated.enas", text, &Options::default());
    compilation
        .spaces
        .into_iter()
        .next()
        .unwrap_or_else(|| panic!("{text}\n{:?}", compilation.diagnostics))
}

/// Every architecture of a space, by making every choice in program order.
pub fn enumerate(space: &DecisionSpace) -> Vec<Architecture> {
    let mut all = vec![Architecture::undecided(space)];
    for (id, point) in space.iter() {
        all = all
            .into_iter()
            .flat_map(|made| {
                if !space.guards.holds(point.active, &made) {
                    return vec![made];
                }
                Choice::all(point.domain)
                    .map(|choice| {
                        let mut made = made.clone();
                        made.set(id, choice);
                        made
                    })
                    .collect()
            })
            .collect();
    }
    all
}

/// Checks that a child has an operand wherever its operations need one.
pub fn check_child(space: &SearchSpace, child: &Child) {
    for (region, selected) in space.graph.regions.iter().zip(&child.regions) {
        for (place, step) in selected.steps.iter().enumerate() {
            let op = &region.graph[step.node].op;
            assert!(step.inputs.iter().all(|&input| input < place));
            assert_eq!(step.params.len(), region.graph[step.node].params.len());
            let n = step.inputs.len();
            match op {
                Op::Select => panic!("a selection is left"),
                Op::Input | Op::Zero => assert_eq!(n, 0),
                Op::Sum | Op::Concat => {}
                Op::Mean => assert!(n >= 1, "a mean of nothing"),
                Op::Sub | Op::Mul => assert_eq!(n, 2),
                _ => assert_eq!(n, 1, "{op} has {n} operands"),
            }
        }
    }
    assert_eq!(child.regions[0].outputs.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_is_counted_can_be_enumerated(parts in prop::collection::vec(part(), 1..4)) {
        let text = text(&parts);
        let space = compiled(&text);
        let decisions = &space.decisions;
        let n = decision::count(decisions);
        prop_assume!(n <= 3000u32.into());
        let all = enumerate(decisions);
        prop_assert_eq!(n, all.len().into(), "{}", text);
        let different: BTreeSet<&Architecture> = all.iter().collect();
        prop_assert_eq!(different.len(), all.len());
        for architecture in &all {
            let child = select(&space.graph, decisions, architecture);
            check_child(&space, &child);
            let line = architecture.to_line(decisions);
            prop_assert_eq!(&Architecture::parse(&line, decisions, &space.name).unwrap(), architecture);
            let json = architecture.to_json(decisions, &space.name).to_string();
            prop_assert_eq!(&Architecture::parse(&json, decisions, &space.name).unwrap(), architecture);
        }
    }

    #[test]
    fn sampling_makes_just_the_active_decisions(parts in prop::collection::vec(part(), 1..5), seed in any::<u64>()) {
        let space = compiled(&text(&parts));
        let decisions = &space.decisions;
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..8 {
            let architecture = decision::sample(decisions, &mut rng).unwrap();
            for (id, point) in decisions.iter() {
                let active = decisions.guards.holds(point.active, &architecture);
                let choice = architecture.get(id);
                prop_assert_eq!(choice.is_some(), active);
                prop_assert!(choice.is_none_or(|choice| choice.is_of(point.domain)));
            }
            check_child(&space, &select(&space.graph, decisions, &architecture));
        }
    }

    #[test]
    fn all_that_an_architecture_has_is_in_its_picture(parts in prop::collection::vec(part(), 1..5), seed in any::<u64>()) {
        let space = compiled(&text(&parts));
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let architecture = decision::sample(&space.decisions, &mut rng).unwrap();
        let subject = Subject {
            name: &space.name,
            graph: &space.graph,
            decisions: &space.decisions,
            architecture: None,
        };
        let alone = draw::picture(subject, Of::Alone(&architecture));
        let inside = draw::picture(subject, Of::Inside(&architecture));
        for picture in [&alone, &inside] {
            let text = draw::svg(picture);
            prop_assert!(roxmltree::Document::parse(&text).is_ok(), "{}", text);
        }
        // From the input everything in a drawing leads on, but the results.
        for panel in alone.panels.iter().chain(&inside.panels) {
            for (block, what) in panel.blocks.iter().enumerate() {
                let is_read = panel.arrows.iter().any(|arrow| arrow.from == block);
                prop_assert!(is_read || what.look == Look::End, "{:?}", what);
            }
        }
        // A cell that the network leaves out has a panel without a mark.
        let marked = |panel: &&Panel| panel.blocks.iter().any(|block| block.mark == Mark::On);
        let titles = |panel: &Panel| panel.title.clone();
        let used: BTreeSet<String> = inside.panels.iter().filter(marked).map(titles).collect();
        let all: BTreeSet<String> = alone.panels.iter().map(titles).collect();
        prop_assert_eq!(used, all);
    }

    #[test]
    fn names_of_decisions_and_parameters_are_unique(parts in prop::collection::vec(part(), 1..6)) {
        let space = compiled(&text(&parts));
        let paths: BTreeSet<&str> = space.decisions.points.iter().map(|p| p.path.as_str()).collect();
        prop_assert_eq!(paths.len(), space.decisions.points.len());
        let params = &space.graph.params.params;
        let names: BTreeSet<&str> = params.iter().map(|p| p.name.as_str()).collect();
        prop_assert_eq!(names.len(), params.len());
    }

    #[test]
    fn conditions_read_earlier_decisions_only(parts in prop::collection::vec(part(), 1..5)) {
        let space = compiled(&text(&parts));
        for (id, point) in space.decisions.iter() {
            let reads = space.decisions.guards.reads(point.active);
            prop_assert!(reads.iter().all(|read: &DecisionId| *read < id));
            if let OptionSource::Elements(elements) = &point.source {
                prop_assert_eq!(elements.len(), point.options.len());
            }
        }
    }
}

/// The names of the kernels of a space whose program has these statements.
fn kernels(items: &str, body: &str) -> Vec<String> {
    let space = compiled(&format!(
        "{items}\nspace s {{\n  input x: [8, 6, 6]\n  output y: [3]\n{body}\n  y = x |> gap |> linear(3)\n}}\n"
    ));
    let params = space.graph.params.params;
    let mut names: Vec<String> = params.into_iter().map(|param| param.name).collect();
    names.retain(|name| name.ends_with(".weight") && !name.starts_with("linear"));
    names
}

#[test]
fn weights_belong_to_call_sites() {
    // A named operation has weights of its own wherever it is applied.
    assert_eq!(
        kernels("", "let f = conv(3)\n  x = f(x) + f(x)"),
        ["conv.weight", "conv#2.weight"]
    );
    // So has a chosen one, under the name of its decision.
    assert_eq!(
        kernels(
            "ops F = { a: conv(3), relu }",
            "let f = choose F\n  x = f(f(x))"
        ),
        ["f.a.conv.weight", "f.a#2.conv.weight"]
    );
    // Loops and comprehensions over fixed lists tell their rounds apart.
    assert_eq!(
        kernels("", "for i in 0..2 { x = conv(x, 3) }"),
        ["i=0.conv.weight", "i=1.conv.weight"]
    );
    // What decisions pick does not: all elements share, but for `@per`.
    let family = |node: &str| {
        format!("nodes h = [x, relu(x)]\n  nodes h[l in 2..3] {{ h[l] = {node} }}\n  x = h[2]")
    };
    assert_eq!(
        kernels("", &family("sum(for v in pick some of h[..l]: conv(v, 3))")),
        ["h[2].conv.weight"]
    );
    assert_eq!(
        kernels(
            "",
            &family("sum(for v in pick some of h[..l]: conv(v, 3) @per(v))")
        ),
        ["h[2].conv@0.weight", "h[2].conv@1.weight"]
    );
    // Instances of a cell decide together and never share weights.
    assert_eq!(
        kernels(
            "cell C(x: [c, h, w]) = choose { conv(3), relu }(x)",
            "x = C(C(x))"
        ),
        ["C.conv_3.conv.weight", "C#2.conv_3.conv.weight"]
    );
}
