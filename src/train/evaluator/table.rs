//! Judging by a table of results: no weights, no training, and what it says is final.

use tch::{Kind, Tensor};

use super::Evaluator;
use crate::decision::Architecture;
use crate::table::Table;
use crate::train::evaluate::Evaluation;
use crate::train::log::Record;
use crate::train::task::Measure;
use crate::train::tensors::{State, take};
use crate::train::timeline::Step;
use crate::train::{TrainError, Watch};

/// A table, and what was looked up in it.
pub(in crate::train) struct Lookups<'a> {
    table: &'a Table<'a>,
    /// The rows that were found, each once, in the order of their first look-up.
    seen: Vec<usize>,
    /// By row of the table.
    is_seen: Vec<bool>,
}

/// The prefix of its state, and the tensor there.
const PREFIX: &str = "table";
const ROWS: &str = "rows";

impl<'a> Lookups<'a> {
    pub(in crate::train) fn new(table: &'a Table<'a>) -> Self {
        Self {
            table,
            seen: Vec::new(),
            is_seen: vec![false; table.len()],
        }
    }

    fn see(&mut self, row: usize) {
        if let Some(seen @ false) = self.is_seen.get_mut(row) {
            *seen = true;
            self.seen.push(row);
        }
    }

    fn evaluation(&self, row: Option<usize>) -> Evaluation {
        Evaluation {
            accuracy: self.table.score(row),
            loss: f64::NAN,
            examples: 1,
        }
    }
}

impl Evaluator for Lookups<'_> {
    fn measure(&self) -> Measure {
        Measure::Score
    }

    fn batches(&self) -> u64 {
        0
    }

    fn train(&mut self, _: Step, _: &[Architecture]) -> Result<Record, TrainError> {
        Ok(Record::default())
    }

    fn judge(
        &mut self,
        _: Step,
        architectures: &[Architecture],
    ) -> Result<Vec<Evaluation>, TrainError> {
        let mut found = Vec::with_capacity(architectures.len());
        for architecture in architectures {
            let row = self.table.find(architecture)?;
            if let Some(row) = row {
                self.see(row);
            }
            found.push(self.evaluation(row));
        }
        Ok(found)
    }

    fn validate(
        &mut self,
        architectures: &[Architecture],
        _: &mut Watch,
    ) -> Result<Vec<Evaluation>, TrainError> {
        architectures
            .iter()
            .map(|architecture| Ok(self.evaluation(self.table.find(architecture)?)))
            .collect()
    }

    fn means(&self) -> Result<Vec<(&'static str, f64)>, TrainError> {
        Ok(vec![("rows", self.seen.len() as f64)])
    }

    fn known(&self, n: usize) -> Option<Vec<Architecture>> {
        let mut rows = self.seen.clone();
        // A stable sort: of equals the one that was found first.
        rows.sort_by(|a, b| {
            let of = |row: &usize| self.table.score(Some(*row));
            of(b).total_cmp(&of(a))
        });
        let architectures = rows.into_iter().take(n);
        Some(
            architectures
                .filter_map(|row| self.table.architecture(row).cloned())
                .collect(),
        )
    }

    fn facts(&self, architecture: &Architecture) -> Vec<(String, String)> {
        self.table.facts(architecture)
    }

    fn state(&self) -> Result<State, TrainError> {
        let rows: Vec<i64> = self.seen.iter().map(|&row| row as i64).collect();
        Ok(vec![(
            format!("{PREFIX}/{ROWS}"),
            Tensor::from_slice(&rows),
        )])
    }

    fn load_state(&mut self, state: &mut State) -> Result<(), String> {
        let saved = take(state, PREFIX).pop();
        let rows = saved.and_then(|(_, rows)| Vec::<i64>::try_from(rows.to_kind(Kind::Int64)).ok());
        let rows = rows.ok_or_else(|| format!("it has no tensor `{PREFIX}/{ROWS}`"))?;
        for row in rows {
            self.see(row as usize);
        }
        Ok(())
    }
}
