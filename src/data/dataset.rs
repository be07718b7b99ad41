//! Labelled images in memory: what `load` makes of every kind of image data.

use super::error::DataError;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Images of one size with their labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// Channels of an image: 1 for grey, 3 for colour.
    pub channels: usize,
    /// Height of an image in pixels.
    pub height: usize,
    /// Width of an image in pixels.
    pub width: usize,
    /// All pixels, image by image, channel by channel, row by row (NCHW).
    pub pixels: Vec<u8>,
    /// The class of each image.
    pub labels: Vec<u16>,
}

impl Images {
    /// The number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The number of bytes of one image.
    #[must_use]
    pub fn image_len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// The pixels of image `i` (CHW) and its label.
    #[must_use]
    pub fn get(&self, i: usize) -> Option<(&[u8], u16)> {
        let start = i.checked_mul(self.image_len())?;
        let pixels = self.pixels.get(start..start + self.image_len())?;
        Some((pixels, *self.labels.get(i)?))
    }
}

/// A data set of images, ready to be trained on.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// A name for people: that of the folder, or of the synthetic set.
    pub name: String,
    /// The number of classes; labels run from 0 to `classes - 1`.
    pub classes: usize,
    /// What is trained on, validation images included until [`super::split`] parts
    /// them. In no order of classes, so that the last images are of all of them.
    pub train: Images,
    /// What is looked at once, at the end.
    pub test: Images,
    /// The mean of each channel over the training part, pixels scaled to 0..1.
    pub mean: Vec<f32>,
    /// The standard deviation of each channel likewise; 1 where a channel is
    /// constant, so that dividing by it is safe.
    pub std: Vec<f32>,
    /// SHA-256 of all sizes, pixels and labels, in hexadecimal.
    pub fingerprint: String,
}

/// A few words about a data set of images, for people and for a run's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// See [`Dataset::name`].
    pub name: String,
    /// Channels, height and width of an image.
    pub shape: [usize; 3],
    /// See [`Dataset::classes`].
    pub classes: usize,
    /// The number of training images.
    pub train: usize,
    /// The number of test images.
    pub test: usize,
    /// See [`Dataset::fingerprint`].
    pub fingerprint: String,
}

impl Dataset {
    /// A data set of parts that satisfy the module's invariants.
    pub(super) fn new(name: String, classes: usize, train: Images, test: Images) -> Self {
        let (mean, std) = moments(&train);
        let fingerprint = fingerprint(&[&train, &test]);
        Self {
            name,
            classes,
            train,
            test,
            mean,
            std,
            fingerprint,
        }
    }

    /// Channels, height and width of an image.
    #[must_use]
    pub fn shape(&self) -> [usize; 3] {
        [self.train.channels, self.train.height, self.train.width]
    }

    /// Checks that a network with `outputs` outputs can tell all classes apart.
    ///
    /// # Errors
    ///
    /// When a label has no output; the message names the first such image.
    pub fn check_classes(&self, outputs: usize) -> Result<(), DataError> {
        for (part, images) in [("training", &self.train), ("test", &self.test)] {
            let mut labels = images.labels.iter();
            if let Some(index) = labels.position(|&label| usize::from(label) >= outputs) {
                return Err(DataError::TooFewOutputs {
                    name: self.name.clone(),
                    outputs,
                    classes: self.classes,
                    part,
                    index,
                    label: images.labels[index],
                });
            }
        }
        Ok(())
    }

    /// What a run's configuration records of the data.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            name: self.name.clone(),
            shape: self.shape(),
            classes: self.classes,
            train: self.train.len(),
            test: self.test.len(),
            fingerprint: self.fingerprint.clone(),
        }
    }
}

/// The mean and standard deviation of each channel. The sums are of integers, hence
/// the same in any order.
fn moments(images: &Images) -> (Vec<f32>, Vec<f32>) {
    let plane = images.height * images.width;
    let mut sums = vec![(0u64, 0u64); images.channels];
    for image in images.pixels.chunks_exact(images.image_len().max(1)) {
        for (channel, (sum, squares)) in image.chunks_exact(plane).zip(&mut sums) {
            // A plane's own sums fit 32 bits up to 257 x 257 pixels; 64 always do.
            let (s, q) = channel.iter().fold((0u64, 0u64), |(s, q), &v| {
                let v = u64::from(v);
                (s + v, q + v * v)
            });
            *sum += s;
            *squares += q;
        }
    }
    let n = (images.len() * plane).max(1) as f64;
    sums.iter()
        .map(|&(sum, squares)| {
            let mean = sum as f64 / n / 255.0;
            let variance = squares as f64 / n / (255.0 * 255.0) - mean * mean;
            let std = if variance > 1e-12 {
                variance.sqrt()
            } else {
                1.0
            };
            (mean as f32, std as f32)
        })
        .unzip()
}

/// SHA-256 over the sizes, pixels and labels of all parts.
fn fingerprint(parts: &[&Images]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        for size in [part.len(), part.channels, part.height, part.width] {
            hash.update((size as u64).to_le_bytes());
        }
        hash.update(&part.pixels);
        for label in &part.labels {
            hash.update(label.to_le_bytes());
        }
    }
    format!("{:x}", hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(channels: usize, pixels: &[u8], labels: &[u16]) -> Images {
        Images {
            channels,
            height: 1,
            width: 2,
            pixels: pixels.to_vec(),
            labels: labels.to_vec(),
        }
    }

    #[test]
    fn mean_and_deviation_are_per_channel_of_pixels_scaled_to_one() {
        // Channel 0 is 0, 255, 0, 255; channel 1 is constant.
        let (mean, std) = moments(&images(2, &[0, 255, 51, 51, 0, 255, 51, 51], &[0, 1]));
        assert_eq!(mean, [0.5, 0.2]);
        assert_eq!(std, [0.5, 1.0]);
    }

    #[test]
    fn the_fingerprint_sees_every_byte_and_the_sizes() {
        let a = images(1, &[1, 2], &[0]);
        let mut labels = a.clone();
        labels.labels[0] = 1;
        let mut pixels = a.clone();
        pixels.pixels[1] = 3;
        let mut sizes = a.clone();
        (sizes.height, sizes.width) = (2, 1);
        let all: std::collections::BTreeSet<_> = [&a, &labels, &pixels, &sizes]
            .iter()
            .map(|x| fingerprint(&[x]))
            .collect();
        assert_eq!(all.len(), 4);
        assert_eq!(fingerprint(&[&a]).len(), 64);
    }

    #[test]
    fn a_label_without_an_output_is_named() {
        let data = Dataset::new(
            "tiny".into(),
            3,
            images(1, &[0; 4], &[0, 1]),
            images(1, &[0; 4], &[1, 2]),
        );
        data.check_classes(3).unwrap();
        assert_eq!(
            data.check_classes(2).unwrap_err().to_string(),
            "the network has 2 outputs and tiny has 3 classes: test image 1 has label 2"
        );
    }

    #[test]
    fn get_gives_pixels_and_label_or_nothing() {
        let a = images(1, &[1, 2, 3, 4], &[7, 8]);
        assert_eq!(a.get(1), Some((&[3, 4][..], 8)));
        assert_eq!(a.get(2), None);
        assert_eq!(a.get(usize::MAX), None);
        assert_eq!((a.len(), a.is_empty(), a.image_len()), (2, false, 2));
    }
}
