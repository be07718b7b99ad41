//! Changing some hyperparameters of many: parts of the tree, and single values by
//! their path.

use std::fmt;

use serde_json::{Map, Value, json};

use super::SearchConfig;
use crate::diagnostic::suggest::did_you_mean;

/// Why hyperparameters cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which of them, where one is to blame: `shared.batch`.
    pub path: Option<String>,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            // What serde says of a value does not name it.
            Some(path) if !self.why.contains(path) => write!(f, "{path}: {}", self.why),
            _ => f.write_str(&self.why),
        }
    }
}

impl std::error::Error for Refused {}

impl SearchConfig {
    /// These hyperparameters with the values that `changes` has: an object of the
    /// form of `config.json`, in which anything may be left out.
    ///
    /// # Errors
    /// When it has a name that there is not, or a value of another kind.
    pub fn with(&self, changes: &Value) -> Result<Self, Refused> {
        self.changed(changes).map_err(|refused| Refused {
            path: refused.path.or_else(|| self.culprit("", changes)),
            ..refused
        })
    }

    /// These hyperparameters with one changed, by its path (`shared.batch`) and the
    /// text of its value (JSON, or a plain word).
    ///
    /// # Errors
    /// As [`SearchConfig::with`].
    pub fn with_one(&self, path: &str, value: &str) -> Result<Self, Refused> {
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        self.with(&nested(path, value)).map_err(|refused| Refused {
            path: refused.path.or_else(|| Some(path.to_owned())),
            ..refused
        })
    }

    fn changed(&self, changes: &Value) -> Result<Self, Refused> {
        let other = |why: serde_json::Error| Refused {
            path: None,
            why: why.to_string(),
        };
        let mut all = serde_json::to_value(self).map_err(other)?;
        merge("", &mut all, changes)?;
        serde_json::from_value(all).map_err(other)
    }

    /// The path of the first change that is refused by itself.
    fn culprit(&self, path: &str, changes: &Value) -> Option<String> {
        let Value::Object(inner) = changes else {
            return None;
        };
        inner.iter().find_map(|(name, change)| {
            let path = join(path, name);
            self.changed(&nested(&path, change.clone())).err()?;
            Some(self.culprit(&path, change).unwrap_or(path))
        })
    }
}

/// `a.b` and a value as `{"a": {"b": value}}`.
fn nested(path: &str, value: Value) -> Value {
    path.rsplit('.').fold(value, |inner, name| {
        let mut outer = Map::new();
        outer.insert(name.to_owned(), inner);
        Value::Object(outer)
    })
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// Objects whose names the user gives: dropout sites.
const OPEN: &str = "dropout";

fn merge(path: &str, all: &mut Value, changes: &Value) -> Result<(), Refused> {
    let (Value::Object(all), Value::Object(changes)) = (&mut *all, changes) else {
        all.clone_from(changes);
        return Ok(());
    };
    // Another kind of schedule has other fields.
    if changes.contains_key("kind") && changes.get("kind") != all.get("kind") {
        all.clone_from(changes);
        return Ok(());
    }
    for (name, change) in changes {
        let path = join(path, name);
        if let Some(value) = all.get_mut(name) {
            merge(&path, value, change)?;
        } else if path.ends_with(&format!("{OPEN}.{name}")) {
            all.insert(name.clone(), change.clone());
        } else {
            let help = did_you_mean(name, all.keys().map(String::as_str));
            let help = help.map(|help| format!("; {help}")).unwrap_or_default();
            return Err(Refused {
                why: format!("there is no hyperparameter `{path}`{help}"),
                path: Some(path),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_changes_what_it_names() {
        let before = SearchConfig::default();
        let after = before
            .with(&json!({"retrain": {"epochs": 3}, "run": {"seed": 7}}))
            .unwrap();
        let mut expected = before;
        expected.retrain.epochs = 3;
        expected.run.seed = 7;
        assert_eq!(after, expected);
    }

    #[test]
    fn one_value_changes_by_its_path() {
        let config = SearchConfig::default()
            .with_one("shared.batch", "64")
            .and_then(|c| c.with_one("retrain.model.dropout.head", "0.5"))
            .and_then(|c| c.with_one("shared.schedule", r#"{"kind": "constant", "lr": 0.1}"#))
            .unwrap();
        assert_eq!(config.shared.batch, 64);
        let dropout = serde_json::to_value(&config.retrain.model.dropout).unwrap();
        assert_eq!(dropout, json!({"head": 0.5}));
        assert!((config.shared.lr(3.0) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn unknown_names_and_wrong_kinds_are_refused() {
        let refused = |path, value| {
            let refused = SearchConfig::default().with_one(path, value);
            refused.unwrap_err().to_string()
        };
        assert_eq!(
            refused("shared.bach", "1"),
            "there is no hyperparameter `shared.bach`; did you mean `batch`?"
        );
        let message = refused("shared.batch", "many");
        assert!(message.starts_with("shared.batch: "), "{message}");
        let message = refused("shared.batch", "-1");
        assert!(message.starts_with("shared.batch: "), "{message}");
    }
}
