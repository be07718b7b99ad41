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
/// So many options of a slot are listed.
const OPTIONS: usize = 10;
/// No text in a block has more characters.
const LONGEST: usize = 40;

/// The size of a block.
pub(super) fn size(block: &Block) -> (f64, f64) {
    let lines = block.lines.iter().map(|line| bold(&short(line, LONGEST)));
    let text = lines.fold(0.0, f64::max);
    let rows = block.slots.iter().map(rows).max();
    let slots = rows.map_or(0.0, |rows| rows as f64 * OPTION + 8.0);
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

/// What is listed of a slot: the first options, and always what is chosen.
fn listed(slot: &Slot) -> Vec<(String, Mark)> {
    let shown = |(option, mark): &(String, Mark)| (short(option, LONGEST), *mark);
    if slot.options.len() <= OPTIONS {
        return slot.options.iter().map(shown).collect();
    }
    let (first, more) = slot.options.split_at(OPTIONS - 2);
    let chosen = more.iter().filter(|(_, mark)| *mark == Mark::On);
    let mut listed: Vec<(String, Mark)> = first.iter().chain(chosen).map(shown).collect();
    let left = slot.options.len() - listed.len();
    if left > 0 {
        // As faint as most that it stands for.
        let mark = more.iter().map(|(_, mark)| *mark).min();
        listed.push((format!("{left} more"), mark.unwrap_or(Mark::Open)));
    }
    listed
}

/// How many lines of text a slot has.
fn rows(slot: &Slot) -> usize {
    listed(slot).len() + usize::from(!slot.name.is_empty())
}

fn slot_width(slot: &Slot) -> f64 {
    let options = listed(slot);
    let options = options.iter().map(|(option, _)| bold(option));
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
        let mut y = top + 11.0;
        if !slot.name.is_empty() {
            write_text(text, "key", (middle, y), &short(&slot.name, LONGEST));
            y += OPTION;
        }
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
