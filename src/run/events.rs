//! The figures of `metrics.jsonl` once more, as TensorBoard reads them.
//!
//! A file of records, each a length, a checksum of the length, a message and a checksum
//! of the message, little-endian; checksums are masked CRC-32C. A message is a
//! `tensorflow.Event`, of which only the fields that scalars need are declared here.
//!
//! What a line becomes depends on the line alone. So the file of a run that is resumed
//! is made anew from its metrics, and what was written before is a prefix of it, or goes
//! on where that ends: a TensorBoard that reads the file notices nothing. The format
//! wants a time with each event; a clock would make two equal runs differ, so it is the
//! number of the step, in seconds.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use prost::Message;
use serde_json::Value;

use super::RunError;

/// What the first record says of those behind it.
const VERSION: &str = "brain.Event:2";

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Scalar>,
}

#[derive(Clone, PartialEq, Message)]
struct Scalar {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// An open file of events.
#[derive(Debug)]
pub(super) struct Events {
    path: PathBuf,
    file: File,
}

impl Events {
    /// The file of a run whose metrics are `lines` so far. What it has already is
    /// overwritten in place: a reader finds the same bytes where it stands.
    pub(super) fn of(path: &Path, lines: &[Value]) -> Result<Self, RunError> {
        let failed = |source| RunError::write(path, source);
        let mut bytes = record(&Event {
            file_version: Some(VERSION.to_owned()),
            ..Event::default()
        });
        for line in lines {
            bytes.extend(event(line).iter().flat_map(record));
        }
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(failed)?;
        file.write_all(&bytes).map_err(failed)?;
        file.set_len(bytes.len() as u64).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Appends what a line of metrics says.
    pub(super) fn append(&mut self, line: &Value) -> Result<(), RunError> {
        let Some(event) = event(line) else {
            return Ok(());
        };
        self.file
            .write_all(&record(&event))
            .map_err(|source| RunError::write(&self.path, source))
    }
}

/// The numbers of a line, as `phase/name`; `None` where it has none.
fn event(line: &Value) -> Option<Event> {
    let line = line.as_object()?;
    let step = line.get("step")?.as_u64()?;
    let phase = line.get("phase")?.as_str()?;
    let scalar = |(name, value): (&String, &Value)| {
        Some(Scalar {
            tag: format!("{phase}/{name}"),
            simple_value: Some(value.as_f64()? as f32),
        })
    };
    let figures = line
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "step" | "epoch"));
    let value: Vec<Scalar> = figures.filter_map(scalar).collect();
    (!value.is_empty()).then_some(Event {
        wall_time: step as f64,
        step: step as i64,
        summary: Some(Summary { value }),
        file_version: None,
    })
}

/// An event with its length and its checksums.
fn record(event: &Event) -> Vec<u8> {
    let data = event.encode_to_vec();
    let length = (data.len() as u64).to_le_bytes();
    let mut record = length.to_vec();
    record.extend(masked(&length));
    record.extend(&data);
    record.extend(masked(&data));
    record
}

/// A checksum that may itself be part of what a checksum is taken of.
fn masked(data: &[u8]) -> [u8; 4] {
    let sum = crc32c::crc32c(data);
    sum.rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// CRC-32C bit by bit, from its polynomial (RFC 3720, section 12.1).
    fn checksum(data: &[u8]) -> u32 {
        !data.iter().fold(u32::MAX, |sum, &byte| {
            (0..8).fold(sum ^ u32::from(byte), |sum, _| {
                (sum >> 1) ^ (0x82f6_3b78 * (sum & 1))
            })
        })
    }

    /// The messages of a file, whose checksums must be right.
    fn messages(mut bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let mut take = |n: usize| {
            let (taken, rest) = bytes.split_at(n);
            bytes = rest;
            let (sum, rest) = bytes.split_at(4);
            bytes = rest;
            let sum = u32::from_le_bytes(sum.try_into().unwrap());
            let unmasked = sum.wrapping_sub(0xa282_ead8).rotate_left(15);
            assert_eq!(unmasked, checksum(taken));
            (taken.to_vec(), bytes.is_empty())
        };
        loop {
            let (length, _) = take(8);
            let length = u64::from_le_bytes(length.try_into().unwrap());
            let (message, last) = take(length as usize);
            found.push(message);
            if last {
                return found;
            }
        }
    }

    fn line(step: u64) -> Value {
        json!({"step": step, "epoch": 1, "phase": "shared", "loss": 0.5, "accuracy": null,
            "choices": {"samples": 3}})
    }

    #[test]
    fn records_are_as_the_format_has_them() {
        assert_eq!(checksum(b"123456789"), 0xe306_9283);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events");
        let header = json!({"schema": 1, "file": "metrics"});
        let mut events = Events::of(&path, &[header]).unwrap();
        events.append(&line(300)).unwrap();
        let found = messages(&std::fs::read(&path).unwrap());
        // By hand: field numbers and wire types, lengths, values.
        assert_eq!(found[0], *b"\x1a\x0dbrain.Event:2");
        let mut expected = vec![0x09];
        expected.extend(300f64.to_le_bytes());
        expected.extend([0x10, 0xac, 0x02, 0x2a, 20]);
        expected.extend(b"\x0a\x12\x0a\x0bshared/loss\x15\x00\x00\x00\x3f");
        assert_eq!(found[1..], [expected]);
    }

    #[test]
    fn a_file_that_was_cut_back_goes_on_to_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events");
        let mut events = Events::of(&path, &[]).unwrap();
        for step in 1..=4 {
            events.append(&line(step)).unwrap();
        }
        let whole = std::fs::read(&path).unwrap();
        let mut events = Events::of(&path, &[line(1), line(2)]).unwrap();
        let cut = std::fs::read(&path).unwrap();
        assert!(cut.len() < whole.len() && whole.starts_with(&cut));
        for step in 3..=4 {
            events.append(&line(step)).unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        assert_eq!(messages(&whole).len(), 5);
    }
}
