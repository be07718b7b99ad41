//! Small changes of a text.

use rand::Rng;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

use crate::front_end_props::{PIECES, pieces};

/// Numbers that are near a limit.
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "7",
    "64",
    "255",
    "4096",
    "65536",
    "1000000",
    "1000000000",
    "2147483647",
    "4294967296",
    "9007199254740993",
    "4611686018427387904",
    "9223372036854775807",
    "9223372036854775808",
    "0.0",
    "0.5",
    "1e308",
    "1e-300",
    "100%",
    "9999999G",
];

/// Whole constructs to be put somewhere.
const SNIPPETS: &[&str] = &[
    "(choose {relu, tanh})(x)",
    "choose 1..=4",
    "choose [true, false]",
    "choose [2, 4, 8]",
    "pick any of [x, x]",
    "pick 1 of [x, x]",
    "pick 1..=2 of 0..4",
    "sum(for i in 0..3: relu(x))",
    "[for i in 0..4 if i > 1: i]",
    "if choose [true, false] { x = relu(x) }",
    "for i in 0..choose 1..=3 { x = conv(x, 3) }",
    "let k = choose 0..=3\n",
    "nodes t = [x]\n",
    "nodes t[i in 1..4] { t[i] = relu(t[i - 1]) }\n",
    "require params <= 1M\n",
    "require flops <= 1G and params > 0\n",
    "loose(t)",
    " @per(k)",
    " @near(3)",
    " |> conv(3) |> bn",
    "const N = 3\n",
    "use std::vision.{conv_bn, head}\n",
    "“é\u{200b}𝄞",
    "\u{feff}",
    "\0",
];

/// `n` changes of a text.
pub fn mutate(text: String, n: usize, corpus: &[String], rng: &mut ChaCha8Rng) -> String {
    (0..n).fold(text, |text, _| match rng.random_range(0..4) {
        0 => in_lines(&text, corpus, rng),
        _ => in_pieces(&text, corpus, rng),
    })
}

fn in_lines(text: &str, corpus: &[String], rng: &mut ChaCha8Rng) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    if lines.is_empty() {
        return text.to_owned();
    }
    let (a, b) = (index(lines.len(), rng), index(lines.len(), rng));
    match rng.random_range(0..5) {
        0 => {
            lines.remove(a);
        }
        1 => lines.swap(a, b),
        2 => lines.insert(b, lines[a]),
        3 => {
            let times = *[2, 10, 100].choose(rng).unwrap_or(&2);
            lines.splice(a..a, vec![lines[a]; times]);
        }
        _ => {
            let other = corpus.choose(rng).map_or("", String::as_str);
            let other: Vec<&str> = other.split_inclusive('\n').collect();
            lines.splice(a..a, part(&other, rng).iter().copied());
        }
    }
    lines.concat()
}

fn in_pieces(text: &str, corpus: &[String], rng: &mut ChaCha8Rng) -> String {
    let mut parts = pieces(text);
    let at = index(parts.len(), rng);
    let end = at + index(parts.len() - at, rng).min(12);
    match rng.random_range(0..12) {
        0 => {
            parts.remove(at);
        }
        1 => parts.insert(at, parts[at]),
        2 => {
            let other = index(parts.len(), rng);
            parts.swap(at, other);
        }
        3 => parts.insert(at, PIECES.choose(rng).unwrap_or(&"x")),
        4 => parts.insert(at, SNIPPETS.choose(rng).unwrap_or(&"x")),
        5 => parts.truncate(at),
        6 => {
            let other = corpus.choose(rng).map_or("", String::as_str);
            let other = pieces(other);
            parts.splice(at..end, part(&other, rng).iter().copied());
        }
        // Another number, or another name of the file, where there is one.
        7 => {
            let numbers = places(&parts, |c| c.is_ascii_digit());
            if let Some(&place) = numbers.choose(rng) {
                parts[place] = NUMBERS.choose(rng).unwrap_or(&"0");
            }
        }
        8 => {
            let names = places(&parts, |c| c.is_ascii_alphabetic());
            if let (Some(&a), Some(&b)) = (names.choose(rng), names.choose(rng)) {
                parts[a] = parts[b];
            }
        }
        // Deeper, or longer.
        9 => {
            let (open, close) = *[
                ("(", ")"),
                ("[", "]"),
                ("{", "}"),
                ("relu(", ")"),
                ("(choose { a: ", ", b: x })"),
                ("if choose [true, false] {", "}\n"),
                ("for i in 0..9 {", "}\n"),
            ]
            .choose(rng)
            .unwrap_or(&("(", ")"));
            let times = *[1, 3, 30, 300].choose(rng).unwrap_or(&1);
            parts.splice(end..end, vec![close; times]);
            parts.splice(at..at, vec![open; times]);
        }
        10 => {
            let times = *[3, 30, 300].choose(rng).unwrap_or(&3);
            let run = parts[at..end].to_vec();
            parts.splice(at..at, run.repeat(times));
        }
        _ => {
            let cut = parts[at].char_indices().map(|(at, _)| at).next_back();
            parts[at] = &parts[at][..cut.unwrap_or(0)];
        }
    }
    parts.concat()
}

/// A short run of parts.
fn part<'a, 'b>(parts: &'b [&'a str], rng: &mut ChaCha8Rng) -> &'b [&'a str] {
    let start = index(parts.len(), rng);
    let end = start + index(parts.len() - start, rng).min(20);
    &parts[start..end]
}

/// A place among `n`; 0 where there is none.
fn index(n: usize, rng: &mut ChaCha8Rng) -> usize {
    if n == 0 { 0 } else { rng.random_range(0..n) }
}

fn places(parts: &[&str], first: impl Fn(char) -> bool) -> Vec<usize> {
    let is_wanted = |part: &&str| part.chars().next().is_some_and(&first);
    let parts = parts.iter().enumerate();
    parts
        .filter(|(_, part)| is_wanted(part))
        .map(|(place, _)| place)
        .collect()
}
