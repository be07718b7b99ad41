//! What a recurrence carries from one batch to the next.

use std::collections::BTreeMap;

use tch::Tensor;

use super::ModelError;
use crate::graph::RegionId;

/// The states of a network's scans between two batches of the same sequences, and
/// what its scans gave for the last one.
///
/// Truncated backpropagation through time: the values go on, their gradients do not.
/// A new one stands at the beginning of all sequences, where every state is zero.
#[derive(Debug, Default)]
pub struct Recurrence {
    /// By the body of the scan; `None` stands for zeros. // (B, D) each
    states: BTreeMap<RegionId, Vec<Option<Tensor>>>,
    /// The results of the last batch's scans, with their gradients. // (T, B, D)
    sequences: Vec<Tensor>,
}

/// The same states and sequences; no number is copied.
impl Clone for Recurrence {
    fn clone(&self) -> Self {
        let shallow = |state: &Option<Tensor>| state.as_ref().map(Tensor::shallow_clone);
        let states = self.states.iter();
        let states = states.map(|(id, states)| (*id, states.iter().map(shallow).collect()));
        Self {
            states: states.collect(),
            sequences: self.sequences.iter().map(Tensor::shallow_clone).collect(),
        }
    }
}

impl Recurrence {
    /// The results of the scans of the last batch, in the order they were run, with
    /// their gradients. // (T, B, D) each
    pub fn sequences(&self) -> &[Tensor] {
        &self.sequences
    }

    /// The states by name, copied; zeros have no entry. // (B, D) each
    #[must_use]
    pub fn state(&self) -> Vec<(String, Tensor)> {
        let scans = self.states.iter();
        let all = scans.flat_map(|(id, states)| {
            let states = states.iter().enumerate();
            states.filter_map(|(i, state)| {
                let state = state.as_ref()?;
                Some((format!("{}.{i}", id.index()), state.copy()))
            })
        });
        all.collect()
    }

    /// What [`Recurrence::state`] saved.
    ///
    /// # Errors
    /// When a name is none that it gives.
    pub fn of_state(saved: Vec<(String, Tensor)>) -> Result<Self, ModelError> {
        let mut states: BTreeMap<RegionId, Vec<Option<Tensor>>> = BTreeMap::new();
        for (name, tensor) in saved {
            let place = name.split_once('.').and_then(|(region, place)| {
                Some((region.parse::<u32>().ok()?, place.parse::<usize>().ok()?))
            });
            let Some((region, place)) = place else {
                return Err(ModelError::OtherSpace(format!("it has the state `{name}`")));
            };
            let slots = states.entry(RegionId(region)).or_default();
            if slots.len() <= place {
                slots.resize_with(place + 1, || None);
            }
            slots[place] = Some(tensor);
        }
        Ok(Self {
            states,
            sequences: Vec::new(),
        })
    }

    /// These states where `ok`, a truth on their device, holds, else those of `before`;
    /// zeros where it has none. // ok: ()
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn where_ok(&mut self, ok: &Tensor, before: &Self) -> Result<(), ModelError> {
        for (id, states) in &mut self.states {
            let before = before.states.get(id);
            for (place, state) in states.iter_mut().enumerate() {
                let Some(state) = state else { continue };
                let old = before.and_then(|states| states.get(place)?.as_ref());
                let old = old.filter(|old| old.size() == state.size());
                let kept = match old {
                    Some(old) => state.f_where_self(ok, old),
                    None => state.f_where_scalarother(ok, 0.0),
                };
                *state = kept.map_err(|why| ModelError::torch("the states", &why))?;
            }
        }
        Ok(())
    }

    /// Forgets what the last batch left but the states.
    pub(super) fn begin(&mut self) {
        self.sequences.clear();
    }

    /// The states that a scan starts from.
    pub(super) fn take(&mut self, body: RegionId) -> Vec<Option<Tensor>> {
        self.states.remove(&body).unwrap_or_default()
    }

    /// Keeps what a scan gave, and the states that it ended in.
    pub(super) fn keep(&mut self, body: RegionId, states: &[Option<Tensor>], sequence: &Tensor) {
        let states = states
            .iter()
            .map(|state| state.as_ref().map(Tensor::detach));
        self.states.insert(body, states.collect());
        self.sequences.push(sequence.shallow_clone());
    }
}
