//! Tensors in files: safetensors, which Python reads too.
//!
//! Written here rather than by libtorch's bindings, so that a full disk is an IO
//! error and the file states its schema version.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value, json};
use tch::{Device, Kind, Tensor};

use super::TrainError;
use crate::run::{RunError, SCHEMA};

/// Tensors by name.
pub(super) type State = Vec<(String, Tensor)>;

/// Writes tensors, from whichever device and layout.
pub(super) fn write(tensors: &[(String, Tensor)], path: &Path) -> Result<(), RunError> {
    let mut ordered: Vec<&(String, Tensor)> = tensors.iter().collect();
    // Larger numbers first keep every tensor aligned; the sort is stable.
    ordered.sort_by_key(|(_, tensor)| std::cmp::Reverse(tensor.kind().elt_size_in_bytes()));
    let mut header = Map::new();
    let mut end = 0;
    header.insert(
        "__metadata__".to_owned(),
        json!({"schema": SCHEMA.to_string()}),
    );
    for (name, tensor) in &ordered {
        let start = end;
        end += tensor.numel() * tensor.kind().elt_size_in_bytes();
        let entry = json!({
            "dtype": dtype(tensor.kind()).ok_or_else(|| RunError::Unreadable {
                path: path.to_owned(),
                why: format!("`{name}` has numbers of a kind that is not stored"),
            })?,
            "shape": tensor.size(),
            "data_offsets": [start, end],
        });
        header.insert(name.clone(), entry);
    }
    let mut header = Value::Object(header).to_string();
    let padded = header.len().next_multiple_of(8);
    header.extend(std::iter::repeat_n(' ', padded - header.len()));
    let write = || -> io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        for (_, tensor) in &ordered {
            file.write_all(&bytes(tensor))?;
        }
        file.flush()
    };
    write().map_err(|source| RunError::Write {
        path: path.to_owned(),
        source,
    })
}

/// The numbers of a tensor, row by row.
fn bytes(tensor: &Tensor) -> Vec<u8> {
    let tensor = tensor.detach().to_device(Device::Cpu).contiguous();
    let n = tensor.numel();
    let mut bytes = vec![0; n * tensor.kind().elt_size_in_bytes()];
    tensor.copy_data_u8(&mut bytes, n);
    bytes
}

fn dtype(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Double => "F64",
        Kind::Float => "F32",
        Kind::BFloat16 => "BF16",
        Kind::Half => "F16",
        Kind::Int64 => "I64",
        _ => return None,
    })
}

/// Reads a safetensors file.
pub(super) fn read(path: &Path) -> Result<State, TrainError> {
    Tensor::read_safetensors(path).map_err(|why| {
        let why = why.to_string();
        TrainError::Run(RunError::Unreadable {
            path: path.to_owned(),
            why: why.lines().next().unwrap_or_default().to_owned(),
        })
    })
}

/// Puts a prefix before every name, so that several states share a file.
pub(super) fn prefixed(prefix: &str, state: State) -> impl Iterator<Item = (String, Tensor)> {
    state
        .into_iter()
        .map(move |(name, tensor)| (format!("{prefix}/{name}"), tensor))
}

/// Takes what [`prefixed`] put there out of a state.
pub(super) fn take(state: &mut State, prefix: &str) -> State {
    let mut taken = Vec::new();
    let mut rest = Vec::new();
    for (name, tensor) in std::mem::take(state) {
        let short = name
            .strip_prefix(prefix)
            .and_then(|rest| rest.strip_prefix('/'))
            .map(str::to_owned);
        match short {
            Some(short) => taken.push((short, tensor)),
            None => rest.push((name, tensor)),
        }
    }
    *state = rest;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_any_layout_is_stored_row_by_row() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        let grid = Tensor::arange(24, (Kind::Float, Device::Cpu)).view([1, 2, 3, 4]);
        let last = grid
            .permute([0, 2, 3, 1])
            .contiguous()
            .permute([0, 3, 1, 2]);
        let state = vec![
            ("a".to_owned(), last),
            ("deep.b".to_owned(), Tensor::from(0.1f64)),
            ("c".to_owned(), Tensor::from(7i64)),
            (
                "empty".to_owned(),
                Tensor::zeros([0], (Kind::Float, Device::Cpu)),
            ),
        ];
        write(&state, &path).unwrap();
        let mut read = read(&path).unwrap();
        read.sort_by(|a, b| a.0.cmp(&b.0));
        let names: Vec<&str> = read.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "c", "deep.b", "empty"]);
        assert!(read[0].1.equal(&grid));
        assert_eq!(read[1].1.int64_value(&[]), 7);
        assert!((read[2].1.double_value(&[]) - 0.1).abs() < 1e-18);
    }

    #[test]
    fn a_full_disk_is_an_io_error_and_a_torn_file_is_told() {
        let state = vec![("a".to_owned(), Tensor::from(1i64))];
        let full = Path::new("/dev/full");
        if full.exists() {
            let message = write(&state, full).unwrap_err().to_string();
            assert!(message.contains("No space left on device"), "{message}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("torn.safetensors");
        write(&state, &path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        let message = read(&path).unwrap_err().to_string();
        assert!(
            message.contains("torn.safetensors cannot be read"),
            "{message}"
        );
    }

    #[test]
    fn states_share_a_file_by_prefix() {
        let one = |name: &str| (name.to_owned(), Tensor::from(1i64));
        let mut all: State = prefixed("a", vec![one("x"), one("y")]).collect();
        all.extend(prefixed("ab", vec![one("z")]));
        let names = |state: State| state.into_iter().map(|(n, _)| n).collect::<Vec<_>>();
        assert_eq!(names(take(&mut all, "a")), ["x", "y"]);
        assert_eq!(names(all), ["ab/z"]);
    }
}
