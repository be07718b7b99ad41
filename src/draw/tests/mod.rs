//! What every picture must be, checked on all spaces that ship with the program.

mod choices;

use std::collections::BTreeSet;

use rand::SeedableRng as _;
use roxmltree::{Document, Node};

use super::svg::Drawn;
use super::text::{bold, width};
use super::{Look, Mark, Of, Panel, Picture, mermaid, picture, shape, svg};
use crate::decision::{Architecture, sample};
use crate::graph::write::Subject;
use crate::unroll::Settings;
use crate::{Options, SearchSpace, compile};

fn compiled(name: &str, sets: &[(&str, &str)]) -> Vec<SearchSpace> {
    let path = format!("{}/spaces/{name}.enas", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let sets = sets
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()));
    let options = Options {
        settings: Settings(sets.collect()),
        ..Options::default()
    };
    let compilation = compile(name, &text, &options);
    assert_eq!(compilation.diagnostics, []);
    compilation.spaces
}

fn subject(space: &SearchSpace) -> Subject<'_> {
    Subject {
        name: &space.name,
        graph: &space.graph,
        decisions: &space.decisions,
        architecture: None,
    }
}

fn sampled(space: &SearchSpace, seed: u64) -> Architecture {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    sample(&space.decisions, &mut rng).unwrap()
}

/// A number, or several, of an attribute.
fn numbers(text: &str) -> Vec<f64> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'))
        .filter_map(|number| number.parse().ok())
        .collect()
}

fn number(node: Node, name: &str) -> f64 {
    numbers(node.attribute(name).unwrap())[0]
}

fn has_class(node: Node, class: &str) -> bool {
    let classes = node.attribute("class").unwrap_or_default();
    classes.split(' ').any(|own| own == class)
}

fn child<'a>(node: Node<'a, 'a>, class: &str) -> Node<'a, 'a> {
    node.children()
        .find(|child| has_class(*child, class))
        .unwrap()
}

/// A box: its left, upper, right and lower side, and its name.
struct Boxed<'a> {
    sides: [f64; 4],
    name: &'a str,
}

impl Boxed<'_> {
    /// Whether a point is on its border; numbers are written to a tenth.
    fn borders(&self, (x, y): (f64, f64)) -> bool {
        let [left, upper, right, lower] = self.sides;
        let near = |a: f64, b: f64| (a - b).abs() < 0.21;
        let between = |a: f64, low: f64, high: f64| low - 0.2 < a && a < high + 0.2;
        let beside = (near(x, left) || near(x, right)) && between(y, upper, lower);
        beside || (near(y, upper) || near(y, lower)) && between(x, left, right)
    }
}

/// Checks that nothing overlaps, is cut off or hangs in the air.
fn check(picture: &Picture) -> String {
    let text = svg(picture);
    assert_eq!(text, svg(picture), "two pictures differ");
    let document = Document::parse(&text).unwrap();
    let root = document.root_element();
    assert!(document.descendants().all(|node| !node.has_attribute("id")));
    let page = [number(root, "width"), number(root, "height")];
    let panels = root.children().filter(|node| node.has_tag_name("g"));
    let mut n_panels = 0;
    for panel in panels {
        n_panels += 1;
        let at = numbers(panel.attribute("transform").unwrap());
        let frame = child(panel, "frame");
        let frame = [number(frame, "width"), number(frame, "height")];
        assert!(at[0] + frame[0] <= page[0] && at[1] + frame[1] <= page[1]);
        check_panel(panel, frame);
    }
    assert_eq!(n_panels, picture.panels.len());
    picture.panels.iter().for_each(check_texts);
    text
}

fn check_panel(panel: Node, frame: [f64; 2]) {
    let inner = panel
        .children()
        .find(|node| node.has_tag_name("g"))
        .unwrap();
    let offset = numbers(inner.attribute("transform").unwrap());
    let mut boxes: Vec<Boxed> = Vec::new();
    for block in inner.children().filter(|node| has_class(*node, "block")) {
        let at = numbers(block.attribute("transform").unwrap());
        let body = child(block, "body");
        let sides = [
            at[0],
            at[1],
            at[0] + number(body, "width"),
            at[1] + number(body, "height"),
        ];
        assert!(offset[0] + sides[0] > -0.2 && offset[1] + sides[1] > -0.2);
        assert!(offset[0] + sides[2] < frame[0] + 0.2 && offset[1] + sides[3] < frame[1] + 0.2);
        let name = block.first_element_child().unwrap().text().unwrap_or("");
        for other in &boxes {
            let [left, upper, right, lower] = other.sides;
            let apart = sides[2] < left || right < sides[0] || sides[3] < upper || lower < sides[1];
            assert!(apart, "{name} and {} overlap", other.name);
        }
        boxes.push(Boxed { sides, name });
    }
    let paths = |class: &'static str| {
        let paths = inner.children().filter(move |node| has_class(*node, class));
        paths.map(|node| (node, numbers(node.attribute("d").unwrap())))
    };
    assert_eq!(paths("arrow").count(), paths("head").count());
    for ((arrow, line), (_, head)) in paths("arrow").zip(paths("head")) {
        let title = arrow.first_element_child().unwrap().text().unwrap();
        let (from, to) = title.split_once(" → ").unwrap();
        let touches = |name: &str, point: (f64, f64)| {
            boxes
                .iter()
                .any(|boxed| boxed.name == name && boxed.borders(point))
        };
        assert!(touches(from, (line[0], line[1])), "{title}: the beginning");
        assert!(touches(to, (head[0], head[1])), "{title}: the end");
    }
}

fn check_texts(panel: &Panel) {
    let drawn = Drawn::new(panel);
    for note in &panel.notes {
        assert!(width(&note.chars().take(72).collect::<String>()) < drawn.size.0);
    }
    for block in &panel.blocks {
        let inside = shape::size(block).0;
        for line in block.lines.iter().filter(|line| line.len() <= 40) {
            assert!(bold(line) < inside, "{line}");
        }
        let columns = block.slots.iter().map(|slot| {
            let options = slot.options.iter().take(8).map(|(option, _)| width(option));
            options.fold(width(&slot.name), f64::max)
        });
        assert!(columns.sum::<f64>() < inside, "{:?}", block.slots);
    }
}

#[test]
fn every_shipped_space_draws() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/spaces");
    let mut n = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "enas") {
            continue;
        }
        for space in compiled(path.file_stem().unwrap().to_str().unwrap(), &[]) {
            n += 1;
            let subject = subject(&space);
            let whole = picture(subject, Of::Space);
            let text = check(&whole);
            let document = Document::parse(&text).unwrap();
            // What fits on a screen is read without moving sideways.
            assert!(
                number(document.root_element(), "width") < 1550.0,
                "{path:?}"
            );
            let chosen = sampled(&space, 1);
            let alone = picture(subject, Of::Alone(&chosen));
            check(&alone);
            let inside = picture(subject, Of::Inside(&chosen));
            check(&inside);
            choices::check([&whole, &alone, &inside]);
            let count = |picture: &Picture| -> usize {
                picture.panels.iter().map(|panel| panel.blocks.len()).sum()
            };
            assert!(count(&whole) > 2);
            let marked = inside.panels.iter().flat_map(|panel| &panel.blocks);
            assert!(marked.filter(|block| block.mark == Mark::On).count() > 2);
        }
    }
    assert!(n >= 30, "{n} spaces");
}

/// The arrows of a panel that have a mark, by the last names of their ends.
fn arrows(panel: &Panel, mark: Mark) -> BTreeSet<(String, String)> {
    let name = |block: usize| {
        let path = panel.blocks.get(block).unwrap().path.as_str();
        path.rsplit('.').next().unwrap().to_owned()
    };
    let arrows = panel.arrows.iter().filter(|arrow| arrow.mark == mark);
    arrows
        .map(|arrow| (name(arrow.from), name(arrow.to)))
        .collect()
}

/// The example of the paper (arXiv:1802.03268, figure 1): node 2 reads node 1, node 3
/// reads node 2, node 4 reads node 1; nodes 3 and 4 are loose ends.
fn example() -> (SearchSpace, Architecture) {
    let space = compiled("enas_rnn", &[("n", "4")]).remove(0);
    let line = "Cell.f0=tanh Cell.h[1].p=0 Cell.h[1].f=relu Cell.h[2].p=1 Cell.h[2].f=relu \
                Cell.h[3].p=0 Cell.h[3].f=tanh";
    let chosen = Architecture::parse(line, &space.decisions, &space.name).unwrap();
    (space, chosen)
}

#[test]
fn the_recurrent_cell_of_the_paper_is_marked_in_its_space() {
    let (space, chosen) = example();
    let inside = picture(subject(&space), Of::Inside(&chosen));
    let cell = &inside.panels[1];
    let is_node = |name: &str| name.starts_with("h[") || name == "Cell";
    let between: BTreeSet<(String, String)> = arrows(cell, Mark::On)
        .into_iter()
        .filter(|(from, to)| is_node(from) && is_node(to) && from != "Cell")
        .collect();
    let expected = [
        ("h[2]", "Cell"),
        ("h[3]", "Cell"),
        ("h[0]", "h[1]"),
        ("h[0]", "h[3]"),
        ("h[1]", "h[2]"),
    ];
    assert_eq!(
        between,
        expected
            .map(|(from, to)| (from.to_owned(), to.to_owned()))
            .into()
    );
    let off = arrows(cell, Mark::Off);
    assert!(
        off.contains(&("h[0]".to_owned(), "h[2]".to_owned())),
        "{off:?}"
    );
    let text = svg(&inside);
    assert!(text.contains("class=\"arrow on optional\"") && text.contains("class=\"arrow off"));
    assert_eq!(text.matches("<text class=\"on\"").count(), 4);

    // Alone, what it has not is not there, and nothing need be marked.
    let alone = picture(subject(&space), Of::Alone(&chosen));
    let between = arrows(&alone.panels[1], Mark::Open);
    assert!(between.contains(&("h[1]".to_owned(), "h[2]".to_owned())));
    assert!(!between.contains(&("h[0]".to_owned(), "h[2]".to_owned())));
    assert!(arrows(&alone.panels[1], Mark::On).is_empty());
}

#[test]
fn what_loops_do_with_all_elements_stands_apart_from_them() {
    let space = compiled("enas_macro", &[]).remove(0);
    let picture = picture(subject(&space), Of::Space);
    let [panel] = &picture.panels[..] else {
        panic!("{} panels", picture.panels.len());
    };
    let reduced = |block: &super::Block| block.lines[0] == "factorized_reduce";
    // Layers 4 and 8 reduce all that there is: 5 and 9 tensors.
    assert_eq!(
        panel.blocks.iter().filter(|block| reduced(block)).count(),
        14
    );
    for arrow in &panel.arrows {
        assert!(arrow.from < arrow.to, "blocks are in topological order");
    }
}

#[test]
fn large_spaces_are_drawn_too() {
    let space = compiled("enas_macro", &[("layers", "100")]).remove(0);
    let text = check(&picture(subject(&space), Of::Space));
    assert!(text.len() < 5_000_000, "{} bytes", text.len());

    // Of modules in modules only the outer ones have a panel.
    let space = compiled("einspace_small", &[]).remove(0);
    let picture = picture(subject(&space), Of::Space);
    assert!(picture.panels.len() <= 24);
    assert!(picture.panels.iter().all(|panel| panel.blocks.len() < 20));
    let notes = &picture.panels[0].notes;
    assert!(notes[0].ends_with("more cells are not drawn"), "{notes:?}");
    let cells = picture.panels[0].blocks.iter();
    assert_eq!(cells.filter(|block| block.look == Look::Cell).count(), 2);
}

#[test]
fn pictures_are_as_before() {
    let (space, chosen) = example();
    let inside = picture(subject(&space), Of::Inside(&chosen));
    let tiny = compiled("tiny", &[]).remove(0);
    let tiny = picture(subject(&tiny), Of::Space);
    for (file, text) in [
        ("enas_rnn.mmd", mermaid(&inside)),
        ("enas_rnn.svg", svg(&inside)),
        ("tiny.mmd", mermaid(&tiny)),
    ] {
        let path = format!("{}/tests/pictures/{file}", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            text == expected,
            "{file} is not as before: UPDATE_EXPECT=1 writes it; now:\n{text}"
        );
    }
}

#[test]
fn a_page_can_contain_several_pictures() {
    let style = super::style::style();
    let mut lines = style.lines().filter(|line| line.ends_with(" }"));
    assert!(lines.all(|line| {
        let selectors = line.split(" {").next().unwrap();
        selectors
            .split(", ")
            .all(|selector| selector.starts_with(".enasc-picture "))
    }));
    assert!(style.contains("@media (prefers-color-scheme: dark)"));
    assert!(!style.contains("var("));
    let escaped = super::svg::escaped("a < \"b\" & \u{1}");
    assert_eq!(escaped, "a &lt; &quot;b&quot; &amp; \u{fffd}");
}
