//! `table:FILE.csv[,map=FILE.toml][,score=COLUMN]`: how a user names a table.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::TableError;

/// Which table, and how it is read.
///
/// ```
/// use enasc::table::TableSpec;
/// let spec: TableSpec = "table:results.csv,score=valid".parse()?;
/// assert_eq!(spec.score.as_deref(), Some("valid"));
/// assert_eq!(spec.to_string(), "table:results.csv,score=valid");
/// # Ok::<(), enasc::table::TableError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSpec {
    /// The table.
    pub path: PathBuf,
    /// Which columns say what; without a map, columns are named as decisions are.
    pub map: Option<PathBuf>,
    /// The column of the score; overrides the map.
    pub score: Option<String>,
}

impl FromStr for TableSpec {
    type Err = TableError;

    fn from_str(text: &str) -> Result<Self, TableError> {
        let none = || TableError::Spec(text.to_owned());
        let rest = text.strip_prefix("table:").ok_or_else(none)?;
        let mut parts = rest.split(',');
        let path = parts.next().filter(|path| !path.is_empty());
        let mut spec = Self {
            path: path.ok_or_else(none)?.into(),
            map: None,
            score: None,
        };
        for part in parts {
            match part.split_once('=') {
                Some(("map", path)) if !path.is_empty() => spec.map = Some(path.into()),
                Some(("score", column)) if !column.is_empty() => {
                    spec.score = Some(column.to_owned());
                }
                _ => return Err(none()),
            }
        }
        Ok(spec)
    }
}

impl fmt::Display for TableSpec {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "table:{}", self.path.display())?;
        if let Some(map) = &self.map {
            write!(f, ",map={}", map.display())?;
        }
        if let Some(score) = &self.score {
            write!(f, ",score={score}")?;
        }
        Ok(())
    }
}
