//! Which columns of a table say what: a small TOML file.
//!
//! ```toml
//! score = "valid"              # the column that is searched by; the greater the better
//! scale = 0.01                 # what it is multiplied by; 1 where nothing is said
//! facts = ["test"]             # what is told of the best besides
//! missing = "worst"            # of an architecture that is not listed; or "error"
//! same_network = true          # look up by network where the architecture is not listed
//!
//! [decisions]                  # by column: the decisions that its cells make
//! links = ["h[1].p", "h[2].p"] # several: a character each
//! act = ["f"]                  # one: the whole cell
//! ```
//!
//! A cell names an option or gives its number, from 0. A column is named by its header
//! or by how that begins, where no other begins so. Without `[decisions]`, columns have
//! the names of decisions. A decision of one choice needs no column.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::decision::{DecisionId, DecisionPoint, DecisionSpace};
use crate::diagnostic::suggest::did_you_mean;

/// Which columns say what; see the module.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Map {
    /// The column of the score.
    pub score: String,
    /// What the score is multiplied by.
    pub scale: f64,
    /// Columns that are told of the best.
    pub facts: Vec<String>,
    /// What becomes of an architecture that is not listed.
    pub missing: Missing,
    /// Whether an architecture that is not listed has the row of one that computes the
    /// same network.
    pub same_network: bool,
    /// By column, the decisions that its cells make.
    pub decisions: BTreeMap<String, Vec<String>>,
}

/// What becomes of an architecture that a table does not list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// The search stops.
    Error,
    /// It is as bad as the worst that is listed.
    Worst,
}

/// The columns by their numbers.
pub(super) struct Columns {
    pub score: usize,
    pub facts: Vec<usize>,
    pub decisions: Vec<(usize, Vec<DecisionId>)>,
}

impl Default for Map {
    fn default() -> Self {
        Self {
            score: "score".to_owned(),
            scale: 1.0,
            facts: Vec::new(),
            missing: Missing::Error,
            same_network: false,
            decisions: BTreeMap::new(),
        }
    }
}

impl Map {
    /// Reads a map.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let map: Self = toml::from_str(text).map_err(|why| why.to_string().trim().to_owned())?;
        if map.scale.is_finite() && map.scale != 0.0 {
            Ok(map)
        } else {
            Err("scale must be a number other than 0".to_owned())
        }
    }

    /// Finds the columns that it names.
    pub(super) fn columns(
        &self,
        header: &[String],
        space: &DecisionSpace,
    ) -> Result<Columns, String> {
        let mut decisions = Vec::new();
        let mut mapped = vec![false; space.points.len()];
        let mut add = |column: usize, paths: &[&str]| {
            let mut ids = Vec::new();
            for path in paths {
                let place = space.points.iter().position(|point| point.path == *path);
                let place = place.ok_or_else(|| {
                    let paths = space.points.iter().map(|point| point.path.as_str());
                    let help = did_you_mean(path, paths);
                    let help = help.map(|help| format!("; {help}")).unwrap_or_default();
                    format!("the map has `{path}`, and the space no such decision{help}")
                })?;
                if std::mem::replace(&mut mapped[place], true) {
                    return Err(format!("the map has the decision `{path}` twice"));
                }
                ids.push(DecisionId(place as u32));
            }
            decisions.push((column, ids));
            Ok(())
        };
        if self.decisions.is_empty() {
            for (column, name) in header.iter().enumerate() {
                let name = name.trim();
                if space.points.iter().any(|point| point.path == name) {
                    add(column, &[name])?;
                }
            }
        }
        for (name, paths) in &self.decisions {
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            add(column(header, name)?, &paths)?;
        }
        let free = |point: &DecisionPoint| point.domain.size() > 1u8.into();
        let mut points = space.points.iter().zip(mapped);
        if let Some((point, _)) = points.find(|(point, mapped)| !mapped && free(point)) {
            return Err(format!(
                "no column says what the decision `{}` is: name the columns as decisions are, or map them with ,map=FILE.toml",
                point.path
            ));
        }
        let facts = self.facts.iter().map(|name| column(header, name));
        Ok(Columns {
            score: column(header, &self.score)?,
            facts: facts.collect::<Result<_, _>>()?,
            decisions,
        })
    }
}

/// The column of a name: its header, or the beginning of just one header.
fn column(header: &[String], name: &str) -> Result<usize, String> {
    let all = || header.iter().enumerate();
    if let Some((place, _)) = all().find(|(_, column)| column.trim() == name) {
        return Ok(place);
    }
    let mut begin = all().filter(|(_, column)| column.trim().starts_with(name));
    match (begin.next(), begin.next()) {
        (Some((place, _)), None) => Ok(place),
        (Some(_), Some(_)) => Err(format!("several columns begin with `{name}`")),
        (None, _) => {
            let names: Vec<&str> = header.iter().map(|name| name.trim()).collect();
            let names = names.join("`, `");
            Err(format!("there is no column `{name}`; there are `{names}`"))
        }
    }
}
