//! The hyperparameters of the paper and of the authors' code, by name.

use super::SearchConfig;
use crate::diagnostic::suggest::did_you_mean;

/// A recipe that is part of the program: for a search, and for the final training of
/// what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// By which `--recipe` finds it.
    pub name: &'static str,
    /// A recipe in TOML whose first line says what it is.
    pub text: &'static str,
}

macro_rules! presets {
    ($($name:literal),* $(,)?) => {
        &[$(Preset {
            name: $name,
            text: include_str!(concat!("presets/", $name, ".toml")),
        }),*]
    };
}

impl Preset {
    /// All of them.
    pub const ALL: &[Self] = presets![
        "enas-macro-paper",
        "enas-macro-official",
        "enas-micro-paper",
        "enas-micro-official",
        "enas-rnn-paper",
        "enas-rnn-official",
        "enas-rnn-lm-official",
    ];

    /// The preset of a name; of a name without a space in it (`paper`), the one that
    /// `space` has of it: for `enas_macro` and `enas_macro_final` it is
    /// `enas-macro-paper`.
    ///
    /// # Errors
    /// When there is none; says which there are.
    pub fn find(name: &str, space: &str) -> Result<&'static Self, String> {
        let of = space.trim_end_matches("_final").replace('_', "-");
        let of_space = format!("{of}-{name}");
        let is = |preset: &&Self| preset.name == name || preset.name == of_space;
        Self::ALL.iter().find(is).ok_or_else(|| {
            let known = Self::ALL.iter().map(|preset| preset.name);
            let help = did_you_mean(name, known).unwrap_or_else(|| {
                "`enasc recipe list` prints those there are; a file is named with its ending"
                    .to_owned()
            });
            let ends = |preset: &Self| {
                let rest = preset.name.strip_suffix(name);
                rest.is_some_and(|rest| rest.ends_with('-'))
            };
            if Self::ALL.iter().any(ends) {
                format!("the space `{space}` has no recipe `{name}` of its own; {help}")
            } else {
                format!("there is no recipe `{name}`; {help}")
            }
        })
    }

    /// What it is, in a sentence.
    #[must_use]
    pub fn about(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.trim_start_matches(['#', ' '])
    }

    /// All hyperparameters with those of the preset.
    ///
    /// # Errors
    /// Never for those of [`Preset::ALL`], which are tested.
    pub fn resolve(&self, config: &SearchConfig) -> Result<SearchConfig, String> {
        config.with_text(self.name, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Task;

    #[test]
    fn every_preset_resolves_to_the_same_from_all_defaults() {
        let text = SearchConfig::of(Task::LanguageModel { vocab: 10 });
        for preset in Preset::ALL {
            let resolved = preset.resolve(&SearchConfig::default());
            assert_eq!(resolved, preset.resolve(&text), "{}", preset.name);
            assert!(resolved.is_ok(), "{resolved:?}");
            assert!(preset.about().ends_with('.'), "{}", preset.about());
        }
    }

    #[test]
    fn short_names_are_those_of_the_space() {
        let find = |name, space| Preset::find(name, space).map(|preset| preset.name);
        assert_eq!(find("paper", "enas_macro"), Ok("enas-macro-paper"));
        assert_eq!(find("official", "enas_rnn_lm"), Ok("enas-rnn-lm-official"));
        assert_eq!(find("official", "enas_rnn_final"), Ok("enas-rnn-official"));
        assert_eq!(find("enas-rnn-paper", "mine"), Ok("enas-rnn-paper"));
        assert_eq!(
            find("paper", "tiny").unwrap_err(),
            "the space `tiny` has no recipe `paper` of its own; `enasc recipe list` prints those there are; a file is named with its ending"
        );
        assert_eq!(
            find("enas-rnn-papr", "tiny").unwrap_err(),
            "there is no recipe `enas-rnn-papr`; did you mean `enas-rnn-paper`?"
        );
    }
}
