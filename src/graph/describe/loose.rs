//! The elements of an architecture that no other reads, and what becomes of them.

use serde::Serialize;

use super::{Body, Line, Part};

/// The loose ends of a network or of a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LooseEnds {
    /// The elements: `Cell.h[2]`, `Cell.h[3]`.
    pub elements: Vec<String>,
    /// What one operation makes of all of them, if one does.
    pub how: Option<Joined>,
}

/// How values are made one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Joined {
    /// By their mean.
    Averaged,
    /// By their sum.
    Summed,
    /// One after the other.
    Concatenated,
}

impl Joined {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Averaged => "averaged",
            Self::Summed => "summed",
            Self::Concatenated => "concatenated",
        }
    }
}

/// The loose ends of a network that was described: of each part that has some. The first
/// part is the network, whose elements have no name before their own.
#[must_use]
pub fn loose_ends(parts: &[Part]) -> Vec<LooseEnds> {
    let of_part = |(place, part): (usize, &Part)| {
        let Body::Lines(lines) = &part.body else {
            return None;
        };
        let loose = lines.iter().filter(|line| line.loose);
        let names: Vec<&str> = loose.map(|line| line.name.as_str()).collect();
        if names.is_empty() {
            return None;
        }
        let full = |name: &&str| match place {
            0 => (*name).to_owned(),
            _ => format!("{}.{name}", part.name),
        };
        Some(LooseEnds {
            elements: names.iter().map(full).collect(),
            how: lines.iter().find_map(|line| joined(line, &names)),
        })
    };
    parts.iter().enumerate().filter_map(of_part).collect()
}

/// What a line makes of all of these values at once.
fn joined(line: &Line, names: &[&str]) -> Option<Joined> {
    let has_all = |values: &[&str]| names.iter().all(|name| values.contains(name));
    for (function, how) in [
        ("mean(", Joined::Averaged),
        ("concat(", Joined::Concatenated),
    ] {
        for (start, _) in line.value.match_indices(function) {
            let arguments = line.value.get(start + function.len()..)?;
            let arguments = until_closed(arguments);
            if has_all(&arguments.split(", ").collect::<Vec<_>>()) {
                return Some(how);
            }
        }
    }
    let inner = line.value.split_once('(').map_or("", |(_, inner)| inner);
    let sums = [line.value.as_str(), until_closed(inner)];
    let is_sum = |sum: &&str| sum.contains(" + ") && has_all(&sum.split(" + ").collect::<Vec<_>>());
    sums.iter().any(is_sum).then_some(Joined::Summed)
}

/// A text before the parenthesis that nothing in it opens.
fn until_closed(text: &str) -> &str {
    let mut depth = 0u32;
    let end = text.char_indices().find(|&(_, letter)| match letter {
        '(' => {
            depth += 1;
            false
        }
        ')' if depth == 0 => true,
        ')' => {
            depth -= 1;
            false
        }
        _ => false,
    });
    end.map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}
