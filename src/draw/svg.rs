//! A picture as SVG: one file that needs nothing else, light or dark as its reader is.

use std::fmt::Write as _;

use super::layout::{Layout, Way, layout};
use super::{Arrow, Block, Look, Mark, Panel, Picture, Slot};
use crate::graph::Kind;

/// The height of a line of text, and the least width of a character; pixels.
const LINE: f64 = 15.0;
const CHARACTER: f64 = 6.3;
/// Around the text of a block, and of a slot.
const PAD: f64 = 9.0;
/// Around a panel and between panels.
const MARGIN: f64 = 18.0;
/// The height of a panel's title.
const TITLE: f64 = 24.0;
/// Panels that together are wider stand below each other.
const WIDEST: f64 = 1500.0;
/// So many options of a slot are listed.
const OPTIONS: usize = 10;
/// No text is longer.
const LONGEST: usize = 44;

const STYLE: &str = "
  svg { font: 11px ui-sans-serif, Helvetica, Arial, sans-serif; background: var(--page);
    --page: #ffffff; --ink: #1c2530; --faint: #8a94a0; --line: #5d6875; --frame: #d3d9e0;
    --on: #c2410c; --end: #e9edf1; --element: #fff4e0; --cell: #e6e3fa; --weights: #d9e8f8;
    --norm: #ececf4; --activation: #fbf3c9; --pool: #d9f0d7; --merge: #f6deec; --other: #f4f4f4 }
  @media (prefers-color-scheme: dark) { svg { --page: #14181d; --ink: #e4e8ec; --faint: #7c8793;
    --line: #97a2ae; --frame: #39424c; --on: #fb923c; --end: #2b323a; --element: #3a3020;
    --cell: #2f2b4a; --weights: #1f3450; --norm: #2c2d3c; --activation: #3b3717; --pool: #1f3a22;
    --merge: #40253a; --other: #262b31 } }
  text { fill: var(--ink); text-anchor: middle }
  .title { text-anchor: start; font-weight: 600; font-size: 13px }
  .note { text-anchor: start; fill: var(--faint) }
  .frame { fill: none; stroke: var(--frame) }
  .block rect { stroke: var(--line) }
  .name { font-weight: 600 }
  .slot { fill: var(--page); stroke: var(--frame) }
  .key { fill: var(--faint); font-size: 9.5px }
  .arrow { fill: none; stroke: var(--line) }
  .optional { stroke-dasharray: 3 3 }
  .head { fill: var(--line); stroke: none }
  .off { opacity: .28 }
  .arrow.on { stroke: var(--on); stroke-width: 2 }
  .head.on { fill: var(--on) }
  .block.on rect.body { stroke: var(--on); stroke-width: 2 }
  text.on { fill: var(--on); font-weight: 700 }
  text.off { opacity: .5 }
";

/// The text of the file.
#[must_use]
pub fn svg(picture: &Picture) -> String {
    let drawn: Vec<Drawn> = picture.panels.iter().map(Drawn::new).collect();
    let (places, size) = arrange(&drawn);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\">",
        number(size.0),
        number(size.1)
    );
    let _ = writeln!(text, "<title>{}</title>", escaped(&picture.title));
    let _ = writeln!(text, "<style>{STYLE}</style>");
    for (drawn, place) in drawn.iter().zip(places) {
        drawn.write(&mut text, place);
    }
    text.push_str("</svg>\n");
    text
}

/// Puts panels beside each other while there is room, then below.
fn arrange(drawn: &[Drawn]) -> (Vec<(f64, f64)>, (f64, f64)) {
    let (mut x, mut y, mut height) = (MARGIN, MARGIN, 0.0_f64);
    let mut widest = 0.0_f64;
    let mut places = Vec::with_capacity(drawn.len());
    for panel in drawn {
        if x > MARGIN && x + panel.size.0 + MARGIN > WIDEST {
            (x, y, height) = (MARGIN, y + height + MARGIN, 0.0);
        }
        places.push((x, y));
        x += panel.size.0 + MARGIN;
        widest = widest.max(x);
        height = height.max(panel.size.1);
    }
    (places, (widest, y + height + MARGIN))
}

struct Drawn<'a> {
    panel: &'a Panel,
    layout: Layout,
    sizes: Vec<(f64, f64)>,
    /// With its frame.
    size: (f64, f64),
}

impl<'a> Drawn<'a> {
    fn new(panel: &'a Panel) -> Self {
        let sizes: Vec<(f64, f64)> = panel.blocks.iter().map(size).collect();
        let layout = layout(panel, &sizes);
        let texts = panel
            .notes
            .iter()
            .map(|note| width(note))
            .fold(width(&title(panel)) * 1.25, f64::max);
        let size = (
            layout.size.0.max(texts) + 2.0 * MARGIN,
            layout.size.1 + TITLE + LINE * panel.notes.len() as f64 + 2.0 * MARGIN,
        );
        Self {
            panel,
            layout,
            sizes,
            size,
        }
    }

    fn write(&self, text: &mut String, (x, y): (f64, f64)) {
        let _ = writeln!(
            text,
            "<g transform=\"translate({} {})\">",
            number(x),
            number(y)
        );
        let _ = writeln!(
            text,
            "<rect class=\"frame\" width=\"{}\" height=\"{}\" rx=\"6\"/>",
            number(self.size.0),
            number(self.size.1)
        );
        let line = |text: &mut String, class: &str, y: f64, words: &str| {
            let _ = writeln!(
                text,
                "<text class=\"{class}\" x=\"12\" y=\"{}\">{}</text>",
                number(y),
                escaped(&short(words))
            );
        };
        line(text, "title", 20.0, &title(self.panel));
        for (number, note) in self.panel.notes.iter().enumerate() {
            line(text, "note", 20.0 + LINE * (number + 1) as f64, note);
        }
        let left = (self.size.0 - self.layout.size.0) / 2.0;
        let top = self.size.1 - MARGIN - self.layout.size.1;
        let _ = writeln!(
            text,
            "<g transform=\"translate({} {})\">",
            number(left),
            number(top)
        );
        // What is marked lies above what is not.
        let mut arrows: Vec<(&Arrow, &Way)> =
            self.panel.arrows.iter().zip(&self.layout.ways).collect();
        arrows.sort_by_key(|(arrow, _)| arrow.mark);
        for (arrow, way) in arrows {
            self.arrow(text, arrow, way);
        }
        for (place, block) in self.panel.blocks.iter().enumerate() {
            let at = self.layout.blocks.get(place).copied().unwrap_or_default();
            let size = self.sizes.get(place).copied().unwrap_or_default();
            write_block(text, block, at, size);
        }
        text.push_str("</g></g>\n");
    }

    fn arrow(&self, text: &mut String, arrow: &Arrow, way: &Way) {
        let corner = |place: usize| self.layout.blocks.get(place).copied().unwrap_or_default();
        let size = |place: usize| self.sizes.get(place).copied().unwrap_or_default();
        let ((x1, y1), (w1, h1)) = (corner(arrow.from), size(arrow.from));
        let ((x2, y2), (w2, h2)) = (corner(arrow.to), size(arrow.to));
        let (path, head) = match way {
            Way::Down(points) => {
                let to = self.panel.blocks.get(arrow.to);
                let x = to.map_or(0.0, |block| x2 + entry(block, arrow.slot, w2));
                let end = (x, y2);
                let mut at = (x1 + w1 / 2.0, y1 + h1);
                let mut path = format!("M{} {}", number(at.0), number(at.1));
                for &next in points.iter().chain([&(end.0, end.1 - 5.0)]) {
                    let bend = (next.1 - at.1) / 2.0;
                    let _ = write!(
                        path,
                        "C{} {} {} {} {} {}",
                        number(at.0),
                        number(at.1 + bend),
                        number(next.0),
                        number(next.1 - bend),
                        number(next.0),
                        number(next.1)
                    );
                    at = next;
                }
                (path, (end, (0.0, 1.0)))
            }
            Way::Arc(out) => {
                let (from, to) = ((x1 + w1, y1 + h1 / 2.0), (x2 + w2, y2 + h2 * 0.35));
                let path = format!(
                    "M{0} {1}C{2} {1} {2} {3} {4} {3}",
                    number(from.0),
                    number(from.1),
                    number(out * 1.25 - (x1 + w1).max(x2 + w2) * 0.25),
                    number(to.1),
                    number(to.0 + 5.0)
                );
                (path, (to, (-1.0, 0.0)))
            }
        };
        let mut class = mark(arrow.mark).to_owned();
        if arrow.optional {
            class.push_str(" optional");
        }
        let _ = writeln!(text, "<path class=\"arrow {class}\" d=\"{path}\"/>");
        let ((x, y), (dx, dy)) = head;
        let point = |along: f64, aside: f64| {
            let (px, py) = (x - along * dx + aside * dy, y - along * dy + aside * dx);
            format!("{} {}", number(px), number(py))
        };
        let _ = writeln!(
            text,
            "<path class=\"head {}\" d=\"M{}L{}L{}Z\"/>",
            mark(arrow.mark),
            point(0.0, 0.0),
            point(6.0, 3.2),
            point(6.0, -3.2)
        );
    }
}

fn title(panel: &Panel) -> String {
    match panel.times {
        1 => panel.title.clone(),
        times => format!("{} ({times} times)", panel.title),
    }
}

// ---- blocks

fn width(text: &str) -> f64 {
    text.chars().count().min(LONGEST) as f64 * CHARACTER
}

fn short(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONGEST - 2).collect();
    format!("{start} ..")
}

/// What is listed of a slot: the first options, and always what is chosen.
fn listed(slot: &Slot) -> Vec<(String, Mark)> {
    if slot.options.len() <= OPTIONS {
        return slot.options.clone();
    }
    let mut listed: Vec<(String, Mark)> = slot.options.iter().take(OPTIONS - 2).cloned().collect();
    let more = slot.options.iter().skip(OPTIONS - 2);
    listed.extend(more.filter(|(_, mark)| *mark == Mark::On).cloned());
    let left = slot.options.len() - listed.len();
    listed.push((format!("{left} more"), Mark::Open));
    listed
}

fn slot_width(slot: &Slot) -> f64 {
    let options = listed(slot);
    let options = options.iter().map(|(option, _)| width(option) * 1.06);
    options.fold(width(&slot.name), f64::max) + PAD
}

fn slots_width(slots: &[Slot]) -> f64 {
    slots.iter().map(|slot| slot_width(slot) + 4.0).sum::<f64>() - 4.0
}

fn size(block: &Block) -> (f64, f64) {
    let lines = block
        .lines
        .iter()
        .map(|line| width(line))
        .fold(0.0, f64::max)
        * 1.08;
    let slots = if block.slots.is_empty() {
        0.0
    } else {
        slots_width(&block.slots)
    };
    let rows = block.slots.iter().map(|slot| listed(slot).len() + 1).max();
    let rows = rows.map_or(0.0, |rows| rows as f64 * (LINE - 2.0) + 8.0);
    (
        lines.max(slots) + 2.0 * PAD,
        block.lines.len() as f64 * LINE + rows + 8.0,
    )
}

/// Where the arrow to a slot comes in, from the left side of its block.
fn entry(block: &Block, slot: Option<usize>, width: f64) -> f64 {
    let Some(slot) = slot.filter(|slot| *slot < block.slots.len() && block.slots.len() > 1) else {
        return width / 2.0;
    };
    let before: f64 = block
        .slots
        .iter()
        .take(slot)
        .map(|slot| slot_width(slot) + 4.0)
        .sum();
    let own = block.slots.get(slot).map_or(0.0, slot_width);
    (width - slots_width(&block.slots)) / 2.0 + before + own / 2.0
}

fn write_block(text: &mut String, block: &Block, (x, y): (f64, f64), (w, h): (f64, f64)) {
    let (colour, round) = match block.look {
        Look::End => ("end", h / 2.0),
        Look::Element => ("element", 6.0),
        Look::Cell => ("cell", 6.0),
        Look::Op(kind) => (
            match kind {
                Kind::Weights => "weights",
                Kind::Norm => "norm",
                Kind::Activation => "activation",
                Kind::Pool => "pool",
                Kind::Merge => "merge",
                Kind::Other => "other",
            },
            3.0,
        ),
    };
    let _ = writeln!(
        text,
        "<g class=\"block {}\" transform=\"translate({} {})\"><title>{}</title><rect class=\"body\" width=\"{}\" height=\"{}\" rx=\"{}\" fill=\"var(--{colour})\"/>",
        mark(block.mark),
        number(x),
        number(y),
        escaped(&block.path),
        number(w),
        number(h),
        number(round)
    );
    let named = if matches!(block.look, Look::Element | Look::Cell) {
        "name"
    } else {
        ""
    };
    for (place, line) in block.lines.iter().enumerate() {
        let class = if place == 0 { named } else { "" };
        let y = 15.0 + LINE * place as f64;
        write_text(text, class, w / 2.0, y, line);
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
        write_text(text, "key", middle, top + 11.0, &slot.name);
        for (row, (option, marked)) in listed(slot).iter().enumerate() {
            let y = top + 11.0 + (LINE - 2.0) * (row + 1) as f64;
            write_text(text, mark(*marked), middle, y, option);
        }
        left += width + 4.0;
    }
    text.push_str("</g>\n");
}

fn write_text(text: &mut String, class: &str, x: f64, y: f64, words: &str) {
    let class = if class.is_empty() {
        String::new()
    } else {
        format!(" class=\"{class}\"")
    };
    let words = escaped(&short(words));
    let _ = writeln!(
        text,
        "<text{class} x=\"{}\" y=\"{}\">{words}</text>",
        number(x),
        number(y)
    );
}

fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Off => "off",
        Mark::Open => "open",
        Mark::On => "on",
    }
}

// ---- text

/// A number of pixels, to a tenth.
fn number(pixels: f64) -> String {
    let text = format!("{pixels:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
