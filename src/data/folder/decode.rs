//! From files to pixels, over several threads.

use super::super::error::DataError;
use super::super::file::first_bytes;
use super::Pixels;
use super::list::File;
use crate::doctor::Memory;
use image::imageops::FilterType;
use image::{DynamicImage, ImageError, ImageFormat, ImageReader};
use std::io::Cursor;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Channels until it is known that no image has colour.
const COLOUR: usize = 3;

/// Files that a thread takes at once.
const BLOCK: usize = 64;

/// How many images are named of those that cannot be decoded.
const NAMED: usize = 3;

/// Decodes `files` of `folder` in their order. Where `size` is not given, all must be
/// of the size of the first. Grey (one channel) when all files are, otherwise colour;
/// what images say of transparency is left out.
pub(super) fn all<'a>(
    folder: &Path,
    files: &[&'a File],
    size: Option<[usize; 2]>,
    threads: usize,
) -> Result<Pixels, DataError> {
    let own = |&file: &&'a File| {
        let image = one(&folder.join(&file.path), None).ok()?;
        Some((file, size_of(&image)))
    };
    let first = match size {
        Some(_) => None,
        None => files.iter().find_map(own),
    };
    // Where no image can be decoded, the size does not matter.
    let wanted = size.or(first.map(|(_, size)| size)).unwrap_or([1, 1]);
    let image_len = COLOUR * wanted[0] * wanted[1];
    check_memory(folder, files.len(), wanted, Memory::now())?;

    let mut bytes = vec![0; files.len() * image_len];
    let blocks = files.chunks(BLOCK).zip(bytes.chunks_mut(BLOCK * image_len));
    let blocks = Mutex::new(blocks);
    let next = || blocks.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut found = Found::default();
        while let Some((files, to)) = next() {
            for (&file, to) in files.iter().zip(to.chunks_exact_mut(image_len)) {
                match one(&folder.join(&file.path), size) {
                    Err(why) => found.damaged.push((file, why)),
                    Ok(image) if size_of(&image) != wanted => {
                        found.of_other_size.push((file, size_of(&image)));
                    }
                    Ok(image) => {
                        found.colour |= image.color().has_color();
                        write(&image, to);
                    }
                }
            }
        }
        found
    };
    let found = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut found = work();
        for other in others {
            match other.join() {
                Ok(other) => found.add(other),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        found
    });

    found.check(folder, files.len(), first)?;
    let (channels, bytes) = if found.colour {
        (COLOUR, bytes)
    } else {
        (1, first_channels(&bytes, wanted[0] * wanted[1]))
    };
    Ok(Pixels {
        channels,
        size: wanted,
        bytes,
    })
}

/// Checks that `n` images of this size have room.
pub(super) fn check_memory(
    folder: &Path,
    n: usize,
    size: [usize; 2],
    memory: Option<Memory>,
) -> Result<(), DataError> {
    let sizes = [COLOUR, size[0], size[1]].map(|n| n as u64);
    let needed = sizes
        .iter()
        .fold(n as u64, |n, &size| n.saturating_mul(size));
    match memory {
        Some(Memory { available, .. }) if needed > available => Err(DataError::TooLarge {
            folder: folder.into(),
            n,
            size,
            needed,
            free: available,
        }),
        _ => Ok(()),
    }
}

/// What threads find besides pixels.
#[derive(Default)]
struct Found<'a> {
    colour: bool,
    damaged: Vec<(&'a File, String)>,
    of_other_size: Vec<(&'a File, [usize; 2])>,
}

impl<'a> Found<'a> {
    fn add(&mut self, other: Self) {
        self.colour |= other.colour;
        self.damaged.extend(other.damaged);
        self.of_other_size.extend(other.of_other_size);
    }

    /// Reports what is wrong, by path, so that threads do not show.
    fn check(
        &self,
        folder: &Path,
        total: usize,
        first: Option<(&'a File, [usize; 2])>,
    ) -> Result<(), DataError> {
        if !self.damaged.is_empty() {
            let mut damaged: Vec<_> = self.damaged.iter().collect();
            damaged.sort_by_key(|(file, _)| &file.path);
            let named = |(file, why): &&(&File, String)| format!("{} ({why})", file.path.display());
            return Err(DataError::BadImages {
                folder: folder.into(),
                n: damaged.len(),
                total,
                first: damaged.iter().take(NAMED).map(named).collect(),
            });
        }
        let other = self.of_other_size.iter().min_by_key(|(file, _)| &file.path);
        if let (Some((first, first_size)), Some((other, other_size))) = (first, other) {
            return Err(DataError::SizesDiffer {
                folder: folder.into(),
                first: (first.path.clone(), first_size),
                other: (other.path.clone(), *other_size),
            });
        }
        Ok(())
    }
}

/// Height and width.
fn size_of(image: &DynamicImage) -> [usize; 2] {
    [image.height() as usize, image.width() as usize]
}

/// Decodes one image, and brings it to `size` if given.
fn one(path: &Path, size: Option<[usize; 2]>) -> Result<DynamicImage, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let format = image::guess_format(&bytes).ok();
    if format == Some(ImageFormat::Jpeg) && !has_end(&bytes) {
        return Err("it is cut short".into());
    }
    if !matches!(format, Some(ImageFormat::Jpeg | ImageFormat::Png)) {
        let begins = first_bytes(&bytes);
        return Err(match bytes.len() {
            0 => "it is empty".into(),
            _ => format!("neither JPEG nor PNG: it begins with {begins}"),
        });
    }
    let mut reader = ImageReader::new(Cursor::new(&bytes));
    if let Some(format) = format {
        reader.set_format(format);
    }
    let image = reader.decode().map_err(|error| match error {
        ImageError::Limits(_) => "it is too large".to_owned(),
        error => error.to_string(),
    })?;
    Ok(match size {
        Some(size) if size != size_of(&image) => {
            image.resize_to_fill(size[1] as u32, size[0] as u32, FilterType::Triangle)
        }
        _ => image,
    })
}

/// Whether a JPEG file has the mark of its end. The decoder takes a file without,
/// and fills what is missing with grey.
fn has_end(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair == [0xff, 0xd9])
}

/// Writes an image to `to`, red, green and blue, channel by channel; a grey one three
/// times.
fn write(image: &DynamicImage, to: &mut [u8]) {
    let plane = to.len() / COLOUR;
    if image.color().has_color() {
        let pixels = image.to_rgb8();
        for (at, pixel) in pixels.pixels().enumerate() {
            for (channel, value) in pixel.0.into_iter().enumerate() {
                to[channel * plane + at] = value;
            }
        }
    } else {
        let pixels = image.to_luma8();
        for channel in to.chunks_exact_mut(plane) {
            channel.copy_from_slice(&pixels);
        }
    }
}

/// The first of the channels of each image.
fn first_channels(bytes: &[u8], plane: usize) -> Vec<u8> {
    let images = bytes.chunks_exact(COLOUR * plane);
    images.flat_map(|image| &image[..plane]).copied().collect()
}
