//! Tables of results: what architectures achieve, looked up instead of trained.
//!
//! A benchmark such as NAS-Bench-Graph lists every architecture of a space with its
//! accuracy. A search against it takes seconds and tells strategies apart; it says
//! nothing of weight sharing.
//!
//! - `spec`: how a user names a table;
//! - `map`: which columns say what;
//! - `csv`: the file.
//!
//! In: a compiled space, a CSV file, a map. Out: a [`Table`] that answers for
//! architectures of the space. Needs no libtorch.

mod csv;
mod error;
mod map;
mod spec;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::SearchSpace;
use crate::decision::{Architecture, Choice, DecisionId, Domain};
use crate::graph::canonical::{Canonical, Form};
use crate::graph::select;
use crate::run::hex;

pub use error::TableError;
pub use map::{Map, Missing};
pub use spec::TableSpec;

/// Results by architecture.
#[derive(Debug)]
pub struct Table<'a> {
    space: &'a SearchSpace,
    name: String,
    fingerprint: String,
    rows: Vec<Row>,
    places: HashMap<Architecture, usize>,
    /// By network, where architectures of the same network share a row.
    networks: Option<(Canonical<'a>, HashMap<Form, usize>)>,
    missing: Missing,
    worst: f64,
}

#[derive(Debug)]
struct Row {
    architecture: Architecture,
    score: f64,
    /// What else is said, by column.
    facts: Vec<(String, String)>,
}

impl<'a> Table<'a> {
    /// Reads the table that `spec` names, of architectures of `space`.
    ///
    /// # Errors
    /// When a file cannot be read, the map does not fit the space or the table, or a
    /// row is no architecture of the space.
    pub fn load(spec: &TableSpec, space: &'a SearchSpace) -> Result<Self, TableError> {
        let text = read(&spec.path)?;
        let map_text = spec.map.as_deref().map(read).transpose()?;
        let mut map = match (&spec.map, &map_text) {
            (Some(path), Some(text)) => Map::parse(text).map_err(|why| TableError::Map {
                path: path.clone(),
                why,
            })?,
            _ => Map::default(),
        };
        if let Some(score) = &spec.score {
            map.score.clone_from(score);
        }
        let mut hash = Sha256::new();
        for part in [&text, &map_text.unwrap_or_default(), &map.score] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let fingerprint = hex(&hash.finalize());
        let name = spec.path.display().to_string();
        Self::parse(space, &text, &map, name, fingerprint)
    }

    fn parse(
        space: &'a SearchSpace,
        text: &str,
        map: &Map,
        name: String,
        fingerprint: String,
    ) -> Result<Self, TableError> {
        let bad = |why: String| TableError::Unreadable {
            table: name.clone(),
            why,
        };
        let mut lines = csv::records(text);
        let header = lines.next().map(|(_, cells)| cells).unwrap_or_default();
        let columns = map.columns(&header, &space.decisions).map_err(bad)?;
        let (mut rows, mut places) = (Vec::new(), HashMap::new());
        for (line, cells) in lines {
            let bad = |why: String| bad(format!("line {line}: {why}"));
            let cell = |column: usize| cells.get(column).map_or("", String::as_str).trim();
            let mut architecture = Architecture::undecided(&space.decisions);
            for (column, decisions) in &columns.decisions {
                decide(space, &mut architecture, cell(*column), decisions).map_err(bad)?;
            }
            decide_rest(space, &mut architecture);
            if !architecture.is_of(&space.decisions) {
                let line = architecture.to_line(&space.decisions);
                return Err(bad(format!("`{line}` is no architecture of the space")));
            }
            let text = cell(columns.score);
            let score = text.parse().ok().filter(|score: &f64| score.is_finite());
            let score = score.ok_or_else(|| bad(format!("the score `{text}` is no number")))?;
            if places.insert(architecture.clone(), rows.len()).is_some() {
                return Err(bad("its architecture was listed before".to_owned()));
            }
            let fact = |&column: &usize| Some((header.get(column)?.clone(), cell(column).into()));
            rows.push(Row {
                architecture,
                score: score * map.scale,
                facts: columns.facts.iter().filter_map(fact).collect(),
            });
        }
        let worst = rows.iter().map(|row| row.score).reduce(f64::min);
        let worst = worst.ok_or_else(|| bad("it has no rows".to_owned()))?;
        let mut table = Self {
            space,
            name,
            fingerprint,
            rows,
            places,
            networks: None,
            missing: map.missing,
            worst,
        };
        if map.same_network {
            table.networks = Some(table.networks()?);
        }
        Ok(table)
    }

    fn networks(&self) -> Result<(Canonical<'a>, HashMap<Form, usize>), TableError> {
        let canonical = Canonical::new(&self.space.graph);
        let mut places = HashMap::new();
        for (place, row) in self.rows.iter().enumerate() {
            // Of rows with the same network the first is as good as any.
            let form = self.form(&canonical, &row.architecture)?;
            places.entry(form).or_insert(place);
        }
        Ok((canonical, places))
    }

    fn form(&self, canonical: &Canonical, architecture: &Architecture) -> Result<Form, TableError> {
        let child = select(&self.space.graph, &self.space.decisions, architecture);
        canonical.form(&child).map_err(TableError::TooAlike)
    }

    /// The row of an architecture; `None` where the map says that one that is not
    /// listed is as bad as the worst.
    ///
    /// # Errors
    /// When it is not listed, and the map does not say so.
    pub fn find(&self, architecture: &Architecture) -> Result<Option<usize>, TableError> {
        let mut row = self.places.get(architecture).copied();
        if let (None, Some((canonical, places))) = (row, &self.networks) {
            row = places.get(&self.form(canonical, architecture)?).copied();
        }
        match (row, self.missing) {
            (None, Missing::Error) => Err(TableError::Missing {
                table: self.name.clone(),
                architecture: architecture.to_line(&self.space.decisions),
            }),
            (row, _) => Ok(row),
        }
    }

    /// The score of a row; without one the worst of all.
    #[must_use]
    pub fn score(&self, row: Option<usize>) -> f64 {
        let row = row.and_then(|row| self.rows.get(row));
        row.map_or(self.worst, |row| row.score)
    }

    /// The architecture that a row lists.
    #[must_use]
    pub fn architecture(&self, row: usize) -> Option<&Architecture> {
        self.rows.get(row).map(|row| &row.architecture)
    }

    /// What a table says of an architecture besides its score, by column.
    #[must_use]
    pub fn facts(&self, architecture: &Architecture) -> Vec<(String, String)> {
        let row = self.find(architecture).ok().flatten();
        let row = row.and_then(|row| self.rows.get(row));
        row.map_or_else(Vec::new, |row| row.facts.clone())
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Never: a table without rows is not read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A hash of the table and its map.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

fn read(path: &Path) -> Result<String, TableError> {
    fs::read_to_string(path).map_err(|source| TableError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Makes the decisions that a cell says: of one decision the whole of it, of several
/// a character each.
fn decide(
    space: &SearchSpace,
    architecture: &mut Architecture,
    cell: &str,
    decisions: &[DecisionId],
) -> Result<(), String> {
    let parts: Vec<&str> = match decisions {
        [_] => vec![cell],
        _ => cell.split("").filter(|part| !part.is_empty()).collect(),
    };
    if parts.len() != decisions.len() {
        let n = decisions.len();
        return Err(format!(
            "`{cell}` has not the {n} characters of {n} decisions"
        ));
    }
    for (part, &id) in parts.into_iter().zip(decisions) {
        let Some(point) = space.decisions.point(id).filter(|_| !part.is_empty()) else {
            continue; // inactive
        };
        let option = |text: &str| {
            let name = point.options.iter().position(|option| option == text);
            let number = || {
                text.parse()
                    .ok()
                    .filter(|&n: &usize| n < point.options.len())
            };
            let known = name.or_else(number).map(|place| place as u32);
            known.ok_or_else(|| format!("`{}` has no option `{text}`", point.path))
        };
        let choice = match point.domain {
            Domain::One { .. } => Choice::One(option(part)?),
            Domain::Subset { .. } => {
                let inner = part.trim_start_matches('{').trim_end_matches('}');
                let names = inner.split([',', ' ']).filter(|name| !name.is_empty());
                let mut options = names.map(option).collect::<Result<Vec<u32>, _>>()?;
                options.sort_unstable();
                Choice::Set(options)
            }
        };
        architecture.set(id, choice);
    }
    Ok(())
}

/// Makes the decisions that have one choice.
fn decide_rest(space: &SearchSpace, architecture: &mut Architecture) {
    let space = &space.decisions;
    for (id, point) in space.iter() {
        let open = architecture.get(id).is_none() && space.guards.holds(point.active, architecture);
        if open && point.domain.size() == 1u8.into() {
            for only in Choice::all(point.domain) {
                architecture.set(id, only);
            }
        }
    }
}

#[cfg(test)]
mod tests;
