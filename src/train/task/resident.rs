//! Data that lie on the device: minibatches are put together there, so that a step
//! waits for no copy.

use tch::{Device, Kind, Tensor};

use super::Batch;
use crate::data::Images;
use crate::data::batch::Placement;
use crate::data::sequence::{Rows, Window};
use crate::train::TrainError;

/// Images of more bytes than this stay in main memory, and each minibatch is copied.
const MOST: usize = 4 << 30;

/// A part of a data set of images.
pub(super) struct ResidentImages {
    /// Bytes. // (N, H, W, C)
    pixels: Tensor,
    /// Classes. // (N)
    labels: Tensor,
    /// By what a byte is multiplied, and what is added then. // (C) each
    normal: [Tensor; 2],
}

/// The numbers of a placement: `dy`, `dx`, whether it is mirrored, and the first and
/// last rows and columns of its blank square.
const NUMBERS: usize = 7;

/// Placements on the device, as numbers. // (B, 7)
pub(super) fn numbers(
    placements: &[Placement],
    [height, width]: [usize; 2],
    device: Device,
) -> Result<Tensor, TrainError> {
    let mut numbers: Vec<i64> = Vec::with_capacity(NUMBERS * placements.len());
    for at in placements {
        let blank = at.cutout.map(|cut| (cut.rows(height), cut.columns(width)));
        let (rows, columns) = blank.unwrap_or_default();
        numbers.extend([at.dy as i64, at.dx as i64, i64::from(at.flip)]);
        numbers.extend([rows.start, rows.end, columns.start, columns.end].map(|n| n as i64));
    }
    let tensor = Tensor::f_from_slice(&numbers)?;
    Ok(tensor.f_view([-1, NUMBERS as i64])?.f_to_device(device)?)
}

impl ResidentImages {
    /// Copies images to the device; `None` where they are too many for it. `mean` and
    /// `std` are those of [`crate::data::Dataset`].
    pub(super) fn new(
        images: &Images,
        mean: &[f32],
        std: &[f32],
        device: Device,
    ) -> Result<Option<Self>, TrainError> {
        if images.pixels.len() > MOST {
            return Ok(None);
        }
        let [c, h, w] = [images.channels, images.height, images.width].map(|n| n as i64);
        // As `data::batch::assemble` has them.
        let scale: Vec<f32> = std.iter().map(|std| 1.0 / (255.0 * std)).collect();
        let shift: Vec<f32> = mean
            .iter()
            .zip(std)
            .map(|(mean, std)| -mean / std)
            .collect();
        let labels: Vec<i64> = images
            .labels
            .iter()
            .map(|&label| i64::from(label))
            .collect();
        let placed = |tensor: Tensor| tensor.f_to_device(device);
        Ok(Some(Self {
            pixels: placed(Tensor::f_from_slice(&images.pixels)?)?
                .f_view([-1, c, h, w])?
                .f_permute([0, 2, 3, 1])?
                .f_contiguous()?,
            labels: placed(Tensor::f_from_slice(&labels)?)?,
            normal: [
                placed(Tensor::f_from_slice(&scale)?)?,
                placed(Tensor::f_from_slice(&shift)?)?,
            ],
        }))
    }

    /// What [`crate::data::batch::assemble`] makes of the images at `at` `(B)`, varied
    /// as the [`numbers`] of `placements` `(B, 7)` say.
    pub(super) fn batch(
        &self,
        at: &Tensor,
        placements: Option<&Tensor>,
    ) -> Result<Batch, TrainError> {
        let _guard = tch::no_grad_guard();
        let (pixels, blank) = match placements {
            None => (self.pixels.f_index_select(0, at)?, None),
            Some(placements) => {
                let (pixels, blank) = self.placed(at, placements)?;
                (pixels, Some(blank))
            }
        };
        let [scale, shift] = &self.normal;
        let pixels = pixels.f_to_kind(Kind::Float)?; // (B, H, W, C)
        let mut normal = pixels.f_mul(scale)?.f_add(shift)?;
        if let Some(blank) = blank {
            normal = normal.f_masked_fill(&blank, 0.0)?;
        }
        Ok(Batch {
            input: normal.f_permute([0, 3, 1, 2])?, // (B, C, H, W)
            targets: self.labels.f_index_select(0, at)?,
        })
    }

    /// The bytes that each window shows, and where they are none of the image's or
    /// blanked. // (B, H, W, C), (B, H, W, 1)
    fn placed(&self, at: &Tensor, placements: &Tensor) -> Result<(Tensor, Tensor), TrainError> {
        let (_, height, width, _) = self.pixels.size4()?;
        let range = |n: i64| Tensor::f_arange(n, (Kind::Int64, self.pixels.device()));
        let y = range(height)?.f_view([1, -1, 1])?;
        let x = range(width)?.f_view([1, 1, -1])?;
        let number = |i: i64| placements.f_select(1, i)?.f_view([-1, 1, 1]); // (B, 1, 1)
        let mirrored = (&x * -1 + (width - 1)).f_where_self(&number(2)?.f_ne(0)?, &x)?;
        let from_y = &y + number(0)?; // (B, H, 1)
        let from_x = mirrored + number(1)?; // (B, 1, W)
        let outside = |from: &Tensor, n: i64| from.f_lt(0)?.f_logical_or(&from.f_ge(n)?);
        let within = |of: &Tensor, first: i64| {
            let (from, to) = (number(first)?, number(first + 1)?);
            of.f_ge_tensor(&from)?.f_logical_and(&of.f_lt_tensor(&to)?)
        };
        let blank = outside(&from_y, height)?
            .f_logical_or(&outside(&from_x, width)?)?
            .f_logical_or(&within(&y, 3)?.f_logical_and(&within(&x, 5)?)?)?;
        let pixels = self.pixels.f_index(&[
            Some(at.f_view([-1, 1, 1])?),
            Some(from_y.f_clamp(0, height - 1)?),
            Some(from_x.f_clamp(0, width - 1)?),
        ])?;
        Ok((pixels, blank.f_unsqueeze(-1)?))
    }
}

/// A part of a text.
pub(super) struct ResidentText {
    /// Ids. // (N)
    tokens: Tensor,
}

impl ResidentText {
    /// Copies a text to the device.
    pub(super) fn new(tokens: &[u32], device: Device) -> Result<Self, TrainError> {
        let ids: Vec<i32> = tokens.iter().map(|&id| id as i32).collect();
        let tokens = Tensor::f_from_slice(&ids)?.f_to_device(device)?;
        Ok(Self { tokens })
    }

    /// A window of rows, what [`Rows::read`] reads.
    pub(super) fn window(&self, rows: &Rows, window: Window) -> Result<Batch, TrainError> {
        let (batch, length) = (rows.batch() as i64, rows.length() as i64);
        let (start, len) = (window.start as i64, window.len as i64);
        let rows = self
            .tokens
            .f_narrow(0, 0, batch * length)?
            .f_view([batch, length])?;
        let part = |start: i64| {
            let part = rows.f_narrow(1, start, len)?.f_tr()?; // (T, B)
            part.f_contiguous()?.f_to_kind(Kind::Int64)
        };
        Ok(Batch {
            input: part(start)?,
            targets: part(start + 1)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::batch::{Augment, assemble, labels};

    #[test]
    fn minibatches_are_those_of_main_memory() {
        let images = Images {
            channels: 3,
            height: 5,
            width: 7,
            pixels: (0..4 * 3 * 5 * 7).map(|i| (i * i % 251) as u8).collect(),
            labels: vec![3, 1, 4, 1],
        };
        let (mean, std) = ([0.1, 0.4, 0.5], [0.2, 0.3, 0.25]);
        let resident = ResidentImages::new(&images, &mean, &std, Device::Cpu);
        let resident = resident.unwrap().unwrap();
        let at: Vec<u32> = (0..200).map(|i| i * 7 % 4).collect();
        let indices: Vec<i64> = at.iter().map(|&i| i64::from(i)).collect();
        let indices = Tensor::from_slice(&indices);
        let augment = |pad, flip, cutout| Augment {
            pad,
            flip,
            cutout,
            cutout_corner: false,
        };
        for augment in [
            None,
            Some(augment(0, false, 0)),
            Some(augment(3, true, 0)),
            // Windows beyond the image, and squares over its edge.
            Some(augment(9, true, 4)),
        ] {
            let size = [images.height, images.width];
            let placements = augment.map(|augment| augment.draw(at.len(), size, 1, 2, 3));
            let mut expected = Vec::new();
            assemble(
                &images,
                &at,
                placements.as_deref(),
                &mean,
                &std,
                &mut expected,
            );
            let placements = placements.map(|at| numbers(&at, size, Device::Cpu).unwrap());
            let batch = resident.batch(&indices, placements.as_ref()).unwrap();
            assert_eq!(batch.input.size(), [200, 3, 5, 7]);
            let found = Vec::<f32>::try_from(batch.input.reshape([-1])).unwrap();
            assert!(found == expected, "{augment:?}");
            let targets = Vec::<i64>::try_from(&batch.targets).unwrap();
            assert_eq!(targets, labels(&images, &at));
        }
    }

    #[test]
    fn windows_are_those_of_main_memory() {
        let tokens: Vec<u32> = (0..50).map(|i| i * i % 17).collect();
        let resident = ResidentText::new(&tokens, Device::Cpu).unwrap();
        let rows = Rows::new(&tokens, 3, 5).unwrap();
        for window in rows.all_windows() {
            let (mut inputs, mut targets) = (Vec::new(), Vec::new());
            rows.read(window, &mut inputs, &mut targets);
            let batch = resident.window(&rows, window).unwrap();
            assert_eq!(batch.input.size(), [window.len as i64, 3]);
            let read = |tensor: Tensor| Vec::<i64>::try_from(tensor.tr().reshape([-1])).unwrap();
            assert_eq!((read(batch.input), read(batch.targets)), (inputs, targets));
        }
    }
}
