//! Records of comma-separated values (RFC 4180, one record a line).

/// The records with the number of their line, from 1; empty lines are none.
pub(super) fn records(text: &str) -> impl Iterator<Item = (usize, Vec<String>)> + '_ {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = (1..).zip(text.lines());
    let full = lines.filter(|(_, line)| !line.trim().is_empty());
    full.map(|(number, line)| (number, cells(line)))
}

fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // Two quotes within quotes are one.
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                push(&mut cells, '"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => push(&mut cells, c),
        }
    }
    cells
}

fn push(cells: &mut [String], c: char) {
    if let Some(last) = cells.last_mut() {
        last.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_commas_and_quotes() {
        let text = "\u{feff}a,b\r\n\n\"1,2\",\"say \"\"x\"\"\"\n";
        let read: Vec<_> = records(text).collect();
        let words = |words: [&str; 2]| words.map(str::to_owned).to_vec();
        assert_eq!(
            read,
            [(1, words(["a", "b"])), (3, words(["1,2", "say \"x\""]))]
        );
    }
}
