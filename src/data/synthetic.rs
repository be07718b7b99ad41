//! A small set of images made on the spot, for tests and first steps.
//!
//! Each image shows one bright stroke in noise, at a random place, and the class is
//! its direction: `-`, `|`, `/` or `\`. Brightness, place and the number of bright
//! pixels say nothing of the class, so a network has to see shape: a convolution
//! learns it in a few hundred steps, while a linear classifier stays far behind.

use super::batch::{Stream, rng};
use super::{Dataset, Images};
use rand::{Rng, RngCore};
use rand_chacha::ChaCha8Rng;

/// The size and the seed of a synthetic set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synthetic {
    /// Channels; all show the same stroke, each in its own noise.
    pub channels: usize,
    /// Height and width; at least 6.
    pub size: usize,
    /// Training images.
    pub train: usize,
    /// Test images.
    pub test: usize,
    /// From which all is drawn.
    pub seed: u64,
}

impl Default for Synthetic {
    fn default() -> Self {
        Self {
            channels: 1,
            size: 12,
            train: 4000,
            test: 1000,
            seed: 0,
        }
    }
}

/// The step from one pixel of a stroke to the next, down and right, by class.
const DIRECTIONS: [(i32, i32); 4] = [(0, 1), (1, 0), (-1, 1), (1, 1)];

impl Synthetic {
    /// Makes the set. Classes come in turn: the same number of each.
    #[must_use]
    pub fn make(&self) -> Dataset {
        let name = format!("synthetic:{}", self.seed);
        let train = self.images(self.train.max(1), 0);
        let test = self.images(self.test.max(1), 1);
        Dataset::new(name, DIRECTIONS.len(), train, test)
    }

    fn images(&self, n: usize, part: u64) -> Images {
        let size = self.size.max(6);
        let channels = self.channels.max(1);
        let mut rng = rng(self.seed, Stream::Synthetic, part, 0);
        let labels: Vec<u16> = (0..n).map(|i| (i % DIRECTIONS.len()) as u16).collect();
        let mut pixels = Vec::with_capacity(n * channels * size * size);
        for &label in &labels {
            let stroke = stroke(size as i32, DIRECTIONS[usize::from(label)], &mut rng);
            for _ in 0..channels {
                draw(size, &stroke, &mut rng, &mut pixels);
            }
        }
        Images {
            channels,
            height: size,
            width: size,
            pixels,
            labels,
        }
    }
}

/// The positions of a stroke's pixels (row, column), anywhere inside the image.
fn stroke(size: i32, (down, right): (i32, i32), rng: &mut ChaCha8Rng) -> Vec<(usize, usize)> {
    let length = size / 2;
    // All directions have the same room, so that the place tells nothing.
    let row = rng.random_range(0..=size - length);
    let column = rng.random_range(0..=size - length);
    let middle = length / 2;
    (0..length)
        .map(|i| {
            let along = |step: i32| match step {
                0 => middle,
                1 => i,
                _ => length - 1 - i,
            };
            (
                (row + along(down)) as usize,
                (column + along(right)) as usize,
            )
        })
        .collect()
}

/// Appends one channel: noise, a few bright specks, and the stroke.
fn draw(size: usize, stroke: &[(usize, usize)], rng: &mut ChaCha8Rng, pixels: &mut Vec<u8>) {
    let start = pixels.len();
    pixels.resize(start + size * size, 0);
    let channel = &mut pixels[start..];
    rng.fill_bytes(channel);
    for pixel in channel.iter_mut() {
        // From 0..=255 to 0..100.
        *pixel = (u16::from(*pixel) * 100 / 256) as u8;
    }
    for _ in 0..size / 2 {
        channel[rng.random_range(0..(size * size) as u32) as usize] = rng.random_range(100..=255);
    }
    let bright = rng.random_range(130..=200u8);
    for &(row, column) in stroke {
        channel[row * size + column] = bright + rng.random_range(0..=55u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often `classify` is right on the test part.
    fn accuracy(data: &Dataset, classify: impl Fn(&[u8]) -> usize) -> f64 {
        let right = (0..data.test.len())
            .filter(|&i| {
                let (pixels, label) = data.test.get(i).unwrap();
                classify(pixels) == usize::from(label)
            })
            .count();
        right as f64 / data.test.len() as f64
    }

    #[test]
    fn a_seed_determines_every_byte() {
        let data = Synthetic::default().make();
        assert_eq!(data, Synthetic::default().make());
        assert_eq!(data.shape(), [1, 12, 12]);
        assert_eq!(
            (data.train.len(), data.test.len(), data.classes),
            (4000, 1000, 4)
        );
        let other = Synthetic {
            seed: 1,
            ..Synthetic::default()
        }
        .make();
        assert_ne!(data.fingerprint, other.fingerprint);
        assert_ne!(data.train.pixels[..144_000], data.test.pixels);
        // The same bytes in every release: runs record this.
        assert_eq!(
            data.fingerprint,
            "d61eb9f56123cd1e2f9378099b09f6592f47a7beef36e1b54ce5c7d52e8c9d05"
        );
    }

    #[test]
    fn sizes_can_be_chosen() {
        let data = Synthetic {
            channels: 3,
            size: 8,
            train: 40,
            test: 8,
            seed: 5,
        }
        .make();
        assert_eq!(data.shape(), [3, 8, 8]);
        assert_eq!(data.train.pixels.len(), 40 * 3 * 8 * 8);
        assert!(data.train.labels.chunks(4).all(|turn| turn == [0, 1, 2, 3]));
        assert_eq!(data.mean.len(), 3);
    }

    #[test]
    fn the_direction_of_the_stroke_tells_the_class() {
        // The best line of 6 pixels in each direction, at any place.
        let data = Synthetic::default().make();
        let score = |pixels: &[u8], (down, right): (i32, i32)| {
            let at = |y: i32, x: i32| pixels[(y * 12 + x) as usize];
            (0..144)
                .filter_map(|i| {
                    let (y, x) = (i / 12, i % 12);
                    let (end_y, end_x) = (y + 5 * down, x + 5 * right);
                    let inside = (0..12).contains(&end_y) && (0..12).contains(&end_x);
                    inside.then(|| {
                        (0..6)
                            .map(|k| u32::from(at(y + k * down, x + k * right)))
                            .sum()
                    })
                })
                .max()
                .unwrap_or(0u32)
        };
        let right = accuracy(&data, |pixels| {
            let scores = DIRECTIONS.map(|direction| score(pixels, direction));
            (0..4).max_by_key(|&c| scores[c]).unwrap()
        });
        assert!(right > 0.95, "{right}");
    }

    #[test]
    fn pixels_without_shape_tell_little() {
        // The nearest mean image, and the mean brightness.
        let data = Synthetic::default().make();
        let mut means = vec![[0.0f64; 144]; 4];
        for i in 0..data.train.len() {
            let (pixels, label) = data.train.get(i).unwrap();
            for (mean, &pixel) in means[usize::from(label)].iter_mut().zip(pixels) {
                *mean += f64::from(pixel) / 1000.0;
            }
        }
        let nearest = accuracy(&data, |pixels| {
            let distance = |c: &usize| -> f64 {
                let pairs = means[*c].iter().zip(pixels);
                pairs.map(|(m, &p)| (m - f64::from(p)).powi(2)).sum()
            };
            (0..4)
                .min_by(|a, b| distance(a).total_cmp(&distance(b)))
                .unwrap()
        });
        assert!(nearest < 0.45, "{nearest}");
        let brightness: Vec<f64> = means
            .iter()
            .map(|m| m.iter().sum::<f64>() / 144.0)
            .collect();
        assert!(
            brightness.iter().all(|b| (b - brightness[0]).abs() < 2.0),
            "{brightness:?}"
        );
    }
}
