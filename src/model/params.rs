//! The leaf tensors of the shared parameters: creation, initial values, state.

use std::collections::BTreeMap;

use tch::{Device, Kind, TchError, Tensor};

use super::{Init, ModelError, layout};
use crate::graph::{Param, ParamId, ParamTable};
use crate::initial::{self, initial};

/// The tensors that exist so far, by [`ParamId`].
#[derive(Debug)]
pub(super) struct Params {
    tensors: Vec<Option<Tensor>>,
    init: Init,
    seed: u64,
    device: Device,
    /// Single precision, but for tests of gradients.
    pub(super) kind: Kind,
}

impl Params {
    pub(super) fn new(table: &ParamTable, init: Init, seed: u64, device: Device) -> Self {
        Self {
            tensors: table.params.iter().map(|_| None).collect(),
            init: initial::resolved(init, table),
            seed,
            device,
            kind: Kind::Float,
        }
    }

    pub(super) fn device(&self) -> Device {
        self.device
    }

    /// The tensor of an id, if it was created.
    pub(super) fn get(&self, id: ParamId) -> Option<&Tensor> {
        self.tensors.get(id.index())?.as_ref()
    }

    /// Creates those of `ids` that do not exist yet.
    pub(super) fn create(&mut self, table: &ParamTable, ids: &[ParamId]) -> Result<(), ModelError> {
        for &id in ids {
            let (Some(param), Some(slot)) = (table.get(id), self.tensors.get(id.index())) else {
                return Err(ModelError::Malformed(format!("it has no parameter {id}")));
            };
            if slot.is_none() {
                let values = initial(param, self.init, self.seed);
                let tensor = Tensor::f_from_slice(&values)
                    .and_then(|flat| flat.f_view(sizes(param).as_slice()))
                    .and_then(|tensor| self.place(&tensor, param))
                    .map_err(|why| at(param, &why))?;
                self.tensors[id.index()] = Some(tensor);
            }
        }
        Ok(())
    }

    /// A tensor as a leaf on the device, kernels channels last.
    fn place(&self, tensor: &Tensor, param: &Param) -> Result<Tensor, TchError> {
        let tensor = tensor.f_to_device(self.device)?.f_to_kind(self.kind)?;
        let tensor = layout::channels_last(&tensor)?;
        Ok(tensor.set_requires_grad(param.role.is_trained()))
    }

    /// See [`super::SharedModel::state`].
    pub(super) fn state(&self, table: &ParamTable) -> Result<Vec<(String, Tensor)>, ModelError> {
        let _guard = tch::no_grad_guard();
        table
            .params
            .iter()
            .zip(&self.tensors)
            .filter_map(|(param, tensor)| Some((param, tensor.as_ref()?)))
            .map(|(param, tensor)| {
                let copy = copied(tensor, Device::Cpu).map_err(|why| at(param, &why))?;
                Ok((param.name.clone(), copy))
            })
            .collect()
    }

    /// See [`super::SharedModel::load_state`].
    pub(super) fn load(
        &mut self,
        table: &ParamTable,
        state: Vec<(String, Tensor)>,
    ) -> Result<(), ModelError> {
        let by_name: BTreeMap<&str, (usize, &Param)> = table
            .params
            .iter()
            .enumerate()
            .map(|(index, param)| (param.name.as_str(), (index, param)))
            .collect();
        let mut loaded: Vec<Option<Tensor>> = table.params.iter().map(|_| None).collect();
        let _guard = tch::no_grad_guard();
        for (name, tensor) in state {
            let Some(&(index, param)) = by_name.get(name.as_str()) else {
                let why = format!("this one has no parameter `{name}`");
                return Err(ModelError::OtherSpace(why));
            };
            if tensor.size() != sizes(param) {
                let why = format!(
                    "`{name}` is {:?} here, but {:?} in what was stored",
                    param.shape,
                    tensor.size()
                );
                return Err(ModelError::OtherSpace(why));
            }
            // A copy, so that training does not write into the caller's tensors.
            let copy = copied(&tensor, self.device)
                .and_then(|copy| self.place(&copy, param))
                .map_err(|why| at(param, &why))?;
            loaded[index] = Some(copy);
        }
        self.tensors = loaded;
        Ok(())
    }
}

/// The same numbers in new memory, in the usual layout.
fn copied(tensor: &Tensor, device: Device) -> Result<Tensor, TchError> {
    let mut copy = Tensor::f_empty(tensor.size().as_slice(), (tensor.kind(), device))?;
    copy.f_copy_(tensor)?;
    Ok(copy)
}

fn at(param: &Param, why: &TchError) -> ModelError {
    let place = format!("the parameter `{}` {:?}", param.name, param.shape);
    ModelError::torch(place, why)
}

fn sizes(param: &Param) -> Vec<i64> {
    param.shape.iter().map(|&n| n as i64).collect()
}
