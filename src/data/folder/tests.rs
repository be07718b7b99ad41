//! Folders made by the tests, and CIFAR-10 as JPEG files where it is.

use super::*;
use image::{ExtendedColorType, ImageFormat};
use std::fs;
use tempfile::TempDir;

const JPEG: ImageFormat = ImageFormat::Jpeg;
const PNG: ImageFormat = ImageFormat::Png;

/// An encoded image whose pixels are `value` at (row, column, channel).
fn encode(
    format: ImageFormat,
    [height, width, channels]: [usize; 3],
    value: impl Fn(usize, usize, usize) -> u8,
) -> Vec<u8> {
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            pixels.extend((0..channels).map(|c| value(y, x, c)));
        }
    }
    let kind = match channels {
        1 => ExtendedColorType::L8,
        3 => ExtendedColorType::Rgb8,
        _ => ExtendedColorType::Rgba8,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let (width, height) = (width as u32, height as u32);
    image::write_buffer_with_format(&mut bytes, &pixels, width, height, kind, format).unwrap();
    bytes.into_inner()
}

fn plain(format: ImageFormat, size: [usize; 3], value: u8) -> Vec<u8> {
    encode(format, size, |_, _, _| value)
}

fn put(folder: &TempDir, path: &str, bytes: &[u8]) {
    let path = folder.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Two classes of 5x4 pixels: 12 training images (values 0, 10, ..), 2 test images.
fn folder(channels: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..12 {
        let class = ["dog", "cat"][i % 2];
        let bytes = plain(PNG, [5, 4, channels], 10 * i as u8);
        put(&folder, &format!("train/{class}/{i:02}.png"), &bytes);
    }
    put(
        &folder,
        "test/dog/a.png",
        &plain(PNG, [5, 4, channels], 200),
    );
    put(
        &folder,
        "test/cat/b.PNG",
        &plain(PNG, [5, 4, channels], 210),
    );
    folder
}

fn read(folder: &TempDir) -> Result<Dataset, DataError> {
    load_with(folder.path(), None, 2, None)
}

#[track_caller]
fn fails(folder: &TempDir, expected: &str) {
    let message = read(folder).unwrap_err().to_string();
    let rest = message.replacen(&folder.path().display().to_string(), "F", 2);
    assert_eq!(rest, expected);
}

#[test]
fn classes_are_sorted_and_training_images_are_not() {
    let data = read(&folder(3)).unwrap();
    assert_eq!((data.classes, data.shape()), (2, [3, 5, 4]));
    assert_eq!(data.test.labels, [0, 1]);
    assert_eq!(data.test.get(0).unwrap().0, [210; 60]);
    let mut values = Vec::new();
    for i in 0..data.train.len() {
        let (pixels, label) = data.train.get(i).unwrap();
        let value = usize::from(pixels[0]) / 10;
        assert_eq!(usize::from(label), 1 - value % 2);
        values.push(value);
    }
    // The same in every release, so that the last images stay the same.
    assert_eq!(values, [4, 9, 11, 5, 3, 7, 8, 0, 2, 6, 10, 1]);
}

#[test]
fn channels_and_rows_are_where_they_belong() {
    let folder = folder(3);
    let value = |y, x, c| (100 * c + 10 * y + x) as u8;
    put(&folder, "test/cat/b.PNG", &encode(PNG, [5, 4, 3], value));
    let data = read(&folder).unwrap();
    let expected = (0..60).map(|i| value(i % 20 / 4, i % 4, i / 20));
    assert!(data.test.get(0).unwrap().0.iter().copied().eq(expected));
}

#[test]
fn grey_stays_grey_unless_an_image_has_colour() {
    let folder = folder(1);
    assert_eq!(read(&folder).unwrap().shape(), [1, 5, 4]);
    // Transparency is left out.
    put(&folder, "test/dog/c.png", &plain(PNG, [5, 4, 4], 7));
    let data = read(&folder).unwrap();
    assert_eq!(data.shape(), [3, 5, 4]);
    assert_eq!(data.test.get(1).unwrap().0, [200; 60]);
    assert_eq!(data.test.get(2).unwrap().0, [7; 60]);
}

#[test]
fn jpeg_is_read_within_what_it_loses() {
    let folder = folder(3);
    let value = |y, x, c| (60 * c + 5 * y + 3 * x) as u8;
    put(&folder, "train/cat/x.jpeg", &encode(JPEG, [5, 4, 3], value));
    fs::rename(
        folder.path().join("train/cat"),
        folder.path().join("train/ant"),
    )
    .unwrap();
    fs::remove_dir_all(folder.path().join("test/cat")).unwrap();
    let data = read(&folder).unwrap();
    let is_it = |&i: &usize| data.train.get(i).unwrap().0[59] > 115;
    let (pixels, label) = data.train.get((0..13).find(is_it).unwrap()).unwrap();
    assert_eq!(label, 0);
    for (i, &pixel) in pixels.iter().enumerate() {
        let expected = value(i % 20 / 4, i % 4, i / 20);
        assert!(pixel.abs_diff(expected) < 30, "{i}: {pixel} {expected}");
    }
}

#[test]
fn images_are_scaled_to_cover_and_cut_at_the_centre() {
    let folder = tempfile::tempdir().unwrap();
    // 8x24, dark, bright and dark: what is kept of it is the bright third.
    let stripes = encode(PNG, [8, 24, 1], |_, x, _| if x / 8 == 1 { 200 } else { 0 });
    put(&folder, "train/a/wide.png", &stripes);
    let tall = encode(PNG, [12, 4, 1], |y, _, _| if y / 4 == 1 { 100 } else { 0 });
    put(&folder, "test/a/tall.png", &tall);
    let same = encode(PNG, [4, 4, 1], |y, x, _| (50 * y + x) as u8);
    put(&folder, "test/a/same.png", &same);
    let size = |size| load_with(folder.path(), Some(size), 1, None).unwrap();
    let data = size([4, 4]);
    assert_eq!(data.shape(), [1, 4, 4]);
    let rows = data.train.pixels.chunks_exact(4);
    // The filter reaches over the edge of the stripe at both sides.
    assert!(
        rows.clone().all(|row| row[1..3] == [200, 200]),
        "{:?}",
        data.train.pixels
    );
    assert!(rows.clone().all(|row| row[0] == row[3] && row[0] > 150));
    // Untouched where the size is right; images go by name.
    let expected = (0..16).map(|i| (50 * (i / 4) + i % 4) as u8);
    assert!(data.test.get(0).unwrap().0.iter().copied().eq(expected));
    assert_eq!(data.test.get(1).unwrap().0, [100; 16]);
    assert_eq!(size([2, 6]).shape(), [1, 2, 6]);
}

#[test]
fn sizes_that_differ_are_named() {
    let folder = folder(1);
    put(&folder, "test/dog/odd.png", &plain(PNG, [9, 4, 1], 0));
    put(&folder, "test/dog/odder.png", &plain(PNG, [9, 7, 1], 0));
    let first = &list::list(folder.path()).unwrap().train;
    let mut first: Vec<_> = first.iter().collect();
    first.shuffle(&mut rng(0, Stream::Folder, 0, 0));
    let first = first[0].path.display();
    fails(
        &folder,
        &format!(
            "F: {first} is 5x4 and test/dog/odd.png is 9x4; say to what size images are to be brought, for example `images:F,size=4`"
        ),
    );
}

#[test]
fn images_that_cannot_be_decoded_are_named_together() {
    let folder = folder(3);
    let jpeg = plain(JPEG, [5, 4, 3], 90);
    put(&folder, "train/dog/cut.jpg", &jpeg[..jpeg.len() - 20]);
    put(&folder, "train/dog/empty.png", b"");
    put(&folder, "test/cat/page.webp", b"<html>");
    fails(
        &folder,
        "F: 3 of 17 images cannot be decoded: test/cat/page.webp (neither JPEG nor PNG: it begins with 3c 68 74 6d (`<htm`)), train/dog/cut.jpg (it is cut short), train/dog/empty.png (it is empty); mend or remove them",
    );
    put(&folder, "train/dog/a.gif", b"GIF89a");
    let message = read(&folder).unwrap_err().to_string();
    assert!(
        message.contains("4 of 18 images cannot be decoded"),
        "{message}"
    );
    assert!(
        message.ends_with("(it is cut short), ..; mend or remove them"),
        "{message}"
    );
}

#[test]
fn a_folder_of_another_layout_is_said_so() {
    let is = "an image folder holds train/CLASS/*.jpg (or .png) and test/CLASS/*.jpg";
    let folder = folder(1);
    // What is not an image, or hidden, is passed over; folders in a class are not.
    put(&folder, "train/cat/list.txt", b"x");
    put(&folder, "train/.cache/x.png", b"x");
    put(&folder, "train/dog/more/x.png", &plain(PNG, [5, 4, 1], 0));
    assert_eq!(read(&folder).unwrap().train.len(), 13);
    fs::create_dir(folder.path().join("train/eel")).unwrap();
    fails(&folder, &format!("F/train/eel: holds no image; {is}"));
    fs::remove_dir(folder.path().join("train/eel")).unwrap();
    fs::create_dir(folder.path().join("test/eel")).unwrap();
    fails(
        &folder,
        &format!("F/test/eel: is a class that `train` does not have, among 2; {is}"),
    );
    // Without classes to test, those of `val` are taken.
    fs::rename(folder.path().join("test"), folder.path().join("val")).unwrap();
    fs::remove_dir(folder.path().join("val/eel")).unwrap();
    put(&folder, "test/1.png", b"x");
    assert_eq!(read(&folder).unwrap().test.len(), 2);
    fs::rename(folder.path().join("val"), folder.path().join("x")).unwrap();
    fails(
        &folder,
        &format!("F: holds no folder `test` or `val` with a folder for each class; {is}"),
    );
    fs::rename(folder.path().join("train"), folder.path().join("y")).unwrap();
    fails(
        &folder,
        &format!("F: holds no folder `train` with a folder for each class; {is}"),
    );
}

#[test]
fn more_images_than_memory_are_refused_before_it_is_taken() {
    let memory = crate::doctor::Memory {
        total: 8 << 30,
        available: 3 << 30,
    };
    let check = |n| decode::check_memory(Path::new("F"), n, [32, 32], Some(memory));
    check(1 << 20).unwrap();
    assert_eq!(
        check((1 << 20) + 1).unwrap_err().to_string(),
        "F: 1048577 images of 32x32 take 3.0 GiB of memory, and 3.0 GiB are free; bring them to a smaller size, for example `images:F,size=32`"
    );
    assert!(check(usize::MAX).is_err());
}

#[test]
fn threads_make_no_difference() {
    let folder = folder(3);
    for i in 0..200 {
        let bytes = plain(JPEG, [5, 4, 3], i as u8);
        put(&folder, &format!("train/cat/more/{i}.jpg"), &bytes);
    }
    let one = load_with(folder.path(), None, 1, None).unwrap();
    let four = load_with(folder.path(), None, 4, None).unwrap();
    assert_eq!(one, four);
    put(&folder, "train/cat/more/7.jpg", b"x");
    put(&folder, "train/cat/more/190.jpg", b"x");
    let said = |threads| {
        load_with(folder.path(), None, threads, None)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(said(1), said(4));
}

#[test]
fn damaged_images_are_reported_or_decoded_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let file = list::File {
        path: "x.jpg".into(),
        class: 0,
        bytes: 0,
        changed: 0,
    };
    let decoded = |bytes: &[u8]| {
        put(&folder, "x.jpg", bytes);
        decode::all(folder.path(), &[&file], Some([5, 4]), 1)
            .map(|pixels| pixels.bytes)
            .map_err(|error| error.to_string())
    };
    for format in [JPEG, PNG] {
        let value = |y, x, c| (37 * y + 11 * x + 90 * c) as u8;
        let good = encode(format, [5, 4, 3], value);
        let pixels = decoded(&good).unwrap();
        let said = "1 of 1 images cannot be decoded: x.jpg (";
        let check = |bytes: &[u8], noticed: bool| match decoded(bytes) {
            // What a JPEG file has no sums for may change pixels.
            Ok(other) => assert!(!noticed || other == pixels),
            Err(message) => assert!(message.contains(said), "{message}"),
        };
        for at in 0..good.len() {
            check(&good[..at], true);
            let mut flipped = good.clone();
            flipped[at] ^= 1 << (at % 8);
            check(&flipped, format == PNG);
        }
    }
}

#[test]
fn a_cache_is_used_while_it_is_of_the_same_files_and_whole() {
    let folder = folder(3);
    let place = tempfile::tempdir().unwrap();
    let kept = place.path().join("images");
    let load = |size| load_with(folder.path(), size, 2, Some(&kept)).unwrap();
    let made = load(None);
    let files = || {
        let mut files: Vec<_> = fs::read_dir(&kept)
            .unwrap()
            .map(|f| f.unwrap().path())
            .collect();
        files.sort();
        files
    };
    let [file] = files().try_into().unwrap();
    let written = fs::read(&file).unwrap();
    let stamp = || fs::metadata(&file).unwrap().modified().unwrap();
    let before = stamp();
    assert_eq!(load(None), made);
    assert_eq!(stamp(), before, "read, not written again");

    // Damage anywhere is noticed, and mended.
    for at in [0, 20, 60, 120, 150, written.len() - 1] {
        let mut damaged = written.clone();
        damaged[at] ^= 1;
        fs::write(&file, &damaged).unwrap();
        assert_eq!(load(None), made, "{at}");
        assert_eq!(fs::read(&file).unwrap(), written);
        fs::write(&file, &written[..at]).unwrap();
        assert_eq!(load(None), made);
    }

    // Another size has a file of its own; another image replaces what is kept.
    load(Some([3, 3]));
    assert_eq!(files().len(), 2);
    put(&folder, "test/cat/b.PNG", &plain(PNG, [5, 4, 3], 211));
    let image = folder.path().join("test/cat/b.PNG");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(9);
    fs::File::open(&image).unwrap().set_modified(later).unwrap();
    assert_eq!(load(None).test.get(0).unwrap().0, [211; 60]);
    assert_eq!(files().len(), 2);
    assert_ne!(fs::read(&file).unwrap(), written);
}

#[test]
fn a_cache_that_cannot_be_kept_is_no_error() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    let folder = folder(3);
    let data = load_with(folder.path(), None, 2, Some(&file.join("images"))).unwrap();
    assert_eq!(data, read(&folder).unwrap());
}

#[test]
fn two_may_write_one_cache_at_once() {
    let folder = folder(3);
    let place = tempfile::tempdir().unwrap();
    let expected = read(&folder).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let data = load_with(folder.path(), None, 1, Some(place.path())).unwrap();
                    assert_eq!(data, expected);
                    for file in fs::read_dir(place.path()).unwrap() {
                        // The others may have replaced it by now.
                        let _ = fs::remove_file(file.unwrap().path());
                    }
                }
            });
        }
    });
}

#[test]
fn cifar_10_as_jpeg_files_loads() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/cifar10-jpeg");
    if !place.exists() {
        eprintln!("skipped: no data/cifar10-jpeg with train/CLASS/*.jpg and test/CLASS/*.jpg");
        return;
    }
    let data = load_with(&place, None, 2, None).unwrap();
    assert_eq!((data.classes, data.shape()), (10, [3, 32, 32]));
    assert_eq!((data.train.len(), data.test.len()), (50_000, 10_000));
    // The figures that the literature gives for CIFAR-10; JPEG loses little.
    for (got, mean) in data.mean.iter().zip([0.4914, 0.4822, 0.4465]) {
        assert!((got - mean).abs() < 2e-3, "{:?}", data.mean);
    }
    // The last 5,000 are of all classes.
    let mut counts = [0; 10];
    for &label in &data.train.labels[45_000..] {
        counts[usize::from(label)] += 1;
    }
    assert!(counts.iter().all(|n| (430..570).contains(n)), "{counts:?}");
}
