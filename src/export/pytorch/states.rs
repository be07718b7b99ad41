//! What a network carries from one window of a sequence to the next: the states of its scans.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Writer;
use super::leaf::Form;
use super::unit::LineForm;

impl Writer<'_> {
    /// The scans of the whole network, by line, and the places of their states.
    pub(super) fn states(&self) -> BTreeMap<usize, Range<usize>> {
        let unit = &self.units.all[self.main()];
        let mut states = BTreeMap::new();
        let mut start = 0;
        for (at, line) in unit.lines.iter().enumerate() {
            if let LineForm::Step(Form::Scan { region }) = line.form {
                let n = self.network.bodies[region].n_inputs.saturating_sub(1);
                states.insert(at, start..start + n);
                start += n;
            }
        }
        states
    }

    pub(super) fn has_states(&self) -> bool {
        !self.states().is_empty()
    }

    pub(super) fn one_state(&self) -> bool {
        let states = self.states();
        states.len() == 1 && states.values().all(|range| range.len() == 1)
    }

    pub(super) fn initial_state(&self) -> String {
        let unit = &self.units.all[self.main()];
        let mut zeros = Vec::new();
        for line in &unit.lines {
            if let LineForm::Step(Form::Scan { region }) = line.form {
                let body = &self.network.bodies[region];
                for state in body.steps.iter().take(body.n_inputs).skip(1) {
                    let sizes: Vec<String> = state.shape.iter().map(usize::to_string).collect();
                    zeros.push(format!("zeros(batch, {})", sizes.join(", ")));
                }
            }
        }
        let value = match zeros.as_slice() {
            [one] if self.one_state() => one.clone(),
            [one] => format!("({one},)"),
            many => format!("({})", many.join(", ")),
        };
        format!(
            "    def initial_state(self, batch: int) -> State:\n        \
             \"\"\"The state in which sequences begin: zeros.\"\"\"\n        \
             zeros = next(self.parameters()).new_zeros\n        return {value}\n\n"
        )
    }
}
