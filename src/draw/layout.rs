//! Where blocks stand: in layers from top to bottom, as by Sugiyama, Tagawa and Toda
//! (1981); where edges would fill the layers, in one column with arcs beside it.

use super::Panel;

/// A panel with places; units are pixels.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layout {
    /// The size of all of it.
    pub size: (f64, f64),
    /// The left upper corner of each block.
    pub blocks: Vec<(f64, f64)>,
    /// By arrow: the points between its ends that it passes; or how far its arc is out.
    pub ways: Vec<Way>,
}

/// How an arrow goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Way {
    /// Down, through these points.
    Down(Vec<(f64, f64)>),
    /// Beside the column, to this x.
    Arc(f64),
}

/// Between layers, and between blocks of a layer.
const GAP: (f64, f64) = (22.0, 42.0);
/// The width that an edge has in a layer that it passes.
const LANE: f64 = 10.0;
/// How far arcs are apart, and none is further out.
const ARC: (f64, f64) = (9.0, 190.0);
/// How often layers are sorted, and shifted.
const SWEEPS: usize = 12;

/// Places blocks of these sizes.
pub(super) fn layout(panel: &Panel, sizes: &[(f64, f64)]) -> Layout {
    let layers = layers(panel);
    let passed: usize = panel
        .arrows
        .iter()
        .map(|arrow| {
            let (from, to) = (at(&layers, arrow.from), at(&layers, arrow.to));
            to.saturating_sub(from + 1)
        })
        .sum();
    if passed > 2 * panel.blocks.len() {
        return column(panel, sizes);
    }
    Layered::new(panel, sizes, &layers).layout(panel)
}

fn at<T: Copy + Default>(list: &[T], place: usize) -> T {
    list.get(place).copied().unwrap_or_default()
}

/// The layer of each block: one below the lowest that it reads; what reads nothing
/// stands right above what reads it first.
fn layers(panel: &Panel) -> Vec<usize> {
    let mut layers = vec![0_usize; panel.blocks.len()];
    // Blocks stand in topological order, and arrows that go back are no reason.
    let mut arrows: Vec<_> = panel
        .arrows
        .iter()
        .filter(|arrow| arrow.from < arrow.to)
        .collect();
    arrows.sort_by_key(|arrow| arrow.to);
    for arrow in &arrows {
        let below = at(&layers, arrow.from) + 1;
        if let Some(layer) = layers.get_mut(arrow.to) {
            *layer = below.max(*layer);
        }
    }
    for block in (0..layers.len()).rev() {
        if arrows.iter().any(|arrow| arrow.to == block) {
            continue;
        }
        let readers = arrows.iter().filter(|arrow| arrow.from == block);
        if let (Some(first), Some(layer)) = (
            readers.map(|arrow| at(&layers, arrow.to)).min(),
            layers.get_mut(block),
        ) {
            *layer = first.saturating_sub(1);
        }
    }
    layers
}

/// All blocks below each other.
fn column(panel: &Panel, sizes: &[(f64, f64)]) -> Layout {
    let width = sizes.iter().map(|size| size.0).fold(0.0, f64::max);
    let mut y = 0.0;
    let mut blocks = Vec::with_capacity(sizes.len());
    for size in sizes {
        blocks.push(((width - size.0) / 2.0, y));
        y += size.1 + GAP.1 * 0.6;
    }
    let mut furthest = width;
    let ways = panel.arrows.iter().map(|arrow| {
        let span = arrow.from.abs_diff(arrow.to);
        if arrow.to == arrow.from + 1 {
            return Way::Down(Vec::new());
        }
        let out = width + (14.0 + ARC.0 * span as f64).min(ARC.1);
        furthest = furthest.max(out);
        Way::Arc(out)
    });
    let ways = ways.collect();
    Layout {
        size: (furthest, y - GAP.1 * 0.6),
        blocks,
        ways,
    }
}

/// A block, or the place where an arrow passes a layer.
struct Cell {
    block: Option<usize>,
    width: f64,
    /// Its middle.
    x: f64,
    above: Vec<usize>,
    below: Vec<usize>,
}

struct Layered<'a> {
    sizes: &'a [(f64, f64)],
    cells: Vec<Cell>,
    /// The cells of each layer, from left to right.
    layers: Vec<Vec<usize>>,
    /// The cells that each arrow passes.
    passed: Vec<Vec<usize>>,
}

impl<'a> Layered<'a> {
    fn new(panel: &Panel, sizes: &'a [(f64, f64)], of: &[usize]) -> Self {
        let n = of.iter().max().map_or(0, |last| last + 1);
        let mut all = Self {
            sizes,
            cells: Vec::new(),
            layers: vec![Vec::new(); n],
            passed: Vec::new(),
        };
        for (block, &layer) in of.iter().enumerate() {
            all.add(Some(block), at(sizes, block).0, layer);
        }
        for arrow in &panel.arrows {
            let (from, to) = (at(of, arrow.from), at(of, arrow.to));
            let between = (from + 1..to).map(|layer| all.add(None, LANE, layer));
            let passed: Vec<usize> = between.collect();
            let mut above = arrow.from;
            if from < to {
                for &cell in passed.iter().chain([&arrow.to]) {
                    all.join(above, cell);
                    above = cell;
                }
            }
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

    fn join(&mut self, above: usize, below: usize) {
        if let Some(cell) = self.cells.get_mut(above) {
            cell.below.push(below);
        }
        if let Some(cell) = self.cells.get_mut(below) {
            cell.above.push(above);
        }
    }

    fn x(&self, cell: usize) -> f64 {
        self.cells.get(cell).map_or(0.0, |cell| cell.x)
    }

    /// Where the neighbours of a cell are on average, above or below it.
    fn mean(&self, cell: usize, from_above: bool) -> Option<f64> {
        let cell = self.cells.get(cell)?;
        let near = if from_above { &cell.above } else { &cell.below };
        let sum: f64 = near.iter().map(|&cell| self.x(cell)).sum();
        (!near.is_empty()).then(|| sum / near.len() as f64)
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
        // Groups of cells: the sum of where they want their first cell, how many, offset.
        let mut groups: Vec<(f64, usize)> = Vec::new();
        let mut offsets = Vec::with_capacity(cells.len());
        let mut offset = 0.0;
        let mut before: Option<f64> = None;
        for (&cell, wish) in cells.iter().zip(wishes) {
            let width = self.cells.get(cell).map_or(0.0, |cell| cell.width);
            if let Some(before) = before {
                offset += (before + width) / 2.0 + GAP.0;
            }
            before = Some(width);
            offsets.push(offset);
            groups.push((wish - offset, 1));
            while let [.., (a, n), (b, m)] = groups[..] {
                if a / n as f64 <= b / m as f64 {
                    break;
                }
                groups.pop();
                groups.pop();
                groups.push((a + b, n + m));
            }
        }
        let starts = groups
            .iter()
            .flat_map(|&(sum, n)| std::iter::repeat_n(sum / n as f64, n));
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
                let wishes: Vec<f64> = cells
                    .iter()
                    .map(
                        |&cell| match (self.mean(cell, true), self.mean(cell, false)) {
                            (Some(above), Some(below)) => (above + below) / 2.0,
                            (above, below) => above.or(below).unwrap_or_else(|| self.x(cell)),
                        },
                    )
                    .collect();
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
        let right = self
            .cells
            .iter()
            .map(|cell| cell.x + cell.width / 2.0)
            .fold(f64::MIN, f64::max);
        let mut blocks = vec![(0.0, 0.0); self.sizes.len()];
        let mut lanes = vec![[(0.0, 0.0); 2]; self.cells.len()];
        let mut y = 0.0;
        for layer in &self.layers {
            let heights = layer.iter().filter_map(|&cell| {
                let block = self.cells.get(cell)?.block?;
                Some(at(self.sizes, block).1)
            });
            let height = heights.fold(0.0, f64::max);
            for &id in layer {
                let x = self.x(id) - left;
                if let Some(lane) = lanes.get_mut(id) {
                    *lane = [(x, y), (x, y + height)];
                }
                let block = self.cells.get(id).and_then(|cell| cell.block);
                if let Some(place) = block.and_then(|block| blocks.get_mut(block)) {
                    let size = block.map(|block| at(self.sizes, block)).unwrap_or_default();
                    *place = (x - size.0 / 2.0, y + (height - size.1) / 2.0);
                }
            }
            y += height + GAP.1;
        }
        let mut size = ((right - left).max(0.0), (y - GAP.1).max(0.0));
        let ways = panel
            .arrows
            .iter()
            .zip(&self.passed)
            .map(|(arrow, passed)| {
                let upward = at(&blocks, arrow.from).1 >= at(&blocks, arrow.to).1;
                if upward {
                    let out = right - left + 24.0;
                    size.0 = size.0.max(out);
                    return Way::Arc(out);
                }
                Way::Down(passed.iter().flat_map(|&cell| at(&lanes, cell)).collect())
            });
        let ways = ways.collect();
        Layout { size, blocks, ways }
    }
}
