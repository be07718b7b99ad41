//! Habits from other languages, and what to write here instead.

use super::token::{Kind, Token};

/// What to say of something that the language does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::syntax) struct Foreign {
    pub message: &'static str,
    pub help: &'static str,
    /// What is written in its place, where that is certain.
    pub instead: Option<&'static str>,
}

/// What strings begin with elsewhere.
pub(super) const QUOTES: [char; 7] = [
    '\'', '`', '\u{201c}', '\u{201d}', '\u{201e}', '\u{ab}', '\u{bb}',
];

/// For a token that the lexer does not know.
pub(super) fn foreign(token: &str) -> Option<Foreign> {
    let (message, help) = match token {
        "&&" | "&" => ("there is no `&` and no `&&`", "the operator is `and`"),
        "||" | "|" => (
            "there is no `|` and no `||`",
            "the operator is `or`; a pipe is `|>`",
        ),
        "!" => ("there is no `!`", "the operator is `not`; unequal is `!=`"),
        ";" => (
            "there is no `;`",
            "the next statement simply begins; take it out",
        ),
        "?" | "??" => (
            "there is no `?`",
            "a choice between two values is `if c { a } else { b }`",
        ),
        "^" => ("there is no `^`", "powers are written out, `c * c`"),
        "<<" | ">>" => ("there is no shift operator", "multiply or divide instead"),
        "~" => ("there is no `~`", "the operator is `not`"),
        "\\" => (
            "there is no `\\`",
            "a statement goes on over line breaks by itself",
        ),
        "\u{2212}" | "\u{2013}" | "\u{2014}" => ("this is a dash and no minus sign", "write `-`"),
        "\u{d7}" | "\u{b7}" | "\u{22c5}" => ("this is no multiplication sign here", "write `*`"),
        "\u{f7}" => ("this is no division sign here", "write `/`"),
        "\u{2264}" => (
            "this comparison is written with two characters",
            "write `<=`",
        ),
        "\u{2265}" => (
            "this comparison is written with two characters",
            "write `>=`",
        ),
        "\u{2260}" => (
            "this comparison is written with two characters",
            "write `!=`",
        ),
        "\u{2192}" | "\u{21d2}" => ("this arrow is written with two characters", "write `->`"),
        "\u{2026}" => ("this is an ellipsis and no range", "write `..`"),
        "\u{a0}" | "\u{202f}" | "\u{2009}" => (
            "this is a special space",
            "replace it by an ordinary space; it may come from a copied text",
        ),
        _ if token.starts_with('#') => ("a comment does not begin with `#`", "write `// ..`"),
        _ if token.starts_with("/*") => (
            "there are no comments in `/* */`",
            "begin each line of a comment with `//`",
        ),
        _ if token.starts_with(QUOTES) => {
            ("a string does not stand in such quotes", "write `\"..\"`")
        }
        _ => return None,
    };
    let instead = match token {
        "&&" | "&" => Some("and"),
        "||" => Some("or"),
        ";" => Some(""),
        "\u{2212}" | "\u{2013}" | "\u{2014}" => Some("-"),
        "\u{d7}" | "\u{b7}" | "\u{22c5}" => Some("*"),
        "\u{f7}" => Some("/"),
        "\u{2264}" => Some("<="),
        "\u{2265}" => Some(">="),
        "\u{2260}" => Some("!="),
        "\u{2192}" | "\u{21d2}" => Some("->"),
        "\u{2026}" => Some(".."),
        "\u{a0}" | "\u{202f}" | "\u{2009}" => Some(" "),
        _ => None,
    };
    Some(Foreign {
        message,
        help,
        instead,
    })
}

/// For a word at the beginning of a statement or declaration.
pub(super) fn leading(word: &str) -> Option<&'static str> {
    Some(match word {
        "def" | "fn" | "func" | "fun" | "function" | "proc" | "layer" | "module" => {
            "functions are `op` (no decisions), `block` (decides at every call) or `cell` (decides once)"
        }
        "class" | "struct" | "network" | "model" | "net" => {
            "a search space is declared by `space name(..) { .. }`"
        }
        "while" | "loop" | "repeat" | "foreach" => "the one loop is `for i in 0..n { .. }`",
        "import" | "from" | "include" | "require_once" => {
            "names are imported by `use std::vision.{conv_bn}`"
        }
        "var" | "val" | "auto" | "mut" | "set" | "define" | "static" => {
            "`let x = ..` introduces a name, `x = ..` gives it another value"
        }
        "elif" | "elsif" | "elseif" => "write `else if`, after the `}` of the `if`",
        "else" => "an `else` follows the `}` of its `if`",
        "match" | "switch" | "case" => "distinguish cases by `if .. { .. } else if .. { .. }`",
        "assert" | "constraint" | "where" | "ensure" => "what must hold is `require ..`",
        "pass" | "break" | "continue" => "a body may be empty, `{ }`, and nothing leaves it early",
        "print" | "println" => "nothing is printed; `enasc dump` shows what a space means",
        "node" => "a family of nodes is declared by `nodes h[i in 1..n] { .. }`",
        "sample" | "choice" | "oneof" => "a decision is `choose { .. }` or `pick 1 of ..`",
        _ => return None,
    })
}

/// What surrounds an unexpected token.
pub(super) struct Context<'a> {
    pub text: &'a str,
    /// The tokens of the statement before it.
    pub before: &'a [Token],
    pub found: Token,
    /// The token behind it.
    pub next: Token,
    /// What would have fitted, in words.
    pub expected: &'a [&'static str],
}

impl Context<'_> {
    fn word(&self, token: Option<Token>) -> &str {
        token.map_or("", |token| token.text(self.text))
    }

    fn expects(&self, what: &str) -> bool {
        self.expected.contains(&what)
    }

    /// Whether `next` is glued to what was found.
    fn glued(&self) -> bool {
        self.next.start == self.found.end
    }

    /// The innermost bracket that is open here, and the token before it.
    fn bracket(&self) -> (&str, &str) {
        let mut depth = 0_usize;
        for (at, token) in self.before.iter().enumerate().rev() {
            match token.kind {
                Kind::Close => depth += 1,
                Kind::Open if depth == 0 => {
                    let before = at.checked_sub(1).and_then(|at| self.before.get(at));
                    return (token.text(self.text), self.word(before.copied()));
                }
                Kind::Open => depth -= 1,
                _ => {}
            }
        }
        ("", "")
    }
}

/// What to do about an unexpected token.
pub(super) fn help(context: &Context<'_>) -> Option<String> {
    let found = context.word(Some(context.found));
    let next = context.word(Some(context.next));
    let previous = context.word(context.before.last().copied());
    let first = context.word(context.before.first().copied());
    let (bracket, before_bracket) = context.bracket();
    let help = match found {
        "..=" if previous == "[" => "a part of a list ends before its second index: `h[..l + 1]`",
        "{" if previous == "=" && matches!(first, "op" | "block" | "cell") => {
            "a body in braces stands without `=`"
        }
        _ if previous == "else" && context.expects("`{`") => "a body stands in braces, `{ .. }`",
        _ if previous == "lambda" => "functions have names: declare an `op`",
        "==" if context.expects("`=`") => "`=` gives a value; `==` compares",
        "=" if next == ">" && context.glued() => "there is no `=>`",
        "=" if bracket == "{" => "a candidate's name is followed by `:`, `conv3: conv(3)`",
        "=" if previous == ":" => "`let x = ..` introduces a name, `x = ..` gives it another value",
        "=" if matches!(first, "if" | "require" | "for" | "return") || bracket == "(" => {
            "`==` compares; `=` gives a value"
        }
        ":" if next == "=" && context.glued() => {
            "`let x = ..` introduces a name, `x = ..` gives it another value"
        }
        ":" if bracket == "[" => "a part of a list is `h[..3]`, `h[3..]` or `h[1..3]`",
        ":" if bracket == "(" => "a named argument is written with `=`, `stride = 2`",
        ":" if matches!(first, "op" | "block" | "cell") && bracket.is_empty() => {
            "the type of the result stands behind `->`"
        }
        ":" if context.expects("`{`") => "a body stands in braces, `{ .. }`",
        "+" | "-" | "*" | "/" | "%" if next == "=" && context.glued() => {
            return Some(format!(
                "there is no `{found}=`: write `{previous} = {previous} {found} ..`"
            ));
        }
        "*" if previous == "*" => "there is no `**`: powers are written out, `c * c`",
        "+" if previous == "+" => "there is no `++`: write `x = x + 1`",
        "->" => "an arrow stands only before the type of a declaration's result",
        "|>" if context.expects("an expression") => "something must flow into the pipe",
        "for" if matches!(bracket, "[" | "(") => {
            "the loop comes first, then a colon and the value: `[for v in h: f(v)]`"
        }
        "if" if !context.expects("an expression") && !bracket.is_empty() => {
            "a choice between two values is `if c { a } else { b }`"
        }
        "if" if first != "for" && !context.expects("an expression") => {
            "a choice between two values is `if c { a } else { b }`"
        }
        "elif" => "write `else if`",
        "not" if next == "in" => "write `not a in b`",
        "is" => "values are compared by `==`",
        "." if context.next.kind == Kind::Number && context.glued() => {
            return Some(format!("write `0.{next}`"));
        }
        "{" if first == "use" && previous == "::" => {
            "a point comes before names, `use std::vision.{conv_bn}`"
        }
        _ if first == "use" && previous == "." => {
            if matches!(found, "*") {
                "name what is used: `use std::vision.{conv_bn, head}`"
            } else {
                "modules are separated by `::` and names stand in braces, \
                 `use std::vision.{conv_bn}`"
            }
        }
        _ if previous == "." => "a fraction needs a digit behind the point, `1.0`",
        _ if context.expects("a name")
            && found.contains(|c: char| c.is_ascii_alphabetic())
            && context.found.kind == Kind::Number =>
        {
            "a name begins with a letter or `_`"
        }
        _ if context.expects("`(`") && matches!(first, "op" | "block") => {
            "`op f(x) = ..`; several operations to choose from are `ops Layer = { .. }`"
        }
        _ if previous == "choose" || context.expected == ["`..`"] => {
            "`choose { 3, 5 }`, `choose Layer`, `choose 1..=4` or `choose (..)`"
        }
        _ if previous == "pick" || context.expects("a count") => {
            "`pick 1 of h`, `pick 2 of h`, `pick any of h` (maybe none) or `pick some of h`"
        }
        _ if previous == "of" => {
            "`pick 1 of h[..l]`; what is more than a list stands in parentheses"
        }
        _ if previous.ends_with('%') && previous.len() > 1 => {
            return Some(format!(
                "`{previous}` is a percentage; the operator `%` has blanks around it"
            ));
        }
        _ if context.expects("`else`") => {
            "an `if` that gives a value needs an `else`: `if c { a } else { b }`"
        }
        _ if context.expects("`in`") && first == "for" => "`for i in 0..n { .. }`",
        _ if first == "nodes" && context.expects("`=`") => {
            "`nodes h = [x]` begins a family, `nodes h[i in 1..n] { .. }` extends it"
        }
        _ if bracket == "[" && previous == "..=" => {
            "a part of a list ends before its end: `h[..l + 1]`"
        }
        _ if context.expects("`cost`") => {
            "an `extern op` says what it costs: `cost(params = 0, flops = 2 * d)`"
        }
        "return" | "let" | "for" if matches!(first, "op" | "block" | "cell") => {
            "a function is `op f(x) = ..` or `op f(x) { .. return .. }`"
        }
        _ if before_bracket.is_empty() && first == "input" && context.expects("`:`") => {
            "`input x: [c, h, w]`"
        }
        _ if first == "output" && context.expects("`:`") => "`output y: [classes]`",
        _ => return None,
    };
    Some(help.to_owned())
}
