//! The formatter: what it writes, and that it changes nothing but the layout.

use enasc::diagnostic::Diagnostics;
use enasc::source::SourceMap;
use enasc::syntax::{format, print};
use proptest::prelude::*;
use proptest::sample::{Index as AnyIndex, select};

use crate::front_end_props::file;
use crate::syntax::{examples, read, without_spans};

/// A text in its layout; nothing where it has errors.
pub fn formatted(text: &str) -> Option<String> {
    let mut sources = SourceMap::default();
    let id = sources.add("test.enas", text);
    format::format(sources.get(id).unwrap(), &mut Diagnostics::default())
}

#[test]
fn every_shipped_space_is_formatted() {
    for (path, text) in examples() {
        let after = formatted(&text).unwrap();
        assert_eq!(text, after, "run `enasc fmt {}`", path.display());
    }
}

#[test]
fn a_text_with_errors_has_no_layout() {
    assert_eq!(formatted("op f(x = x\n"), None);
    assert_eq!(formatted("const N = 1 == 2 == 3\n"), None);
}

/// Texts and their layout, one subject a case.
const CASES: &[(&str, &str)] = &[
    ("", ""),
    ("\n// only\n\n\n", "// only\n"),
    // Blanks, numbers and parentheses as written.
    (
        "const  A=[ 10_000,5M ,20% , ((a+b))*-c , not(x) ]",
        "const A = [10_000, 5M, 20%, ((a + b)) * -c, not (x)]\n",
    ),
    (
        "op f(x:[c,h,w,],k:int=3)->[ c,h , w ]=x|>conv(k)@per( k )[ .. 2 ].a",
        "op f(x: [c, h, w], k: int = 3) -> [c, h, w] = x |> conv(k) @per(k)[..2].a\n",
    ),
    // Blank lines: one is kept, several are one, none at the ends of a body.
    (
        "space s {\n\n\ninput x: [1]\n\n\n\noutput y: [1]\ny = x\n\n}\n\n\nconst A = 1\n",
        "space s {\n  input  x: [1]\n\n  output y: [1]\n  y = x\n}\n\nconst A = 1\n",
    ),
    // A body of one statement stays where the author put it; no line has two.
    (
        "block f(x) { for i in 0..3 { x = g(x) } if a {\n x = b } else { x = c } return x }",
        "\
block f(x) {
  for i in 0..3 { x = g(x) }
  if a {
    x = b
  } else {
    x = c
  }
  return x
}
",
    ),
    // Lists that do not fit have an element a line; the author's rows stay.
    (
        "ops A = { one: conv(3, stride = 2), two: conv(5, stride = 2), three: conv(7, stride = 2), id, relu, bn }",
        "\
ops A = {
  one: conv(3, stride = 2),
  two: conv(5, stride = 2),
  three: conv(7, stride = 2),
  id,
  relu,
  bn,
}
",
    ),
    (
        "ops A = { a: x, b: y,\nc: z }\nconst B = [\n  1, 2,\n\n  3,4 ]\nconst C = [1,\n  2,\n]",
        "\
ops A = {
  a: x, b: y,
  c: z,
}
const B = [
  1, 2,

  3, 4,
]
const C = [1, 2]
",
    ),
    (
        "op f(x) = g([\n1, 2])\nop h(x) = choose {\nleaf: a,\ntwo: b }\n",
        "op f(x) = g([\n  1, 2,\n])\nop h(x) = choose {\n  leaf: a,\n  two: b,\n}\n",
    ),
    // Chains break before the loosest operators, or where the author did.
    (
        "op f(x) = x |> conv_of_a_long_name(3, stride = 2) or conv_of_a_long_name(3) |> another_long_name |> relu",
        "\
op f(x)
  = x |> conv_of_a_long_name(3, stride = 2) or conv_of_a_long_name(3) |> another_long_name |> relu
",
    ),
    (
        "op f(x) {\nreturn x |> relu |>\nconv(3) |> bn\n|> gap }",
        "op f(x) {\n  return x |> relu\n    |> conv(3) |> bn\n    |> gap\n}\n",
    ),
    // Annotations stand behind the bracket of what is broken, or in their own line.
    (
        "\
block f(x) {
  let p = pick 1 of concat(a_list_of_a_long_name[..l], another_list_of_a_long_name[..l], a_third[..l]) @near(6)
  return choose Layer @bias(conv3 = 0.125, conv5 = 0.125, conv7 = 0.125, pool = -0.125, skip = -0.125)
}
",
        "\
block f(x) {
  let p = pick 1 of concat(
    a_list_of_a_long_name[..l],
    another_list_of_a_long_name[..l],
    a_third[..l],
  ) @near(6)
  return choose Layer
    @bias(conv3 = 0.125, conv5 = 0.125, conv7 = 0.125, pool = -0.125, skip = -0.125)
}
",
    ),
    // Comments: aligned ones stay aligned, others stand two blanks behind the code.
    (
        "const A = 1      // one\nconst  BCD = 2   // two\nconst E = 3 // three\n",
        "const A = 1      // one\nconst BCD = 2    // two\nconst E = 3  // three\n",
    ),
    (
        "\
// head


// of the file
op f( // x
  x // the input
  , k: int /// odd
  // last
) // head
{ // begin
  if k == 1 { return x } // then

  // before else
  else { // in else
    return g(x, // first
      k) + // sum
      x
    // end of else
  }
  // end of body
}
// end of file
",
        "\
// head

// of the file
op f(  // x
  x,  // the input
  k: int,  /// odd
  // last
) {  // head
  // begin
  if k == 1 {
    return x
  }  // then
  // before else
  else {  // in else
    return g(
      x,  // first
      k,
    )  // sum
      + x
    // end of else
  }
  // end of body
}
// end of file
",
    ),
    // Lines end as the author's do; a mark of the byte order is dropped.
    (
        "\u{feff}const A=1 // x\r\n\r\n\r\nconst B=2\r\n",
        "const A = 1  // x\r\n\r\nconst B = 2\r\n",
    ),
];

#[test]
fn the_layout_is_what_the_cases_say() {
    for (before, expected) in CASES {
        let after = formatted(before).unwrap_or_else(|| panic!("{before}"));
        assert_eq!(&after, expected, "of {before}");
        check(before);
    }
}

/// The comments of a text, in order.
fn comments(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.split('\n') {
        let mut is_text = false;
        let mut previous = ' ';
        for (at, c) in line.char_indices() {
            is_text ^= c == '"';
            if !is_text && previous == '/' && c == '/' {
                found.push(line[at - 1..].trim_end().to_owned());
                break;
            }
            previous = c;
        }
    }
    found
}

/// Formatting keeps the tree and the comments, and done twice is done once.
fn check(text: &str) {
    let (tree, diagnostics) = read(text);
    assert!(diagnostics.is_empty(), "{text}\n{diagnostics:?}");
    let after = formatted(text).unwrap();
    let (again, diagnostics) = read(&after);
    assert!(diagnostics.is_empty(), "{text}\n{after}\n{diagnostics:?}");
    assert_eq!(
        without_spans(&tree),
        without_spans(&again),
        "{text}\n{after}"
    );
    assert_eq!(comments(text), comments(&after), "{text}\n{after}");
    assert_eq!(formatted(&after).unwrap(), after, "{text}");
    for line in after.lines() {
        assert!(!line.ends_with(' '), "{after}");
    }
    assert!(!after.contains("\n\n\n"), "{after}");
}

/// Where something may be put between two tokens of a text.
fn gaps(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let at = |nth: usize| bytes.get(nth).copied().unwrap_or(b' ');
    let mut found = vec![0, text.len()];
    let (mut is_text, mut is_comment) = (false, false);
    for (nth, &byte) in bytes.iter().enumerate() {
        is_text ^= byte == b'"' && !is_comment;
        is_comment |= !is_text && byte == b'/' && at(nth + 1) == b'/';
        is_comment &= byte != b'\n';
        if is_text || is_comment {
            continue;
        }
        match byte {
            b' ' | b'\n' => found.push(nth),
            b'(' | b')' | b'[' | b']' | b'{' | b'}' | b',' => found.extend([nth, nth + 1]),
            b':' if at(nth + 1) != b':' && (nth == 0 || at(nth - 1) != b':') => {
                found.extend([nth, nth + 1]);
            }
            b'.' if at(nth + 1) == b'.' => found.push(nth),
            b'@' => found.extend([nth, nth + 1]),
            _ => {}
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// What an author may put between two tokens.
fn filler() -> impl Strategy<Value = String> {
    let blanks = select(&["\n", "\n\n", "\n\n\n\n", " ", "\t", "\r\n", "      "][..]);
    let comment = "[^\n]{0,12}".prop_map(|text| format!("//{text}\n"));
    prop_oneof![
        1 => blanks.clone().prop_map(str::to_owned),
        1 => comment.clone().prop_map(|comment| format!(" {comment}")),
        1 => (blanks, comment).prop_map(|(blanks, comment)| format!("{blanks}{comment}")),
    ]
}

/// A text with fillers between its tokens.
fn filled(text: &str, fillers: &[(AnyIndex, String)]) -> String {
    let gaps = gaps(text);
    let mut inserted: Vec<(usize, &str)> = fillers
        .iter()
        .map(|(at, filler)| (*at.get(&gaps), filler.as_str()))
        .collect();
    inserted.sort_by_key(|(at, _)| *at);
    let mut out = String::new();
    let mut start = 0;
    for (at, filler) in inserted {
        out.push_str(&text[start..at]);
        out.push_str(filler);
        start = at;
    }
    out.push_str(&text[start..]);
    out
}

proptest! {
    #[test]
    fn formatting_keeps_the_tree_and_every_comment(
        file in file(),
        fillers in proptest::collection::vec((any::<AnyIndex>(), filler()), 0..30),
    ) {
        check(&filled(&print::print(&file), &fillers));
    }

}

proptest! {
    // The examples are long.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn formatting_an_example_keeps_it(
        which in any::<AnyIndex>(),
        fillers in proptest::collection::vec((any::<AnyIndex>(), filler()), 0..30),
    ) {
        let examples = examples();
        check(&filled(&which.get(&examples).1, &fillers));
    }
}
