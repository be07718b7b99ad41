//! What pictures say about choices: what an architecture has, what only some have, and how
//! what is chosen is called.

use std::collections::BTreeSet;

use super::{arrows, compiled, sampled, subject};
use crate::draw::{Arrow, Block, Look, Mark, Of, Panel, Picture, Slot, mermaid, picture, shape};

/// Checks what holds of the pictures of every space: of all of it, and of an architecture alone
/// and in it.
pub(super) fn check([whole, alone, inside]: [&Picture; 3]) {
    inside.panels.iter().for_each(check_marks);
    // Of what an architecture has not no frame takes the place of what it has.
    let mut has: Vec<bool> = inside.panels.iter().map(|panel| panel.times > 0).collect();
    let notes = &inside.panels[0].notes;
    if notes.iter().any(|note| note.ends_with("not drawn")) {
        assert!(has.is_sorted_by(|a, b| a >= b), "{}", whole.title);
    }
    has.retain(|has| *has);
    assert_eq!(alone.panels.len(), has.len(), "{}", whole.title);
    for panel in &alone.panels {
        let own = panel.blocks.iter().filter(|block| block.look != Look::End);
        assert!(own.count() > 0, "{}: {}", whole.title, panel.title);
        let choices = panel.blocks.iter().filter(|block| block.look != Look::Cell);
        for slot in choices.flat_map(|block| &block.slots) {
            assert_ne!(slot.options, [], "{}", whole.title);
        }
    }
    let text = mermaid(alone);
    assert!(!text.contains(": \"") && !text.contains(": <br>") && !text.contains("<br>: "));
    for panel in &whole.panels {
        let mut names = BTreeSet::new();
        let named = panel.blocks.iter();
        for block in named.filter(|block| matches!(block.look, Look::Element | Look::Cell)) {
            let lines = &block.lines;
            assert!(names.insert(lines), "{}: {lines:?}", whole.title);
        }
    }
}

/// Checks the marks of a panel in which an architecture is marked.
fn check_marks(panel: &Panel) {
    let mark = |block: usize| panel.blocks[block].mark;
    for arrow in &panel.arrows {
        let ends = format!(
            "{}: {} → {}",
            panel.title,
            name(panel, arrow.from),
            name(panel, arrow.to)
        );
        if arrow.mark == Mark::On {
            assert_eq!(
                (mark(arrow.from), mark(arrow.to)),
                (Mark::On, Mark::On),
                "{ends}"
            );
        }
        // A cell may make nothing of what it is given.
        let reads = arrow.optional || panel.blocks[arrow.to].look == Look::Cell;
        if !reads && mark(arrow.to) == Mark::On {
            assert_eq!(arrow.mark, Mark::On, "{ends} is not always there");
        }
    }
    for (place, block) in panel.blocks.iter().enumerate() {
        let leads = |arrow: &&Arrow| arrow.from == place && arrow.mark == Mark::On;
        let is_read = panel.arrows.iter().any(|arrow| leads(&arrow));
        let is_input = panel.arrows.iter().all(|arrow| arrow.to != place);
        if block.look == Look::End && is_input {
            assert_eq!(
                block.mark == Mark::On,
                is_read,
                "{}: {}",
                panel.title,
                block.path
            );
        }
        assert!(
            panel.times > 0 || block.mark == Mark::Off,
            "{}: {}",
            panel.title,
            block.path
        );
    }
}

fn name(panel: &Panel, block: usize) -> &str {
    &panel.blocks[block].lines[0]
}

fn panel<'a>(picture: &'a Picture, title: &str) -> &'a Panel {
    let found = picture.panels.iter().find(|panel| panel.title == title);
    found.unwrap_or_else(|| panic!("no frame `{title}`"))
}

/// The options of a panel that are chosen in it.
fn chosen(panel: &Panel) -> Vec<&str> {
    let slots = panel.blocks.iter().flat_map(|block| &block.slots);
    let options = slots.flat_map(|slot| &slot.options);
    let chosen = options.filter(|(_, mark)| *mark != Mark::Off);
    chosen.map(|(option, _)| option.as_str()).collect()
}

#[test]
fn an_architecture_alone_has_the_cells_that_it_uses() {
    let space = compiled("hierarchical", &[]).remove(0);
    for seed in 0..5 {
        let alone = picture(subject(&space), Of::Alone(&sampled(&space, seed)));
        let cell = panel(&alone, "Cell");
        assert_eq!(cell.times, 3);
        let chosen = chosen(cell);
        for motif in 0..6 {
            let option = format!("m{}", motif + 1);
            let n = chosen.iter().filter(|name| **name == option).count();
            let title = format!("m[{motif}]");
            let times = alone.panels.iter().find(|panel| panel.title == title);
            assert_eq!(
                times.map_or(0, |panel| panel.times),
                3 * n,
                "seed {seed}, {title}"
            );
        }
        let notes = alone.panels.iter().flat_map(|panel| &panel.notes);
        assert_eq!(
            notes.count(),
            0,
            "motifs that the cell has not are not described"
        );
    }
}

#[test]
fn what_an_architecture_uses_deep_inside_has_a_frame() {
    let space = compiled("einspace_small", &[]).remove(0);
    for seed in 0..5 {
        let alone = picture(subject(&space), Of::Alone(&sampled(&space, seed)));
        let titles: BTreeSet<&str> = alone.panels.iter().map(|panel| &*panel.title).collect();
        let mut n = 0;
        for panel in &alone.panels {
            let cells = panel.blocks.iter().filter(|block| block.look == Look::Cell);
            for cell in cells {
                n += 1;
                assert!(titles.contains(&*cell.path), "seed {seed}: {}", cell.path);
            }
        }
        assert_eq!(n, alone.panels.len() - 1, "each is drawn once");
    }
}

/// How many arrows all architectures have, and only some.
fn counts(picture: &Picture) -> (usize, usize) {
    let arrows = picture.panels.iter().flat_map(|panel| &panel.arrows);
    let (optional, sure): (Vec<&Arrow>, Vec<&Arrow>) = arrows.partition(|arrow| arrow.optional);
    (sure.len(), optional.len())
}

#[test]
fn picked_edges_are_optional_also_where_an_operation_of_their_own_reads_them() {
    let space = compiled("enas_macro_final", &[]).remove(0);
    let whole = picture(subject(&space), Of::Space);
    let search = compiled("enas_macro", &[]).remove(0);
    assert_eq!(
        counts(&whole),
        counts(&picture(subject(&search), Of::Space))
    );
    let is_sure = |picture: &Picture, from: &str, to: &str| {
        let panel = &picture.panels[0];
        let mut arrows = panel.arrows.iter();
        let arrow =
            arrows.find(|arrow| name(panel, arrow.from) == from && name(panel, arrow.to) == to);
        !arrow.unwrap().optional
    };
    assert!(is_sure(&whole, "h[1]", "h[2]") && !is_sure(&whole, "h[0]", "h[2]"));

    // Cell by cell: t[2] reads both inputs, of all others two of several.
    let space = compiled("darts_cnn", &[]).remove(0);
    let whole = picture(subject(&space), Of::Space);
    for title in ["normal", "reduce"] {
        let panel = panel(&whole, title);
        let into = |node: &str| {
            let arrows = panel.arrows.iter();
            arrows
                .filter(|arrow| name(panel, arrow.to) == node)
                .map(|arrow| arrow.optional)
                .collect()
        };
        let into: Vec<Vec<bool>> = ["t[2]", "t[3]", "t[4]", "t[5]"].map(into).into();
        assert_eq!(
            into,
            [vec![false; 2], vec![true; 3], vec![true; 4], vec![true; 5]]
        );
    }
    let chosen = sampled(&space, 3);
    let inside = picture(subject(&space), Of::Inside(&chosen));
    let on = arrows(panel(&inside, "normal"), Mark::On);
    let into = |node: &str| on.iter().filter(|(_, to)| to == node).count();
    assert_eq!(["t[2]", "t[3]", "t[4]", "t[5]"].map(into), [2; 4]);
    let off = arrows(panel(&inside, "normal"), Mark::Off);
    assert!(
        off.len() >= 1 + 2 + 3,
        "what is not picked is faint: {off:?}"
    );

    // A candidate that is zero reads nothing.
    let space = compiled("nasbench201", &[]).remove(0);
    let whole = picture(subject(&space), Of::Space);
    assert_eq!(
        panel(&whole, "Cell")
            .arrows
            .iter()
            .filter(|arrow| arrow.optional)
            .count(),
        6
    );
}

#[test]
fn inputs_have_the_names_of_the_source() {
    let space = compiled("enas_micro", &[]).remove(0);
    let whole = picture(subject(&space), Of::Space);
    let ends = |title: &str| {
        let blocks = &panel(&whole, title).blocks;
        let inputs = blocks.iter().filter(|block| block.look == Look::End);
        let mut names: Vec<&str> = inputs.map(|block| &*block.lines[0]).collect();
        names.sort_unstable();
        names.join("; ")
    };
    // Only inputs of another size pass through an operation on their way to t[0].
    assert_eq!(ends("normal"), "a; output; t[1] = b");
    assert_eq!(ends("reduce"), "output; t[0] = a; t[1] = b");
    let normal = panel(&whole, "normal");
    let fit = normal.blocks.iter().find(|block| block.lines[0] == "t[0]");
    assert_eq!(fit.unwrap().lines, ["t[0]", "fit"]);

    // The call of a cell says which of its inputs is the last cell, and which that before.
    let network = &whole.panels[0];
    let mut given = BTreeSet::new();
    for arrow in &network.arrows {
        let (from, to) = (&network.blocks[arrow.from], &network.blocks[arrow.to]);
        if to.lines == ["normal", "l=1"] {
            let slot = &to.slots[arrow.slot.unwrap()];
            given.insert((from.lines.join(" "), slot.name.clone()));
        }
    }
    let expected = [("conv_bn", "a"), ("normal l=0", "b")];
    assert_eq!(
        given,
        expected
            .map(|(from, slot)| (from.to_owned(), slot.to_owned()))
            .into()
    );
}

#[test]
fn the_first_element_is_a_box_like_the_others() {
    let space = compiled("enas_rnn", &[]).remove(0);
    let whole = picture(subject(&space), Of::Space);
    let nodes = whole.panels[1]
        .blocks
        .iter()
        .filter(|block| block.look == Look::Element);
    for (number, node) in nodes.enumerate() {
        assert_eq!(node.lines, [format!("h[{number}]")]);
        let [slot] = &node.slots[..] else {
            panic!("{:?}", node.slots);
        };
        assert_eq!(slot.name, if number == 0 { "f0" } else { "f" });
    }
    assert_eq!(whole.panels[1].notes, [] as [&str; 0]);
}

#[test]
fn widths_stand_in_the_layers_that_have_them() {
    let space = compiled("nats_size", &[]).remove(0);
    let network = &picture(subject(&space), Of::Space).panels[0];
    assert_eq!(network.notes, [] as [&str; 0]);
    let widths: Vec<String> = network
        .blocks
        .iter()
        .filter(|block| !block.slots.is_empty())
        .map(|block| {
            assert_eq!((block.slots.len(), &*block.slots[0].name), (1, "c"));
            assert_eq!(block.slots[0].options.len(), 8);
            block.lines.join(" ")
        })
        .collect();
    let expected = [
        "conv_bn",
        "down layer=1",
        "cell201 layer=2",
        "down layer=3",
        "cell201 layer=4",
    ];
    assert_eq!(widths, expected);
}

#[test]
fn notes_say_how_many_are_chosen() {
    let space = compiled("mobilenet_v3", &[]).remove(0);
    let notes = |picture: Picture| picture.panels[0].notes.join("; ");
    let whole = notes(picture(subject(&space), Of::Space));
    assert!(
        whole.starts_with("c=0: 2, 3 or 4; c=1: 2, 3 or 4;"),
        "{whole}"
    );
    let space = compiled("transnas_macro", &[]).remove(0);
    let whole = notes(picture(subject(&space), Of::Space));
    assert!(
        whole.contains("doubling: some of 0, 1, 2, 3, 4, 5"),
        "{whole}"
    );
    // An architecture alone selects nothing: its rounds follow each other.
    for seed in 0..3 {
        let alone = picture(subject(&space), Of::Alone(&sampled(&space, seed)));
        let blocks = &alone.panels[0].blocks;
        let residual = blocks.iter().flat_map(|block| &block.lines);
        let residual: Vec<&String> = residual
            .filter(|line| line.starts_with("residual"))
            .collect();
        let n = chosen(&alone.panels[0])[0].parse::<usize>().unwrap();
        assert_eq!(residual, [&format!("residual ({} in a row)", 2 * n)]);
    }
}

#[test]
fn the_size_of_a_box_says_nothing_about_the_choice() {
    let block = |chosen: usize| Block {
        lines: vec!["t[2]".to_owned()],
        path: "t[2]".to_owned(),
        look: Look::Element,
        slots: vec![Slot {
            name: "f".to_owned(),
            options: (0..20)
                .map(|option| {
                    let mark = if option == chosen {
                        Mark::On
                    } else {
                        Mark::Off
                    };
                    (format!("{}{option}", "w".repeat(option)), mark)
                })
                .collect(),
        }],
        mark: Mark::On,
    };
    let mut text = String::new();
    for chosen in 0..20 {
        assert_eq!(shape::size(&block(chosen)), shape::size(&block(0)));
        text.clear();
        shape::write(&mut text, &block(chosen), (0.0, 0.0));
        let name = format!("{}{chosen}</text>", "w".repeat(chosen));
        assert!(text.contains("<text class=\"on\"") && text.contains(&name));
        assert!(text.contains("5 more") && text.matches("<text").count() == 18);
    }
}
