//! A picture as SVG: one file that needs nothing else, light or dark as its reader is.
//!
//! A page can contain several pictures: they have no ids, and their style applies to
//! nothing else.

use std::fmt::Write as _;

use super::layout::{Layout, Point, Sizes, Way, layout};
use super::shape::{LINE, entry, size, write};
use super::style::{CLASS, style};
use super::text::{bold, short, width, wrapped};
use super::{Arrow, Mark, Panel, Picture};

/// Around a panel and between panels; pixels.
const MARGIN: f64 = 18.0;
/// The height of a panel's title, and how much larger its text is.
const TITLE: (f64, f64) = (24.0, 13.0 / 11.0);
/// Panels that together are wider stand below each other.
const WIDEST: f64 = 1500.0;
/// No title and no line of a note has more characters.
const LONGEST: usize = 72;
/// How long the head of an arrow is, and half as wide.
const HEAD: (f64, f64) = (6.0, 3.2);

/// The text of the file: an `svg` element, which HTML may contain as it is.
#[must_use]
pub fn svg(picture: &Picture) -> String {
    let drawn: Vec<Drawn> = picture.panels.iter().map(Drawn::new).collect();
    let (places, size) = arrange(&drawn);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"{CLASS}\" width=\"{0}\" height=\"{1}\" \
         viewBox=\"0 0 {0} {1}\" role=\"img\">",
        number(size.0),
        number(size.1)
    );
    let _ = writeln!(text, "<title>{}</title>", escaped(&picture.title));
    let _ = writeln!(text, "<style>{}</style>", style());
    text.push_str("<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n");
    for (drawn, place) in drawn.iter().zip(places) {
        drawn.write(&mut text, place);
    }
    text.push_str("</svg>\n");
    text
}

/// Puts panels beside each other while there is room, then below.
fn arrange(drawn: &[Drawn]) -> (Vec<Point>, (f64, f64)) {
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

/// A panel whose blocks have places.
pub(super) struct Drawn<'a> {
    pub panel: &'a Panel,
    pub layout: Layout,
    /// With its frame.
    pub size: (f64, f64),
}

impl<'a> Drawn<'a> {
    pub fn new(panel: &'a Panel) -> Self {
        let blocks: Vec<(f64, f64)> = panel.blocks.iter().map(size).collect();
        let entries: Vec<f64> = panel
            .arrows
            .iter()
            .map(|arrow| {
                let to = panel.blocks.get(arrow.to);
                to.map_or(0.0, |block| entry(block, arrow.slot))
            })
            .collect();
        let sizes = Sizes {
            blocks: &blocks,
            entries: &entries,
        };
        let layout = layout(panel, &sizes);
        let notes = notes(panel);
        let widths = notes.iter().map(|note| width(note));
        let texts = widths.fold(bold(&title(panel)) * TITLE.1, f64::max);
        let size = (
            layout.size.0.max(texts) + 2.0 * MARGIN,
            layout.size.1 + TITLE.0 + LINE * notes.len() as f64 + 2.0 * MARGIN,
        );
        Self {
            panel,
            layout,
            size,
        }
    }

    fn write(&self, text: &mut String, (x, y): Point) {
        let _ = writeln!(
            text,
            "<g transform=\"translate({} {})\">\n<rect class=\"frame\" width=\"{}\" height=\"{}\" rx=\"6\"/>",
            number(x),
            number(y),
            number(self.size.0),
            number(self.size.1)
        );
        let mut lines = vec![("title", title(self.panel))];
        lines.extend(notes(self.panel).into_iter().map(|note| ("note", note)));
        for (place, (class, line)) in lines.iter().enumerate() {
            let _ = writeln!(
                text,
                "<text class=\"{class}\" x=\"12\" y=\"{}\">{}</text>",
                number(20.0 + LINE * place as f64),
                escaped(line)
            );
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
        for (block, &corner) in self.panel.blocks.iter().zip(&self.layout.blocks) {
            write(text, block, corner);
        }
        text.push_str("</g></g>\n");
    }

    fn arrow(&self, text: &mut String, arrow: &Arrow, way: &Way) {
        let (path, end, (dx, dy)) = drawn(way);
        let marked = mark(arrow.mark);
        let optional = if arrow.optional { " optional" } else { "" };
        let name = |block: usize| {
            let block = self.panel.blocks.get(block);
            block.map_or("", |block| block.path.as_str())
        };
        let point = |along: f64, aside: f64| {
            let (x, y) = (
                end.0 - along * dx + aside * dy,
                end.1 - along * dy + aside * dx,
            );
            format!("{} {}", number(x), number(y))
        };
        let _ = writeln!(
            text,
            "<path class=\"arrow {marked}{optional}\" d=\"{path}\"><title>{} → {}</title></path>\
             <path class=\"head {marked}\" d=\"M{}L{}L{}Z\"/>",
            escaped(name(arrow.from)),
            escaped(name(arrow.to)),
            point(0.0, 0.0),
            point(HEAD.0, HEAD.1),
            point(HEAD.0, -HEAD.1)
        );
    }
}

/// The line of an arrow up to its head, the tip, and where that points.
fn drawn(way: &Way) -> (String, Point, (f64, f64)) {
    let begin = |(x, y): Point| format!("M{} {}", number(x), number(y));
    match way {
        Way::Down(points) => {
            let (first, rest) = points.split_first().unwrap_or((&(0.0, 0.0), &[]));
            let (end, lane) = rest.split_last().unwrap_or((first, &[]));
            let mut at = *first;
            let mut path = begin(at);
            for &next in lane.iter().chain([&(end.0, end.1 - HEAD.0 + 1.0)]) {
                let bend = (next.1 - at.1) / 2.0;
                if (next.0 - at.0).abs() < 0.05 {
                    path += &format!("V{}", number(next.1));
                } else {
                    path += &curve((at.0, at.1 + bend), (next.0, next.1 - bend), next);
                }
                at = next;
            }
            (path, *end, (0.0, 1.0))
        }
        Way::Beside(start, out, end) => {
            // A cubic curve goes three quarters as far out as its control points.
            let far = out + (out - start.0.max(end.0)) / 3.0;
            let stop = (end.0 + HEAD.0 - 1.0, end.1);
            let path = begin(*start) + &curve((far, start.1), (far, end.1), stop);
            (path, *end, (-1.0, 0.0))
        }
        Way::Over(start, out, end, right) => {
            let above = end.1 - 13.0;
            let far = out + (out - start.0.max(*right)) / 3.0;
            let turn = (*right, above);
            let stop = (end.0, end.1 - HEAD.0 + 1.0);
            let path = begin(*start)
                + &curve((far, start.1), (far, above), turn)
                + &curve((end.0 + 8.0, above), (end.0, above), stop);
            (path, *end, (0.0, 1.0))
        }
    }
}

/// A cubic curve by its two control points and its end.
fn curve(a: Point, b: Point, end: Point) -> String {
    let [a, b, end] = [a, b, end].map(|(x, y)| format!("{} {}", number(x), number(y)));
    format!("C{a} {b} {end}")
}

fn title(panel: &Panel) -> String {
    short(&panel.heading(), LONGEST)
}

/// The notes in lines, which are indented where a note goes on.
fn notes(panel: &Panel) -> Vec<String> {
    let lines = panel.notes.iter().flat_map(|note| {
        let lines = wrapped(note, LONGEST).into_iter().enumerate();
        lines.map(|(place, line)| match place {
            0 => line,
            _ => format!("\u{2003}{line}"),
        })
    });
    lines.collect()
}

// ---- text

/// The class of a mark.
pub(super) fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Off => "off",
        Mark::Open => "open",
        Mark::On => "on",
    }
}

/// An attribute, or nothing without a value.
pub(super) fn attribute(name: &str, value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    format!(" {name}=\"{value}\"")
}

/// A number of pixels, to a tenth.
pub(super) fn number(pixels: f64) -> String {
    let text = format!("{pixels:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// Text in XML, which has no control characters.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other if other.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
