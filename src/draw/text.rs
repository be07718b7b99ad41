//! How wide text is. A picture does not know which font its reader has: widths are those of a
//! wide font without serifs, wider than Helvetica and Arial.

/// The size of a font whose widths are measured; pixels.
pub(super) const SIZE: f64 = 11.0;
/// How much wider bold text is.
const BOLD: f64 = 1.12;

/// The width of a line in pixels.
pub(super) fn width(text: &str) -> f64 {
    text.chars().map(character).sum::<f64>() * SIZE
}

/// The width of a line in bold.
pub(super) fn bold(text: &str) -> f64 {
    width(text) * BOLD
}

/// In units of the font's size.
fn character(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | 'I' | '\'' | '|' => 0.34,
        ' ' | '.' | ',' | ':' | ';' | '/' | '(' | ')' | '[' | ']' | 'f' | 't' | 'r' | '-' => 0.42,
        's' | 'c' | 'k' | 'v' | 'x' | 'y' | 'z' | '_' => 0.6,
        'w' | 'A'..='L' | 'N'..='V' | 'X'..='Z' | '=' | '<' | '>' | '+' | '#' | '~' => 0.84,
        'm' | 'M' | 'W' | '@' | '%' => 1.0,
        '\0'..='\x7f' => 0.65,
        _ => 1.0,
    }
}

/// The text, or as much of its beginning as fits into so many characters.
pub(super) fn short(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let start: String = text.chars().take(longest.saturating_sub(3)).collect();
    format!("{start} ..")
}

/// The lines of a text of which none has more characters, but for longer words.
pub(super) fn wrapped(text: &str, longest: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= longest => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
