//! Blocks in layers from top to bottom, as by Sugiyama, Tagawa and Toda (1981): each layer
//! is sorted by where the neighbours of its blocks are, then all are moved there.

use super::Panel;
use super::layout::{Layout, Sizes, Way, at, below, right};

/// Between blocks of a layer, and between layers; pixels.
const GAP: (f64, f64) = (22.0, 42.0);
/// Between lanes, and between a lane and a block.
const LANE: (f64, f64) = (9.0, 14.0);
/// How much straight lanes and optional arrows to the next layer count, and arrows to
/// there that all architectures have, against the arrows that leave a lane.
const STRAIGHT: f64 = 8.0;
const SPINE: f64 = 100.0;
/// How often layers are sorted, and shifted.
const SWEEPS: usize = 12;

/// A block, or the place where a lane passes a layer: one lane for all that reads a block.
struct Cell {
    block: Option<usize>,
    width: f64,
    /// Its middle.
    x: f64,
    /// Its neighbours, how much they count, and how far from their middles they are met.
    above: Vec<(usize, f64, f64)>,
    below: Vec<(usize, f64, f64)>,
}

/// Blocks in layers, with the lanes that pass them.
pub(super) struct Layered<'a> {
    sizes: &'a Sizes<'a>,
    cells: Vec<Cell>,
    /// The cells of each layer, from left to right.
    layers: Vec<Vec<usize>>,
    /// The cells that each arrow passes.
    passed: Vec<Vec<usize>>,
}

impl<'a> Layered<'a> {
    /// Puts each block into its layer; `of` says which.
    pub fn new(panel: &Panel, sizes: &'a Sizes, of: &[usize]) -> Self {
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
        for (arrow, &entry) in panel.arrows.iter().zip(sizes.entries) {
            let (from, to) = (at(of, arrow.from), at(of, arrow.to));
            let length = to.saturating_sub(from + 1);
            let Some(lane) = lanes.get_mut(arrow.from).filter(|_| from < to) else {
                all.passed.push(Vec::new());
                continue;
            };
            while lane.len() < length {
                let above = lane.last().copied().unwrap_or(arrow.from);
                let cell = all.add(None, 0.0, from + 1 + lane.len());
                all.join(above, cell, STRAIGHT, 0.0);
                lane.push(cell);
            }
            let passed = lane.get(..length).unwrap_or_default().to_vec();
            let weight = match (passed.is_empty(), arrow.optional) {
                (true, false) => SPINE,
                (true, true) => STRAIGHT,
                (false, _) => 1.0,
            };
            let above = passed.last().copied().unwrap_or(arrow.from);
            let aside = entry - sizes.block(arrow.to).0 / 2.0;
            all.join(above, arrow.to, weight, aside);
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

    fn join(&mut self, above: usize, below: usize, weight: f64, aside: f64) {
        if let Some(cell) = self.cells.get_mut(above) {
            cell.below.push((below, weight, aside));
        }
        if let Some(cell) = self.cells.get_mut(below) {
            cell.above.push((above, weight, -aside));
        }
    }

    fn x(&self, cell: usize) -> f64 {
        self.cells.get(cell).map_or(0.0, |cell| cell.x)
    }

    /// Where a cell meets its neighbours on average, above or below it.
    fn mean(&self, cell: usize, from_above: bool) -> Option<f64> {
        let cell = self.cells.get(cell)?;
        let near = if from_above { &cell.above } else { &cell.below };
        let sum = near
            .iter()
            .map(|&(cell, by, aside)| (self.x(cell) + aside) * by);
        let sum: f64 = sum.sum();
        let weight: f64 = near.iter().map(|(_, by, _)| by).sum();
        (!near.is_empty()).then(|| sum / weight)
    }

    /// Where the neighbours of a cell are on average.
    fn wish(&self, id: usize) -> f64 {
        let Some(cell) = self.cells.get(id) else {
            return 0.0;
        };
        let near = cell.above.iter().chain(&cell.below);
        let sums = near.fold((0.0, 0.0), |(sum, weight), &(near, by, _)| {
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
            1.0 + near.map(|(_, by, _)| by).sum::<f64>()
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
        f64::midpoint(left.width, right.width) + gap
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

    /// Places all blocks.
    pub fn layout(mut self, panel: &Panel) -> Layout {
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
