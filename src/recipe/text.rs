//! Recipes as text: TOML, or JSON as a run's `config.json` has it.

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::SearchConfig;

impl SearchConfig {
    /// These hyperparameters with those of a recipe: the text of a TOML file, or of a
    /// run's `config.json`, in which anything may be left out.
    ///
    /// # Errors
    /// When the text is neither, or says what [`SearchConfig::with`] refuses; in one
    /// sentence that begins with the file and, of TOML, the line.
    pub fn with_text(&self, file: &str, text: &str) -> Result<Self, String> {
        let is_json = is_json(text);
        let changes = values(file, text)?;
        self.with(&changes).map_err(|refused| {
            let place = refused.path.as_deref().filter(|_| !is_json);
            match place.and_then(|path| line_of(text, path)) {
                Some(line) => format!("{file}:{line}: {refused}"),
                None => format!("{file}: {refused}"),
            }
        })
    }

    /// All of them as TOML.
    ///
    /// # Errors
    /// When TOML has no such number: it has no integers above 2⁶³.
    pub fn to_toml(&self) -> Result<String, String> {
        toml::to_string(self).map_err(|why| why.to_string())
    }
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// What a recipe says, as an object of objects: of TOML or JSON, unchecked.
///
/// # Errors
/// When the text is neither; in one sentence that begins with the file.
pub fn values(file: &str, text: &str) -> Result<Value, String> {
    if is_json(text) {
        return json(text).map_err(|why| format!("{file} is no JSON: {why}"));
    }
    toml::from_str(text).map_err(|why| {
        let start = why.span().map_or(0, |span| span.start);
        let words = why.message().trim_end_matches('.');
        format!("{file}:{}: {words}", line(text, start))
    })
}

fn json(text: &str) -> Result<Value, serde_json::Error> {
    let mut value: Value = serde_json::from_str(text)?;
    // A config.json states its schema version, which is no hyperparameter.
    if let Some(object) = value.as_object_mut() {
        object.shift_remove("schema");
    }
    Ok(value)
}

/// The line of a byte, from 1.
fn line(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    1 + before.filter(|&&byte| byte == b'\n').count()
}

/// The line where a path, or what the text has of its beginning, is set.
fn line_of(text: &str, path: &str) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let mut table = root.get_ref();
    let mut found = None;
    for name in path.split('.') {
        let Some((key, value)) = table.get_key_value(name) else {
            break;
        };
        found = Some(key.span().start);
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    found.map(|at| line(text, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        let why = SearchConfig::default().with_text("my.toml", text);
        assert_eq!(why.unwrap_err(), expected);
    }

    #[test]
    fn a_part_in_toml_changes_what_it_names() {
        let text = "# smaller\n[shared]\nepochs = 3\nschedule = { kind = \"constant\", lr = 1 }\n
            [retrain.model.dropout]\nhead = 0.5\n";
        let config = SearchConfig::default().with_text("my.toml", text).unwrap();
        assert_eq!(config.shared.epochs, 3);
        assert!((config.shared.lr(2.0) - 1.0).abs() < 1e-12);
        assert!((config.retrain.model.rate("head") - 0.5).abs() < 1e-12);
    }

    #[test]
    fn all_of_it_is_written_and_read_again() {
        let mut config = SearchConfig::default();
        config.shared.model.init = crate::recipe::Init::Uniform { bound: 0.04 };
        config.controller.network.table_bias = vec![10.0, 0.0];
        config.retrain.model.dropout.insert("x".to_owned(), 0.25);
        let text = config.to_toml().unwrap();
        let again = SearchConfig::default().with_text("all.toml", &text);
        assert_eq!(again, Ok(config.clone()));
        let json = serde_json::to_string(&config).unwrap();
        let json = json.replacen('{', "{\"schema\": 1, ", 1);
        let again = SearchConfig::default().with_text("config.json", &json);
        assert_eq!(again, Ok(config));
    }

    #[test]
    fn mistakes_are_answered_where_they_stand() {
        refused(
            "[shared]\nbatch = 64\n\n[shared.sgd]\nmomentun = 0.9\n",
            "my.toml:5: there is no hyperparameter `shared.sgd.momentun`; did you mean `momentum`?",
        );
        refused(
            "[shared]\nepochs = 2\n[retrain]\nbatch = \"many\"\n",
            "my.toml:4: retrain.batch: invalid type: string \"many\", expected usize",
        );
        refused(
            "[shared]\nepochs == 2\n",
            "my.toml:2: extra `=`, expected nothing",
        );
        let json = "{\"shared\": {\"bach\": 1}}";
        refused(
            json,
            "my.toml: there is no hyperparameter `shared.bach`; did you mean `batch`?",
        );
    }
}
