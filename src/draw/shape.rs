//! What a block looks like: its lines, its slots beside each other, and their sizes.

use std::fmt::Write as _;

use super::svg::{attribute, escaped, mark, number};
use super::text::{bold, short, width};
use super::{Block, Look, Mark, Slot};
use crate::graph::Kind;

/// The height of a line of text, and of an option; pixels.
pub(super) const LINE: f64 = 15.0;
const OPTION: f64 = 13.0;
/// Around the text of a block.
const PAD: f64 = 9.0;
/// Between slots, and around their text.
const GAP: f64 = 4.0;
const INSET: f64 = 5.0;
/// Above and below the text of a slot.
const EDGE: f64 = 3.0;
/// So many options of a slot are listed.
const OPTIONS: usize = 16;
/// No text in a block has more characters.
const LONGEST: usize = 40;

/// The size of a block.
pub(super) fn size(block: &Block) -> (f64, f64) {
    let lines = block.lines.iter().map(|line| bold(&short(line, LONGEST)));
    let text = lines.fold(0.0, f64::max);
    let slots = match rows(&block.slots) {
        0 => 0.0,
        rows => rows as f64 * OPTION + 2.0 * EDGE + 4.0,
    };
    (
        text.max(slots_width(&block.slots)) + 2.0 * PAD,
        block.lines.len() as f64 * LINE + slots + 8.0,
    )
}

/// How far right in its block an arrow to a slot ends.
pub(super) fn entry(block: &Block, slot: Option<usize>) -> f64 {
    let middle = size(block).0 / 2.0;
    let Some((slot, own)) = slot.and_then(|slot| Some((slot, block.slots.get(slot)?))) else {
        return middle;
    };
    let before = block.slots.iter().take(slot);
    let before: f64 = before.map(|slot| slot_width(slot) + GAP).sum();
    middle - slots_width(&block.slots) / 2.0 + before + slot_width(own) / 2.0
}

/// What is listed of a slot: the first options, and what is chosen of the others in place
/// of the last ones. It has as many lines whatever is chosen.
fn listed(slot: &Slot) -> Vec<(String, Mark)> {
    let shown = |(option, mark): &(String, Mark)| (short(option, LONGEST), *mark);
    if slot.options.len() <= OPTIONS {
        return slot.options.iter().map(shown).collect();
    }
    let room = OPTIONS - 1;
    let (first, more) = slot.options.split_at(room);
    let chosen = more.iter().filter(|(_, mark)| *mark == Mark::On);
    let chosen: Vec<_> = chosen.take(room).collect();
    let first = first.iter().take(room - chosen.len());
    let mut listed: Vec<(String, Mark)> = first.chain(chosen).map(shown).collect();
    let left = slot.options.len() - listed.len();
    // As faint as most that it stands for.
    let mark = more.iter().map(|(_, mark)| *mark).min();
    listed.push((format!("{left} more"), mark.unwrap_or(Mark::Open)));
    listed
}

/// How many lines of text slots have: with a name in any, all leave room for one.
fn rows(slots: &[Slot]) -> usize {
    let options = slots.iter().map(|slot| slot.options.len().min(OPTIONS));
    options.max().unwrap_or_default() + usize::from(has_names(slots))
}

fn has_names(slots: &[Slot]) -> bool {
    slots.iter().any(|slot| !slot.name.is_empty())
}

/// It has the same width whatever is chosen.
fn slot_width(slot: &Slot) -> f64 {
    let options = slot.options.iter();
    let options = options.map(|(option, _)| bold(&short(option, LONGEST)));
    options.fold(width(&short(&slot.name, LONGEST)), f64::max) + 2.0 * INSET
}

fn slots_width(slots: &[Slot]) -> f64 {
    let widths: f64 = slots.iter().map(|slot| slot_width(slot) + GAP).sum();
    (widths - GAP).max(0.0)
}

/// Writes a block whose left upper corner is at a point.
pub(super) fn write(text: &mut String, block: &Block, (x, y): (f64, f64)) {
    let (w, h) = size(block);
    let (colour, round) = match block.look {
        Look::End => ("end", h / 2.0),
        Look::Element => ("element", 6.0),
        Look::Cell => ("cell", 6.0),
        Look::Op(kind) => (colour(kind), 3.0),
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "<g class=\"block {}\" transform=\"translate({} {})\"><title>{}</title>\
         <rect class=\"body {colour} {0}\" width=\"{}\" height=\"{}\" rx=\"{}\"/>",
        mark(block.mark),
        number(x),
        number(y),
        escaped(&block.path),
        number(w),
        number(h),
        number(round)
    );
    let is_named = matches!(block.look, Look::Element | Look::Cell);
    for (place, line) in block.lines.iter().enumerate() {
        let class = if place == 0 && is_named { "name" } else { "" };
        let y = 15.0 + LINE * place as f64;
        write_text(text, class, (w / 2.0, y), &short(line, LONGEST));
    }
    let mut left = (w - slots_width(&block.slots)) / 2.0;
    let top = block.lines.len() as f64 * LINE + 6.0;
    for slot in &block.slots {
        let width = slot_width(slot);
        let _ = writeln!(
            text,
            "<rect class=\"slot\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"3\"/>",
            number(left),
            number(top),
            number(width),
            number(h - top - 6.0)
        );
        let middle = left + width / 2.0;
        let mut y = top + EDGE + 9.5;
        if !slot.name.is_empty() {
            write_text(text, "key", (middle, y), &short(&slot.name, LONGEST));
        }
        y += OPTION * f64::from(u8::from(has_names(&block.slots)));
        for (option, marked) in listed(slot) {
            write_text(text, mark(marked), (middle, y), &option);
            y += OPTION;
        }
        left += width + GAP;
    }
    text.push_str("</g>\n");
}

fn write_text(text: &mut String, class: &str, (x, y): (f64, f64), words: &str) {
    let _ = writeln!(
        text,
        "<text{} x=\"{}\" y=\"{}\">{}</text>",
        attribute("class", class),
        number(x),
        number(y),
        escaped(words)
    );
}

fn colour(kind: Kind) -> &'static str {
    match kind {
        Kind::Weights => "weights",
        Kind::Norm => "norm",
        Kind::Activation => "activation",
        Kind::Pool => "pool",
        Kind::Merge => "merge",
        Kind::Other => "other",
    }
}
