//! From images to batches: the order of an epoch, augmentation, normalisation.
//!
//! In: [`Images`] and indexes. Out: `f32` values in a buffer that the caller hands
//! to the device. What is drawn at random depends on (seed, epoch, step) alone, so
//! a resumed run draws what an uninterrupted one would have.

use std::ops::Range;

use super::Images;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// What random numbers are for. Each use has a stream of its own, so that none
/// shifts another.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    Split = 1,
    Order = 2,
    Augment = 3,
    Synthetic = 4,
    CutOut = 5,
    Folder = 6,
    Windows = 7,
    Reward = 8,
}

/// The generator of one stream at one position.
pub(super) fn rng(seed: u64, stream: Stream, epoch: u64, step: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (part, value) in key
        .chunks_exact_mut(8)
        .zip([seed, stream as u64, epoch, step])
    {
        part.copy_from_slice(&value.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// The order in which an epoch visits `indices`.
#[must_use]
pub fn order(indices: &[u32], seed: u64, epoch: u64) -> Vec<u32> {
    let mut order = indices.to_vec();
    order.shuffle(&mut rng(seed, Stream::Order, epoch, 0));
    order
}

/// Parts `order` into batches of `size` (at least 1); the last may be smaller.
pub fn batches(order: &[u32], size: usize) -> std::slice::Chunks<'_, u32> {
    order.chunks(size.max(1))
}

/// How training images are varied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Augment {
    /// Zeros put around an image, from which a window of its own size is cut at
    /// random; 4 for the authors of ENAS, 0 for none.
    pub pad: usize,
    /// Whether half of the images are mirrored left to right.
    pub flip: bool,
    /// The side of a square of zeros put into each image after that (`CutOut`,
    /// arXiv 1708.04552); 0 for none. Its centre may be any pixel, and it is clipped
    /// at the edges.
    #[serde(default)]
    pub cutout: usize,
    /// Whether the pixel that is drawn is the square's upper left corner, as in the
    /// authors' code.
    #[serde(default)]
    pub cutout_corner: bool,
}

/// How one image of a batch is varied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// Rows by which the window is moved down: row `y` shows row `y + dy`.
    pub dy: isize,
    /// Columns by which the window is moved right.
    pub dx: isize,
    /// Whether the window is mirrored afterwards.
    pub flip: bool,
    /// The square of zeros put into it after that.
    pub cutout: Option<Square>,
}

/// A square of zeros in an image; what is outside the image is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Square {
    /// The row of its centre.
    pub y: usize,
    /// The column of its centre.
    pub x: usize,
    /// Its side. An even one has one row more above its centre than below.
    pub size: usize,
}

impl Square {
    /// The rows of an image of so many that it covers.
    #[must_use]
    pub fn rows(self, height: usize) -> Range<usize> {
        self.clipped(self.y, height)
    }

    /// The columns of an image of so many that it covers.
    #[must_use]
    pub fn columns(self, width: usize) -> Range<usize> {
        self.clipped(self.x, width)
    }

    fn clipped(self, centre: usize, n: usize) -> Range<usize> {
        let before = self.size / 2;
        let end = centre.saturating_add(self.size - before).min(n);
        centre.saturating_sub(before).min(end)..end
    }
}

impl Augment {
    /// Draws the placements of the `n` images of one batch, of `size` (height and
    /// width).
    #[must_use]
    pub fn draw(
        self,
        n: usize,
        size: [usize; 2],
        seed: u64,
        epoch: u64,
        step: u64,
    ) -> Vec<Placement> {
        let mut squares = rng(seed, Stream::CutOut, epoch, step);
        let mut rng = rng(seed, Stream::Augment, epoch, step);
        let [height, width] = size.map(|n| n.max(1) as u32);
        // How far the centre of a square lies behind the pixel that is drawn.
        let offset = if self.cutout_corner {
            self.cutout / 2
        } else {
            0
        };
        let pad = self.pad.min(usize::from(u16::MAX)) as i32;
        // Three numbers an image whatever the settings, so that switching one off
        // leaves the others as they were.
        (0..n)
            .map(|_| {
                let dy = rng.random_range(-pad..=pad) as isize;
                let dx = rng.random_range(-pad..=pad) as isize;
                let flip = rng.random::<bool>() && self.flip;
                let cutout = (self.cutout > 0).then(|| Square {
                    y: squares.random_range(0..height) as usize + offset,
                    x: squares.random_range(0..width) as usize + offset,
                    size: self.cutout,
                });
                Placement {
                    dy,
                    dx,
                    flip,
                    cutout,
                }
            })
            .collect()
    }
}

/// Writes the images at `indices` to `out`, normalised, NCHW, and varied as
/// `placements` says, if given (one each). What lies outside an image is 0 after
/// normalisation, as in the authors' code.
///
/// `mean` and `std` hold one value per channel, of pixels scaled to 0..1. Indexes
/// must be below `images.len()`.
pub fn assemble(
    images: &Images,
    indices: &[u32],
    placements: Option<&[Placement]>,
    mean: &[f32],
    std: &[f32],
    out: &mut Vec<f32>,
) {
    debug_assert!(placements.is_none_or(|p| p.len() == indices.len()));
    debug_assert!(mean.len() == images.channels && std.len() == images.channels);
    let image_len = images.image_len();
    let plane = images.height * images.width;
    out.clear();
    out.resize(indices.len() * image_len, 0.0);
    if image_len == 0 {
        return;
    }
    for (i, (&index, to)) in indices
        .iter()
        .zip(out.chunks_exact_mut(image_len))
        .enumerate()
    {
        let from = &images.pixels[index as usize * image_len..][..image_len];
        let placement = placements
            .and_then(|p| p.get(i))
            .copied()
            .unwrap_or_default();
        let channels = from.chunks_exact(plane).zip(to.chunks_exact_mut(plane));
        for ((from, to), (&mean, &std)) in channels.zip(mean.iter().zip(std)) {
            let scale = 1.0 / (255.0 * std);
            let shift = -mean / std;
            if placement == Placement::default() {
                normalise(from, to, scale, shift);
            } else {
                place(from, to, images.width, placement, scale, shift);
            }
            if let Some(square) = placement.cutout {
                blank(to, images.width, square);
            }
        }
    }
}

/// The labels at `indices`, as libtorch wants them.
#[must_use]
pub fn labels(images: &Images, indices: &[u32]) -> Vec<i64> {
    let label = |&i: &u32| i64::from(images.labels[i as usize]);
    indices.iter().map(label).collect()
}

/// Writes the shifted window of one channel row by row; `to` holds zeros before.
fn place(from: &[u8], to: &mut [f32], width: usize, at: Placement, scale: f32, shift: f32) {
    let height = from.len() / width;
    let (rows, above) = overlap(height, at.dy);
    let (columns, left) = overlap(width, at.dx);
    for (i, row) in rows.enumerate() {
        let from = &from[row * width..][columns.clone()];
        let row = &mut to[(above + i) * width..][..width];
        normalise(from, &mut row[left..left + from.len()], scale, shift);
        if at.flip {
            row.reverse();
        }
    }
}

/// Writes zeros to a square of one channel.
fn blank(to: &mut [f32], width: usize, square: Square) {
    let columns = square.columns(width);
    for row in square.rows(to.len() / width) {
        to[row * width..][columns.clone()].fill(0.0);
    }
}

/// Of `size` rows (or columns) the range that a window moved by `offset` shows, and
/// where in the window it begins.
fn overlap(size: usize, offset: isize) -> (Range<usize>, usize) {
    let moved = offset.unsigned_abs().min(size);
    if offset >= 0 {
        (moved..size, 0)
    } else {
        (0..size - moved, moved)
    }
}

/// One multiplication and one addition a pixel, which compilers vectorise.
fn normalise(from: &[u8], to: &mut [f32], scale: f32, shift: f32) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = f32::from(from) * scale + shift;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two images of 2 channels, 2x3; pixel values are their positions.
    fn images() -> Images {
        Images {
            channels: 2,
            height: 2,
            width: 3,
            pixels: (0..24).collect(),
            labels: vec![5, 6],
        }
    }

    fn at(dy: isize, dx: isize, flip: bool) -> Placement {
        Placement {
            dy,
            dx,
            flip,
            cutout: None,
        }
    }

    /// Assembles image 1 alone, with values back as they were and 0 outside.
    fn placed(dy: isize, dx: isize, flip: bool) -> Vec<f32> {
        let mut out = vec![9.0; 3];
        let at = [at(dy, dx, flip)];
        let same = 1.0 / 255.0;
        assemble(&images(), &[1], Some(&at), &[0.0; 2], &[same; 2], &mut out);
        out.iter().map(|x| x.round()).collect()
    }

    #[test]
    fn a_batch_is_normalised_per_channel() {
        let mut out = Vec::new();
        let (mean, std) = ([0.0, 0.5], [1.0, 0.25]);
        assemble(&images(), &[1, 0], None, &mean, &std, &mut out);
        assert_eq!(out.len(), 24);
        for (position, value) in out.iter().enumerate() {
            let (image, offset) = (1 - position / 12, position % 12);
            let channel = offset / 6;
            let pixel = (image * 12 + offset) as f32 / 255.0;
            let expected = (pixel - mean[channel]) / std[channel];
            assert!((value - expected).abs() < 1e-5, "{position}: {value}");
        }
        assert_eq!(labels(&images(), &[1, 0]), [6, 5]);
    }

    #[test]
    fn a_window_moves_and_flips_with_zeros_outside() {
        #[rustfmt::skip]
        let cases = [
            ((0, 0, false), [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]),
            ((0, 0, true), [14, 13, 12, 17, 16, 15, 20, 19, 18, 23, 22, 21]),
            ((1, 0, false), [15, 16, 17, 0, 0, 0, 21, 22, 23, 0, 0, 0]),
            ((-1, 0, false), [0, 0, 0, 12, 13, 14, 0, 0, 0, 18, 19, 20]),
            ((0, 1, false), [13, 14, 0, 16, 17, 0, 19, 20, 0, 22, 23, 0]),
            ((0, -2, false), [0, 0, 12, 0, 0, 15, 0, 0, 18, 0, 0, 21]),
            ((0, -2, true), [12, 0, 0, 15, 0, 0, 18, 0, 0, 21, 0, 0]),
            ((1, -1, true), [16, 15, 0, 0, 0, 0, 22, 21, 0, 0, 0, 0]),
            ((5, 0, false), [0; 12]),
            ((0, -5, true), [0; 12]),
        ];
        for ((dy, dx, flip), expected) in cases {
            let expected = expected.map(|x| x as f32);
            assert_eq!(placed(dy, dx, flip), expected, "{dy} {dx} {flip}");
        }
    }

    #[test]
    fn draws_depend_on_seed_epoch_and_step_alone() {
        let augment = Augment {
            pad: 4,
            flip: true,
            cutout: 3,
            cutout_corner: false,
        };
        let draw =
            |augment: Augment, seed, epoch, step| augment.draw(500, [8, 5], seed, epoch, step);
        let first = draw(augment, 1, 2, 3);
        assert_eq!(first, draw(augment, 1, 2, 3));
        for other in [(2, 2, 3), (1, 3, 3), (1, 2, 4)] {
            assert_ne!(first, draw(augment, other.0, other.1, other.2));
        }
        let flips = first.iter().filter(|p| p.flip).count();
        assert!((200..300).contains(&flips), "{flips} of 500 flipped");
        for offset in -4..=4 {
            assert!(first.iter().any(|p| p.dy == offset) && first.iter().any(|p| p.dx == offset));
        }
        assert!(first.iter().all(|p| p.dy.abs() <= 4 && p.dx.abs() <= 4));
        let centres: std::collections::BTreeSet<_> = first
            .iter()
            .filter_map(|p| p.cutout)
            .map(|square| (square.y, square.x))
            .collect();
        assert!(centres.into_iter().eq((0..40).map(|i| (i / 5, i % 5))));
        let still = Augment {
            flip: false,
            cutout: 0,
            cutout_corner: false,
            ..augment
        };
        for (a, b) in draw(still, 1, 2, 3).iter().zip(&first) {
            assert_eq!(*a, at(b.dy, b.dx, false));
        }
    }

    #[test]
    fn a_square_is_blanked_and_clipped_at_the_edges() {
        // The centre, the side, and what is left of a row of 5 and of 5 rows.
        #[rustfmt::skip]
        let cases = [
            (2, 1, [1, 1, 0, 1, 1]),
            (2, 2, [1, 0, 0, 1, 1]),
            (2, 3, [1, 0, 0, 0, 1]),
            (0, 3, [0, 0, 1, 1, 1]),
            (4, 4, [1, 1, 0, 0, 0]),
            (4, 99, [0; 5]),
        ];
        for (y, height, rows) in cases {
            for (x, size, columns) in cases {
                if height != size {
                    continue;
                }
                let mut image = [1.0; 25];
                blank(&mut image, 5, Square { y, x, size });
                for (at, value) in image.into_iter().enumerate() {
                    let kept = rows[at / 5] + columns[at % 5] > 0;
                    assert_eq!(value > 0.5, kept, "{y} {x} {size}: {at}");
                }
            }
        }
        // In every channel, after the window was mirrored.
        let cutout = Some(Square {
            y: 1,
            x: 0,
            size: 1,
        });
        let at = [Placement {
            cutout,
            ..at(0, 0, true)
        }];
        let mut out = Vec::new();
        let one = [1.0 / 255.0; 2];
        assemble(&images(), &[1], Some(&at), &[0.0; 2], &one, &mut out);
        let out: Vec<f32> = out.iter().map(|x| x.round()).collect();
        let left = [14, 13, 12, 0, 16, 15, 20, 19, 18, 0, 22, 21];
        assert_eq!(out, left.map(|x| x as f32));
    }

    #[test]
    fn an_epoch_visits_each_image_once_in_an_order_of_its_own() {
        let indices: Vec<u32> = (10..110).collect();
        let first = order(&indices, 1, 0);
        assert_eq!(first, order(&indices, 1, 0));
        assert_ne!(first, order(&indices, 1, 1));
        assert_ne!(first, order(&indices, 2, 0));
        let sizes: Vec<_> = batches(&first, 32).map(<[u32]>::len).collect();
        assert_eq!(sizes, [32, 32, 32, 4]);
        assert_eq!(batches(&first, 0).count(), 100);
        let mut sorted = first;
        sorted.sort_unstable();
        assert_eq!(sorted, indices);
    }

    #[test]
    fn random_numbers_stay_the_same_between_releases() {
        // A run that is resumed with a newer version must go on with the same draws.
        let eight: Vec<u32> = (0..8).collect();
        assert_eq!(order(&eight, 1, 0), [3, 2, 0, 5, 1, 4, 6, 7]);
        let mut augment = Augment {
            pad: 2,
            flip: true,
            cutout: 0,
            cutout_corner: false,
        };
        let drawn = augment.draw(3, [4, 4], 1, 0, 0);
        assert_eq!(drawn, [at(-2, 0, true), at(-2, 0, true), at(0, 2, false)]);
        augment.cutout = 2;
        let drawn = augment.draw(3, [4, 4], 1, 0, 0);
        let centres: Vec<_> = drawn
            .iter()
            .filter_map(|p| p.cutout)
            .map(|s| (s.y, s.x))
            .collect();
        assert_eq!(centres, [(3, 3), (1, 3), (3, 1)]);
        // From that pixel on, in place of around it.
        augment.cutout_corner = true;
        let drawn = augment.draw(3, [4, 4], 1, 0, 0);
        let mut image = [1.0; 16];
        blank(&mut image, 4, drawn[1].cutout.unwrap());
        let zeros: Vec<usize> = (0..16).filter(|&i| image[i] == 0.0).collect();
        assert_eq!(zeros, [7, 11]);
    }
}
