//! Where blocks stand: in layers from top to bottom, as by Sugiyama, Tagawa and Toda
//! (1981); where edges would fill the layers, in one column with arcs beside it.

use super::Panel;

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
    fn block(&self, block: usize) -> (f64, f64) {
        at(self.blocks, block)
    }
}

/// Between layers, and between blocks of a layer.
const GAP: (f64, f64) = (22.0, 42.0);
/// Between lanes, and between a lane and a block.
const LANE: (f64, f64) = (9.0, 14.0);
/// With more lanes beside each other, blocks stand in one column.
const LANES: usize = 40;
/// How much straight lanes and optional arrows to the next layer count, and arrows to
/// there that all architectures have, against the arrows that leave a lane.
const STRAIGHT: f64 = 8.0;
const SPINE: f64 = 100.0;
/// How far out an arc is for each block that it passes, and at most.
const ARC: (f64, f64) = (9.0, 190.0);
/// How often layers are sorted, and shifted.
const SWEEPS: usize = 12;

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

fn at<T: Copy + Default>(list: &[T], place: usize) -> T {
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
        y += size.1 + GAP.1 * 0.6;
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
        size: (furthest, (y - GAP.1 * 0.6).max(0.0)),
        blocks,
        ways,
    }
}

/// The middle of a block's lower side.
fn below(corner: Point, size: (f64, f64)) -> Point {
    (corner.0 + size.0 / 2.0, corner.1 + size.1)
}

/// A place of a block's right side, this part of its height down.
fn right(corner: Point, size: (f64, f64), part: f64) -> Point {
    (corner.0 + size.0, corner.1 + size.1 * part)
}

/// A block, or the place where a lane passes a layer: one lane for all that reads a block.
struct Cell {
    block: Option<usize>,
    width: f64,
    /// Its middle.
    x: f64,
    /// Its neighbours, and how much they count.
    above: Vec<(usize, f64)>,
    below: Vec<(usize, f64)>,
}

struct Layered<'a> {
    sizes: &'a Sizes<'a>,
    cells: Vec<Cell>,
    /// The cells of each layer, from left to right.
    layers: Vec<Vec<usize>>,
    /// The cells that each arrow passes.
    passed: Vec<Vec<usize>>,
}

impl<'a> Layered<'a> {
    fn new(panel: &Panel, sizes: &'a Sizes, of: &[usize]) -> Self {
        let n = of.iter().max().map_or(0, |last| last + 1);
        let mut all = Self {
            sizes,
            cells: Vec::new(),
            layers: vec![Vec::new(); n],
            passed: Vec::new(),
        };
        for (block, &layer) in of.iter().enumerate() {
            all.add(Some(block), sizes.block(block).0, layer);
        }
        // The cells of a lane, from the block below its beginning down.
        let mut lanes: Vec<Vec<usize>> = vec![Vec::new(); of.len()];
        for arrow in &panel.arrows {
            let (from, to) = (at(of, arrow.from), at(of, arrow.to));
            let length = to.saturating_sub(from + 1);
            let Some(lane) = lanes.get_mut(arrow.from).filter(|_| from < to) else {
                all.passed.push(Vec::new());
                continue;
            };
            while lane.len() < length {
                let above = lane.last().copied().unwrap_or(arrow.from);
                let cell = all.add(None, 0.0, from + 1 + lane.len());
                all.join(above, cell, STRAIGHT);
                lane.push(cell);
            }
            let passed = lane.get(..length).unwrap_or_default().to_vec();
            let weight = match (passed.is_empty(), arrow.optional) {
                (true, false) => SPINE,
                (true, true) => STRAIGHT,
                (false, _) => 1.0,
            };
            let above = passed.last().copied().unwrap_or(arrow.from);
            all.join(above, arrow.to, weight);
            all.passed.push(passed);
        }
        all
    }

    fn add(&mut self, block: Option<usize>, width: f64, layer: usize) -> usize {
        let cell = Cell {
            block,
            width,
            x: 0.0,
            above: Vec::new(),
            below: Vec::new(),
        };
        self.cells.push(cell);
        let id = self.cells.len() - 1;
        if let Some(cells) = self.layers.get_mut(layer) {
            cells.push(id);
        }
        id
    }

    fn join(&mut self, above: usize, below: usize, weight: f64) {
        if let Some(cell) = self.cells.get_mut(above) {
            cell.below.push((below, weight));
        }
        if let Some(cell) = self.cells.get_mut(below) {
            cell.above.push((above, weight));
        }
    }

    fn x(&self, cell: usize) -> f64 {
        self.cells.get(cell).map_or(0.0, |cell| cell.x)
    }

    /// Where the neighbours of a cell are on average, above or below it.
    fn mean(&self, cell: usize, from_above: bool) -> Option<f64> {
        let cell = self.cells.get(cell)?;
        let near = if from_above { &cell.above } else { &cell.below };
        let sum: f64 = near.iter().map(|&(cell, by)| self.x(cell) * by).sum();
        let weight: f64 = near.iter().map(|(_, by)| by).sum();
        (!near.is_empty()).then(|| sum / weight)
    }

    /// Where the neighbours of a cell are on average.
    fn wish(&self, id: usize) -> f64 {
        let Some(cell) = self.cells.get(id) else {
            return 0.0;
        };
        let near = cell.above.iter().chain(&cell.below);
        let sums = near.fold((0.0, 0.0), |(sum, weight), &(near, by)| {
            (sum + self.x(near) * by, weight + by)
        });
        if sums.1 > 0.0 {
            sums.0 / sums.1
        } else {
            cell.x
        }
    }

    /// How much it counts that a cell is where it wishes to be.
    fn weight(&self, cell: usize) -> f64 {
        self.cells.get(cell).map_or(1.0, |cell| {
            let near = cell.above.iter().chain(&cell.below);
            1.0 + near.map(|(_, by)| by).sum::<f64>()
        })
    }

    /// How far the middles of neighbours in a layer are apart.
    fn distance(&self, left: usize, right: usize) -> f64 {
        let (Some(left), Some(right)) = (self.cells.get(left), self.cells.get(right)) else {
            return 0.0;
        };
        let gap = match (left.block, right.block) {
            (Some(_), Some(_)) => GAP.0,
            (None, None) => LANE.0,
            _ => LANE.1,
        };
        (left.width + right.width) / 2.0 + gap
    }

    /// Sorts each layer by where the neighbours of its cells are, down and up.
    fn sort(&mut self) {
        self.pack();
        for sweep in 0..SWEEPS {
            let down = sweep % 2 == 0;
            for layer in self.order(down) {
                let mut cells = self.layers.get(layer).cloned().unwrap_or_default();
                cells.sort_by(|&a, &b| {
                    let wish = |cell| self.mean(cell, down).unwrap_or_else(|| self.x(cell));
                    wish(a).total_cmp(&wish(b))
                });
                if let Some(layer) = self.layers.get_mut(layer) {
                    *layer = cells;
                }
                self.pack_layer(layer);
            }
        }
    }

    fn order(&self, down: bool) -> Vec<usize> {
        let n = self.layers.len();
        if down {
            (0..n).collect()
        } else {
            (0..n).rev().collect()
        }
    }

    fn pack(&mut self) {
        for layer in 0..self.layers.len() {
            self.pack_layer(layer);
        }
    }

    /// Puts the cells of a layer side by side around zero.
    fn pack_layer(&mut self, layer: usize) {
        let cells = self.layers.get(layer).cloned().unwrap_or_default();
        self.put(&cells, &vec![0.0; cells.len()]);
    }

    /// Puts cells as near to their wishes as their order and widths allow, by least
    /// squares: cells that would overlap move as one.
    fn put(&mut self, cells: &[usize], wishes: &[f64]) {
        // Groups of cells: how much they weigh, that times where they want their first cell,
        // how many they are.
        let mut groups: Vec<(f64, f64, usize)> = Vec::new();
        let mut offsets = Vec::with_capacity(cells.len());
        let mut offset = 0.0;
        let mut before: Option<usize> = None;
        for (&cell, wish) in cells.iter().zip(wishes) {
            offset += before.map_or(0.0, |before| self.distance(before, cell));
            before = Some(cell);
            offsets.push(offset);
            let weight = self.weight(cell);
            groups.push((weight, weight * (wish - offset), 1));
            while let [.., (v, a, n), (w, b, m)] = groups[..] {
                if a / v <= b / w {
                    break;
                }
                groups.truncate(groups.len() - 2);
                groups.push((v + w, a + b, n + m));
            }
        }
        let starts = groups
            .iter()
            .flat_map(|&(weight, sum, n)| std::iter::repeat_n(sum / weight, n));
        for ((&cell, start), offset) in cells.iter().zip(starts).zip(offsets) {
            if let Some(cell) = self.cells.get_mut(cell) {
                cell.x = start + offset;
            }
        }
    }

    /// Moves cells to where their neighbours are.
    fn shift(&mut self) {
        for sweep in 0..SWEEPS {
            let down = sweep % 2 == 0;
            for layer in self.order(down) {
                let cells = self.layers.get(layer).cloned().unwrap_or_default();
                let wishes: Vec<f64> = cells.iter().map(|&cell| self.wish(cell)).collect();
                self.put(&cells, &wishes);
            }
        }
    }

    fn layout(mut self, panel: &Panel) -> Layout {
        self.sort();
        self.shift();
        let left = self
            .cells
            .iter()
            .map(|cell| cell.x - cell.width / 2.0)
            .fold(f64::MAX, f64::min);
        let right_most = self
            .cells
            .iter()
            .map(|cell| cell.x + cell.width / 2.0)
            .fold(f64::MIN, f64::max);
        let mut blocks = vec![(0.0, 0.0); self.sizes.blocks.len()];
        // Where the layer of each block begins and ends.
        let mut bands = vec![(0.0, 0.0); blocks.len()];
        let mut lanes = vec![[(0.0, 0.0); 2]; self.cells.len()];
        let mut y = 0.0;
        for layer in &self.layers {
            let heights = layer.iter().filter_map(|&cell| {
                let block = self.cells.get(cell)?.block?;
                Some(self.sizes.block(block).1)
            });
            let height = heights.fold(0.0, f64::max);
            for &id in layer {
                let x = self.x(id) - left;
                if let Some(lane) = lanes.get_mut(id) {
                    *lane = [(x, y), (x, y + height)];
                }
                let block = self.cells.get(id).and_then(|cell| cell.block);
                if let Some(band) = block.and_then(|block| bands.get_mut(block)) {
                    *band = (y, y + height);
                }
                if let Some(place) = block.and_then(|block| blocks.get_mut(block)) {
                    let size = block
                        .map(|block| self.sizes.block(block))
                        .unwrap_or_default();
                    *place = (x - size.0 / 2.0, y + (height - size.1) / 2.0);
                }
            }
            y += height + GAP.1;
        }
        let mut size = ((right_most - left).max(0.0), (y - GAP.1).max(0.0));
        let ways = panel
            .arrows
            .iter()
            .zip(&self.passed)
            .zip(self.sizes.entries);
        let ways = ways.map(|((arrow, passed), &entry)| {
            let (from, to) = (at(&blocks, arrow.from), at(&blocks, arrow.to));
            let (size_from, size_to) = (self.sizes.block(arrow.from), self.sizes.block(arrow.to));
            if from.1 >= to.1 {
                let out = right_most - left + 24.0;
                size.0 = size.0.max(out);
                return Way::Beside(right(from, size_from, 0.5), out, right(to, size_to, 0.35));
            }
            let (start, end) = (below(from, size_from), (to.0 + entry, to.1));
            // Straight to the end of the layer: higher blocks may stand beside this one.
            let mut points = vec![start, (start.0, at(&bands, arrow.from).1)];
            points.extend(passed.iter().flat_map(|&cell| at(&lanes, cell)));
            points.extend([(end.0, at(&bands, arrow.to).0), end]);
            points.dedup();
            Way::Down(points)
        });
        let ways = ways.collect();
        Layout { size, blocks, ways }
    }
}
