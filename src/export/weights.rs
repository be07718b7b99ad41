//! The weights of a network: from a run, or fresh.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors, serialize};
use serde_json::json;

use super::network::Slot;
use super::{ExportError, Subject};
use crate::decision::Architecture;
use crate::graph::{Param, ParamTable};
use crate::initial::{initial, resolved};
use crate::recipe::{ModelConfig, SearchConfig};
use crate::run::{self, Command, Normalisation, Run, graph_fingerprint, name};

/// Where weights come from, and how the network runs that they are of.
#[derive(Clone, Debug)]
pub struct Weights {
    config: ModelConfig,
    normalisation: Option<Normalisation>,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Fresh {
        seed: u64,
    },
    File {
        file: PathBuf,
        bytes: Vec<u8>,
        /// A checkpoint, whose parameters have a prefix, and not all of them are there.
        is_shared: bool,
    },
}

/// A tensor to be written.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub name: String,
    pub shape: Vec<usize>,
    /// Row by row, little-endian single precision.
    pub bytes: Vec<u8>,
}

impl Weights {
    /// As a training begins: drawn from a seed and the names of parameters alone.
    #[must_use]
    pub fn fresh(config: ModelConfig, seed: u64) -> Self {
        Self {
            config,
            normalisation: None,
            source: Source::Fresh { seed },
        }
    }

    /// Those that a training ended with, or the shared ones of a search's last checkpoint.
    ///
    /// # Errors
    /// When the folder is no run on this space, trained another architecture, or has no
    /// weights yet.
    pub fn of_run(folder: &Path, subject: &Subject) -> Result<Self, ExportError> {
        let space = subject.space;
        let info = run::read_info(folder)?;
        if info.space.graph != graph_fingerprint(&space.decisions, &space.graph) {
            return Err(ExportError::OtherSpace {
                folder: folder.to_owned(),
                run: info.space.name,
                set: match info.space.set.as_slice() {
                    [] => " (none)".to_owned(),
                    set => format!(" (--set {})", set.join(" --set ")),
                },
            });
        }
        let config = folder.join(name::CONFIG);
        let config = SearchConfig::default()
            .with(&run::read_json(&config)?)
            .map_err(|why| unreadable(&config, why))?;
        let none = |why| ExportError::NoWeights {
            folder: folder.to_owned(),
            why,
        };
        let (config, file, is_shared) = match info.command {
            Command::Train => {
                let trained = run::read_json(&folder.join(name::ARCHITECTURE))?;
                let decisions = &space.decisions;
                let trained = Architecture::parse(&trained.to_string(), decisions, &space.name);
                if trained.ok().as_ref() != Some(subject.architecture) {
                    return Err(ExportError::OtherArchitecture(folder.to_owned()));
                }
                (config.retrain.model, folder.join(name::WEIGHTS), false)
            }
            Command::Search => {
                if info.data.source.starts_with("table:") {
                    return Err(none("it was searched by a table of results"));
                }
                let checkpoint = Run::open(folder)?.last_checkpoint()?;
                let checkpoint = checkpoint.ok_or_else(|| {
                    none("it has no checkpoint yet; let the search go on with --resume first")
                })?;
                (config.shared.model, checkpoint.tensors, true)
            }
        };
        if !file.is_file() {
            return Err(none("let the training go on with --resume first"));
        }
        let bytes = fs::read(&file).map_err(|why| unreadable(&file, why))?;
        Ok(Self {
            config,
            normalisation: info.data.normalisation,
            source: Source::File {
                file,
                bytes,
                is_shared,
            },
        })
    }

    /// Whether they are those of a search, in which parameters are as large as the widest
    /// architecture needs them.
    pub(super) fn is_shared(&self) -> bool {
        matches!(
            self.source,
            Source::File {
                is_shared: true,
                ..
            }
        )
    }

    /// How the network runs.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// How the images were normalised that they were trained on.
    #[must_use]
    pub fn normalisation(&self) -> Option<&Normalisation> {
        self.normalisation.as_ref()
    }

    /// Slots as tensors of these names.
    pub(super) fn tensors(
        &self,
        table: &ParamTable,
        named: &[(String, Slot)],
    ) -> Result<Vec<Tensor>, ExportError> {
        let stored = match &self.source {
            Source::Fresh { .. } => None,
            Source::File { file, bytes, .. } => {
                let read = SafeTensors::deserialize(bytes);
                Some(read.map_err(|why| unreadable(file, why))?)
            }
        };
        let tensor = |(name, slot): &(String, Slot)| {
            // INVARIANT: slots are of the table.
            let param = &table.params[slot.id.index()];
            let whole = match &stored {
                None => self.drawn(table, param),
                Some(stored) => self.stored(stored, param)?,
            };
            Ok(Tensor {
                name: name.clone(),
                bytes: part(&whole, &param.shape, &slot.shape),
                shape: slot.shape.clone(),
            })
        };
        named.iter().map(tensor).collect()
    }

    fn drawn(&self, table: &ParamTable, param: &Param) -> Vec<u8> {
        let Source::Fresh { seed } = self.source else {
            return Vec::new();
        };
        let values = initial(param, resolved(self.config.init, table), seed);
        values.into_iter().flat_map(f32::to_le_bytes).collect()
    }

    fn stored(&self, stored: &SafeTensors, param: &Param) -> Result<Vec<u8>, ExportError> {
        let Source::File {
            file, is_shared, ..
        } = &self.source
        else {
            return Ok(Vec::new());
        };
        let found = match is_shared {
            true => stored.tensor(&format!("{}/{}", name::MODEL, param.name)),
            false => stored.tensor(&param.name),
        };
        let found = found.map_err(|_| ExportError::NoTensor {
            file: file.clone(),
            name: param.name.clone(),
            why: match is_shared {
                true => "no architecture that uses it was trained",
                false => "it is not what the training wrote",
            },
        })?;
        if found.dtype() != Dtype::F32 || found.shape() != param.shape {
            let (kind, shape) = (found.dtype(), found.shape());
            let (name, here) = (&param.name, &param.shape);
            let why = format!("`{name}` is {kind:?} {shape:?} there, and {here:?} here");
            return Err(unreadable(file, why));
        }
        Ok(found.data().to_vec())
    }
}

fn unreadable(file: &Path, why: impl ToString) -> ExportError {
    ExportError::Unreadable {
        file: file.to_owned(),
        why: why.to_string(),
    }
}

/// The part of a parameter that is used: of channels the first, of the sides of a kernel
/// (every dimension after the second) the centre. Numbers have four bytes.
fn part(whole: &[u8], shape: &[usize], part: &[usize]) -> Vec<u8> {
    if shape == part {
        return whole.to_vec();
    }
    // Where the numbers stand that are used, of a dimension more in each round.
    let mut starts = vec![0];
    let mut each = whole.len() / 4;
    for (dim, (&all, &size)) in shape.iter().zip(part).enumerate() {
        each /= all.max(1);
        let first = if dim < 2 { 0 } else { (all - size) / 2 };
        let rows = starts.into_iter().flat_map(|start| {
            let inside = first..first + size;
            inside.map(move |at| start + at * each)
        });
        starts = rows.collect();
    }
    let numbers = starts
        .into_iter()
        .filter_map(|at| whole.get(4 * at..4 * at + 4));
    numbers.flatten().copied().collect()
}

/// Tensors as a file.
pub(super) fn safetensors(
    subject: &Subject,
    tensors: &[Tensor],
) -> Result<Vec<u8>, SafeTensorError> {
    let mut views = BTreeMap::new();
    for tensor in tensors {
        let view = TensorView::new(Dtype::F32, tensor.shape.clone(), &tensor.bytes)?;
        views.insert(tensor.name.as_str(), view);
    }
    let space = subject.space;
    let about = json!({
        "space": space.name,
        "architecture": subject.architecture.to_line(&space.decisions),
        "decisions": space.decisions.hash(),
    });
    // One entry: the order of several would be that of a hash.
    let metadata = HashMap::from([("enasc".to_owned(), about.to_string())]);
    serialize(views, Some(metadata))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_the_first_channels_and_the_centre_of_the_kernel() {
        let whole: Vec<u8> = (0u32..2 * 2 * 3 * 3).flat_map(u32::to_le_bytes).collect();
        let numbers = |bytes: Vec<u8>| -> Vec<u32> {
            let number = |four: &[u8]| u32::from_le_bytes(four.try_into().unwrap());
            bytes.chunks(4).map(number).collect()
        };
        let of = |shape: &[usize]| numbers(part(&whole, &[2, 2, 3, 3], shape));
        assert_eq!(of(&[1, 2, 1, 1]), [4, 13]);
        assert_eq!(of(&[2, 1, 1, 3]), [3, 4, 5, 21, 22, 23]);
        assert_eq!(of(&[2, 2, 3, 3]), (0..36).collect::<Vec<_>>());
    }
}
