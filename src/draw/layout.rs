//! Where blocks stand: in layers from top to bottom; where edges would fill the layers, in
//! one column with arcs beside it.

use super::Panel;
use super::layered::Layered;

/// A panel with places; units are pixels.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layout {
    /// The size of all of it.
    pub size: (f64, f64),
    /// The left upper corner of each block.
    pub blocks: Vec<Point>,
    /// By arrow.
    pub ways: Vec<Way>,
}

/// A place: how far right, how far down.
pub(super) type Point = (f64, f64);

/// How an arrow goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Way {
    /// Down, through these points, from the lower side of a block to the upper of another.
    Down(Vec<Point>),
    /// From the right side of a block to that of another, by an arc that is so far out.
    Beside(Point, f64, Point),
    /// From the right side of a block, by an arc, to the upper side of another; and where
    /// that ends at the right.
    Over(Point, f64, Point, f64),
}

/// What has no size but in a drawing.
pub(super) struct Sizes<'a> {
    /// By block.
    pub blocks: &'a [(f64, f64)],
    /// By arrow: how far right in its block it ends, at the upper side.
    pub entries: &'a [f64],
}

impl Sizes<'_> {
    pub fn block(&self, block: usize) -> (f64, f64) {
        at(self.blocks, block)
    }
}

/// Between the blocks of a column.
const GAP: f64 = 25.0;
/// With more lanes beside each other, blocks stand in one column.
const LANES: usize = 40;
/// How far out an arc is for each block that it passes, and at most.
const ARC: (f64, f64) = (9.0, 190.0);

/// Places blocks of these sizes.
pub(super) fn layout(panel: &Panel, sizes: &Sizes) -> Layout {
    let layers = layers(panel);
    if lanes(panel, &layers) > LANES {
        return column(panel, sizes);
    }
    Layered::new(panel, sizes, &layers).layout(panel)
}

/// How many lanes there are beside each other at most.
fn lanes(panel: &Panel, layers: &[usize]) -> usize {
    let mut last = layers.to_vec();
    for arrow in &panel.arrows {
        if let Some(last) = last.get_mut(arrow.from) {
            *last = at(layers, arrow.to).max(*last);
        }
    }
    let height = layers.iter().max().map_or(0, |last| last + 1);
    // How many begin less how many end, by layer.
    let mut change = vec![0_isize; height + 1];
    for (&from, to) in layers.iter().zip(last) {
        if to > from + 1 {
            for (layer, by) in [(from + 1, 1), (to, -1)] {
                if let Some(change) = change.get_mut(layer) {
                    *change += by;
                }
            }
        }
    }
    let open = change.iter().scan(0_isize, |open, change| {
        *open += change;
        Some(*open)
    });
    open.max().unwrap_or_default().unsigned_abs()
}

pub(super) fn at<T: Copy + Default>(list: &[T], place: usize) -> T {
    list.get(place).copied().unwrap_or_default()
}

/// The layer of each block: one below the lowest that it reads; what reads nothing
/// stands right above what reads it first.
fn layers(panel: &Panel) -> Vec<usize> {
    let n = panel.blocks.len();
    let mut layers = vec![0_usize; n];
    let (mut reads, mut first) = (vec![false; n], vec![usize::MAX; n]);
    // Blocks stand in topological order, and arrows that go back are no reason.
    let mut arrows: Vec<_> = panel
        .arrows
        .iter()
        .filter(|arrow| arrow.from < arrow.to)
        .collect();
    arrows.sort_by_key(|arrow| arrow.to);
    for arrow in &arrows {
        let below = at(&layers, arrow.from) + 1;
        if let (Some(layer), Some(reads)) = (layers.get_mut(arrow.to), reads.get_mut(arrow.to)) {
            *layer = below.max(*layer);
            *reads = true;
        }
    }
    for arrow in &arrows {
        if let Some(first) = first.get_mut(arrow.from) {
            *first = at(&layers, arrow.to).min(*first);
        }
    }
    for ((layer, reads), first) in layers.iter_mut().zip(reads).zip(first) {
        if !reads && first != usize::MAX {
            *layer = first.saturating_sub(1);
        }
    }
    layers
}

/// All blocks below each other.
fn column(panel: &Panel, sizes: &Sizes) -> Layout {
    let width = sizes.blocks.iter().map(|size| size.0).fold(0.0, f64::max);
    let mut y = 0.0;
    let mut blocks = Vec::with_capacity(sizes.blocks.len());
    for size in sizes.blocks {
        blocks.push(((width - size.0) / 2.0, y));
        y += size.1 + GAP;
    }
    let spans = panel
        .arrows
        .iter()
        .map(|arrow| arrow.from.abs_diff(arrow.to));
    let longest = spans.max().unwrap_or(1).max(1) as f64;
    let most = (ARC.0 * longest).min(ARC.1);
    let mut furthest = width;
    let ways = panel.arrows.iter().zip(sizes.entries);
    let ways = ways.map(|(arrow, &entry)| {
        let (from, to) = (at(&blocks, arrow.from), at(&blocks, arrow.to));
        let end = (to.0 + entry, to.1);
        if arrow.to == arrow.from + 1 {
            return Way::Down(vec![below(from, sizes.block(arrow.from)), end]);
        }
        let span = arrow.from.abs_diff(arrow.to) as f64;
        let out = width + 14.0 + most * (span / longest).sqrt();
        furthest = furthest.max(out);
        let start = right(from, sizes.block(arrow.from), 0.5);
        let size = sizes.block(arrow.to);
        let has_slots = panel
            .blocks
            .get(arrow.to)
            .is_some_and(|to| to.slots.len() > 1);
        match arrow.slot {
            Some(_) if has_slots => Way::Over(start, out, end, to.0 + size.0),
            _ => Way::Beside(start, out, right(to, size, 0.35)),
        }
    });
    let ways = ways.collect();
    Layout {
        size: (furthest, (y - GAP).max(0.0)),
        blocks,
        ways,
    }
}

/// The middle of a block's lower side.
pub(super) fn below(corner: Point, size: (f64, f64)) -> Point {
    (corner.0 + size.0 / 2.0, corner.1 + size.1)
}

/// A place of a block's right side, this part of its height down.
pub(super) fn right(corner: Point, size: (f64, f64), part: f64) -> Point {
    (corner.0 + size.0, corner.1 + size.1 * part)
}
