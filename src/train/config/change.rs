//! Changing some hyperparameters of many: parts of a `config.json`, and single
//! values by their path.

use serde_json::{Map, Value, json};

use super::SearchConfig;
use crate::diagnostic::suggest::did_you_mean;

impl SearchConfig {
    /// These hyperparameters with the values that `changes` has: an object of the
    /// form of `config.json`, in which anything may be left out.
    ///
    /// # Errors
    /// When it has a name that there is not, or a value of another kind.
    pub fn with(&self, changes: &Value) -> Result<Self, String> {
        let mut all = serde_json::to_value(self).map_err(|why| why.to_string())?;
        merge("", &mut all, changes)?;
        serde_json::from_value(all).map_err(|why| why.to_string())
    }

    /// These hyperparameters with one changed, by its path (`shared.batch`) and the
    /// text of its value (JSON, or a plain word).
    ///
    /// # Errors
    /// As [`SearchConfig::with`].
    pub fn with_one(&self, path: &str, value: &str) -> Result<Self, String> {
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        let changes = path.rsplit('.').fold(value, |inner, name| {
            let mut outer = Map::new();
            outer.insert(name.to_owned(), inner);
            Value::Object(outer)
        });
        self.with(&changes).map_err(|why| {
            // What serde says of a value does not name it.
            if why.contains(path) {
                why
            } else {
                format!("{path}: {why}")
            }
        })
    }
}

/// Objects whose names the user gives: dropout sites.
const OPEN: &str = "dropout";

fn merge(path: &str, all: &mut Value, changes: &Value) -> Result<(), String> {
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
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        if let Some(value) = all.get_mut(name) {
            merge(&path, value, change)?;
        } else if path.ends_with(&format!("{OPEN}.{name}")) {
            all.insert(name.clone(), change.clone());
        } else {
            let help = did_you_mean(name, all.keys().map(String::as_str));
            let help = help.map(|help| format!("; {help}")).unwrap_or_default();
            return Err(format!("there is no hyperparameter `{path}`{help}"));
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
        let refused = |path, value| SearchConfig::default().with_one(path, value).unwrap_err();
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
