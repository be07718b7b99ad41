//! What a trap of the grammar caught: what is wrong with it?
//!
//! A trap knows only that nothing fitted. So the rule that should have fitted is
//! run once more on the same text, alone: pest then tells the furthest place it
//! came to and what it would have taken there.

use pest::Parser as _;
use pest::error::{ErrorVariant, InputLocation};

use super::builder::Builder;
use super::pairs::Pair;
use super::token::{self, KEYWORDS, Kind, Token};
use super::{Grammar, Rule, expected, habits};
use crate::diagnostic::{Diagnostic, suggest};
use crate::span::Span;
use crate::syntax::diagnostics::{self, clip};

/// Where a trap stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Among the declarations of a file.
    File,
    /// In a space.
    Space,
    /// In a body of statements.
    Body,
    /// Instead of parameters.
    Params,
}

impl Place {
    /// The rule that the trap stands in for.
    fn rule(self) -> Rule {
        match self {
            Self::File => Rule::item,
            Self::Space => Rule::space_item,
            Self::Body => Rule::stmt,
            Self::Params => Rule::params,
        }
    }

    /// The rule that reads what stands before the trap, and fails behind it.
    fn rule_before(self) -> Rule {
        match self {
            Self::File => Rule::item_and_more,
            Self::Space => Rule::space_item_and_more,
            Self::Body | Self::Params => Rule::stmt_and_more,
        }
    }

    /// What belongs there.
    fn content(self) -> &'static str {
        match self {
            Self::File => "a declaration",
            Self::Space => "a declaration or a statement",
            Self::Body => "a statement",
            Self::Params => "parameters",
        }
    }

    fn content_word(self) -> &'static str {
        match self {
            Self::File => "declaration",
            Self::Space | Self::Body | Self::Params => "statement",
        }
    }

    /// The words that something begins with there.
    fn beginnings(self) -> &'static [&'static str] {
        match self {
            Self::File => &[
                "use", "space", "op", "block", "cell", "ops", "const", "extern",
            ],
            Self::Space => &[
                "input", "output", "op", "block", "cell", "ops", "const", "extern", "let", "for",
                "if", "nodes", "require", "return",
            ],
            Self::Body => &["let", "for", "if", "nodes", "require", "return"],
            Self::Params => &[],
        }
    }
}

impl Builder<'_, '_, '_> {
    /// Reports what is wrong with what `trap` caught. `previous` is the start of what
    /// was read right before it.
    pub fn trap(&mut self, trap: &Pair<'_>, previous: Option<usize>, place: Place) {
        let range = trap.as_span().start()..trap.as_span().end();
        let goes_on = self.goes_on(range.start);
        self.trapped_to = range.end;
        // What an error already spoke of is not spoken of again.
        let told = self.reported_to.is_some_and(|to| range.start <= to);
        if told || goes_on || self.reporter.is_full() {
            return;
        }
        let mut stop = Stop::find(self.repaired, range.start, place.rule());
        // What was read before may be only the beginning of what was meant.
        if let Some(previous) = previous {
            let before =
                Stop::find_in_previous(self.repaired, previous, range.start, place.rule_before());
            if before.at > range.start && before.at > stop.at || before.is_cut {
                stop = before;
            }
        }
        self.reported_to = Some(stop.at.max(range.start));
        if self.has_fault(
            token::line_start(self.text, range.start),
            range.end.max(stop.at),
        ) {
            return;
        }
        let failure = Failure {
            text: self.text,
            stop,
            place,
        };
        let span_of = |token: Token| self.reporter.span(token.start..token.end);
        let diagnostic = failure.explain(&span_of);
        self.reporter.report(diagnostic);
    }

    /// Whether a trap at `start` goes on with what the trap right before it broke
    /// off behind an operator.
    fn goes_on(&self, start: usize) -> bool {
        token::skip_trivia(self.text, self.trapped_to) == start
            && self
                .text
                .get(..self.trapped_to)
                .and_then(|before| before.chars().next_back())
                .is_some_and(|last| !matches!(last, ')' | ']' | '}') && last.is_ascii_punctuation())
    }

    fn has_fault(&self, from: usize, to: usize) -> bool {
        let first = self.faults.partition_point(|&fault| fault < from);
        self.faults.get(first).is_some_and(|&fault| fault <= to)
    }
}

/// Where a rule stopped to fit.
struct Stop {
    /// Where the rule began.
    start: usize,
    /// The furthest place it came to.
    at: usize,
    /// What was tried there in vain.
    rules: Vec<Rule>,
    /// Whether the text was cut there to find it.
    is_cut: bool,
}

impl Stop {
    fn find(text: &str, start: usize, rule: Rule) -> Self {
        let (at, rules) = furthest(text, start, rule);
        Self {
            start,
            at: token::skip_trivia(text, at),
            rules,
            is_cut: false,
        }
    }

    /// The same for what was read before a trap at `trap`. Where the trap begins
    /// with `=`, what came before took the name for itself that the `=` belongs
    /// to, and lacks an end of its own.
    fn find_in_previous(text: &str, previous: usize, trap: usize, rule: Rule) -> Self {
        if token::next(text, trap).text(text) == "="
            && let Some(name) = assigned_name(text, previous, trap)
            && let Some(before) = text.get(..name)
        {
            let (at, rules) = furthest(before, previous, rule);
            return Self {
                start: previous,
                at: token::skip_trivia(text, at),
                is_cut: !rules.is_empty(),
                rules,
            };
        }
        Self::find(text, previous, rule)
    }
}

/// The start of the name before the `=` at `equals`, if its line begins with it.
fn assigned_name(text: &str, from: usize, equals: usize) -> Option<usize> {
    let start = token::skip_trivia(text, token::line_start(text, equals));
    let name = token::next(text, start);
    let is_alone = token::next(text, name.end).start == equals
        || token::next(text, name.end).text(text) == "[";
    (start > from && name.kind == Kind::Word && is_alone).then_some(start)
}

/// The furthest place that `rule` comes to from `start` on, and the rules that
/// were tried there in vain.
fn furthest(text: &str, start: usize, rule: Rule) -> (usize, Vec<Rule>) {
    let Err(error) = Grammar::parse(rule, text.get(start..).unwrap_or_default()) else {
        return (start, Vec::new());
    };
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    match error.variant {
        ErrorVariant::ParsingError { positives, .. } => (start + at, positives),
        ErrorVariant::CustomError { .. } => (start + at, Vec::new()),
    }
}

/// A rule that did not fit.
struct Failure<'a> {
    text: &'a str,
    stop: Stop,
    place: Place,
}

impl Failure<'_> {
    fn explain(&self, span_of: &dyn Fn(Token) -> Span) -> Diagnostic {
        let found = token::next(self.text, self.stop.at);
        let before = self.tokens_before();
        let words = expected::words(&self.stop.rules);
        let context = habits::Context {
            text: self.text,
            before: &before,
            found,
            next: token::next(self.text, found.end),
            expected: &words,
        };
        let first = before.first().copied().unwrap_or(found);
        let first_word = first.text(self.text);
        if before.is_empty() {
            return self.explain_beginning(&context, span_of);
        }
        // A statement that begins with a name can only be an assignment.
        let is_assignment = first.kind == Kind::Word && !KEYWORDS.contains(&first_word);
        if is_assignment && words.contains(&"`=`") && found.text(self.text) != "==" {
            if let Some(diagnostic) = self.wrong_beginning(first, span_of) {
                return diagnostic;
            }
            let help = habits::help(&context);
            let is_operator = matches!(found.kind, Kind::Open | Kind::Mark);
            if is_operator && help.is_none() {
                let span = span_of(first).to(span_of(found));
                return diagnostics::expression_statement(span, self.place == Place::Space);
            }
        }
        let found_word = found.text(self.text);
        let same_line = before
            .last()
            .is_some_and(|last| !self.has_newline(last.end, found.start));
        if KEYWORDS.contains(&found_word)
            && same_line
            && words.contains(&"a name")
            && !words.contains(&"an expression")
        {
            return diagnostics::keyword_as_name(span_of(found), found_word);
        }
        self.expected(&context, span_of)
    }

    /// The plain form: what was expected after what, and what was found.
    fn expected(
        &self,
        context: &habits::Context<'_>,
        span_of: &dyn Fn(Token) -> Span,
    ) -> Diagnostic {
        let words = context.expected;
        let last = context.before.last().copied();
        let previous = last.map(|last| clip(last.text(self.text)));
        let (what, after) = match (previous.as_deref(), words) {
            (Some("choose"), _) => ("what to choose from".to_owned(), "`choose`".to_owned()),
            (Some("of"), _) => ("what to pick from".to_owned(), "`of`".to_owned()),
            (Some("pick"), _) => ("how many to pick".to_owned(), "`pick`".to_owned()),
            (_, ["`of`"]) => (expected::list(words), "the count of `pick`".to_owned()),
            (Some(previous), _) => (expected::list(words), format!("`{previous}`")),
            (None, _) => (expected::list(words), String::new()),
        };
        let after = (!after.is_empty()).then_some(after.as_str());
        let (span, label) = self.found(last, context.found, span_of);
        let diagnostic = diagnostics::expected(span, &what, after, label);
        match habits::help(context) {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }

    /// Where to point, and what to say of it.
    fn found(
        &self,
        last: Option<Token>,
        found: Token,
        span_of: &dyn Fn(Token) -> Span,
    ) -> (Span, String) {
        let description = describe(self.text, found);
        match last {
            // The mistake is where the line ends, and not at the next statement.
            Some(last) if self.has_newline(last.end, found.start) || found.kind == Kind::End => {
                let span = span_of(last);
                (
                    Span {
                        start: span.end,
                        ..span
                    },
                    if found.kind == Kind::End {
                        "the file ends here".to_owned()
                    } else {
                        format!("then comes {description}")
                    },
                )
            }
            _ => (span_of(found), format!("found {description}")),
        }
    }

    /// Nothing fitted, not even the first word.
    fn explain_beginning(
        &self,
        context: &habits::Context<'_>,
        span_of: &dyn Fn(Token) -> Span,
    ) -> Diagnostic {
        let found = context.found;
        if let Some(diagnostic) = self
            .misplaced(context, span_of)
            .or_else(|| self.wrong_beginning(found, span_of))
        {
            return diagnostic;
        }
        // Behind a whole statement on the same line, it may be meant to belong to it.
        let before = self.token_before_on_line();
        let (what, after) = match before {
            Some(before) => (
                format!("an operator or the next {}", self.place.content_word()),
                Some(format!("`{}`", clip(before.text(self.text)))),
            ),
            None => (self.place.content().to_owned(), None),
        };
        let before: Vec<_> = before.into_iter().collect();
        let help = habits::help(&habits::Context {
            before: &before,
            ..*context
        });
        let diagnostic = diagnostics::expected(
            span_of(found),
            &what,
            after.as_deref(),
            format!("found {}", describe(self.text, found)),
        );
        match help {
            Some(help) => diagnostic.help(help),
            None if self.place == Place::File => diagnostic.help(
                "a file holds `use`, `space`, `op`, `block`, `cell`, `ops`, `const` and `extern op`",
            ),
            None => diagnostic,
        }
    }

    /// A good declaration or statement at a place where it cannot stand.
    fn misplaced(
        &self,
        context: &habits::Context<'_>,
        span_of: &dyn Fn(Token) -> Span,
    ) -> Option<Diagnostic> {
        let word = context.found.text(self.text);
        let is_assignment = context.found.kind == Kind::Word
            && !KEYWORDS.contains(&word)
            && context.next.text(self.text) == "=";
        let what = if is_assignment {
            "an assignment".to_owned()
        } else {
            format!("`{word}`")
        };
        let is_statement = is_assignment || Place::Body.beginnings().contains(&word);
        let (place, help) = match self.place {
            Place::File if word == "let" || is_assignment => (
                "at the top of a file",
                "a constant is `const N = 5`; what is computed stands in a `space`, `op`, `block` \
                 or `cell`",
            ),
            Place::File if is_statement => (
                "at the top of a file",
                "statements stand in a `space`, `op`, `block` or `cell`",
            ),
            Place::File if matches!(word, "input" | "output") => {
                ("at the top of a file", "it belongs into a `space`")
            }
            Place::Space | Place::Body if matches!(word, "use" | "space") => (
                "inside another declaration",
                "it belongs at the top of the file",
            ),
            Place::Body if matches!(word, "input" | "output") => {
                ("in a body", "it belongs into a `space`, at its top")
            }
            Place::Body if Place::Space.beginnings().contains(&word) => (
                "in a body",
                "it belongs at the top of the file or into a `space`; or a `}` is missing before it",
            ),
            _ => return None,
        };
        Some(diagnostics::misplaced(
            span_of(context.found),
            &what,
            place,
            help,
        ))
    }

    /// A first word that begins nothing, and that means something in another
    /// language or is nearly a keyword.
    fn wrong_beginning(&self, first: Token, span_of: &dyn Fn(Token) -> Span) -> Option<Diagnostic> {
        if first.kind != Kind::Word {
            return None;
        }
        let word = first.text(self.text);
        let next = token::next(self.text, first.end);
        let help = habits::leading(word).map(str::to_owned).or_else(|| {
            let beginnings = self.place.beginnings().iter().copied();
            suggest::did_you_mean(word, beginnings)
                .filter(|_| next.kind == Kind::Word && word.len() > 2)
        })?;
        let content = self.place.content();
        let found = describe(self.text, first);
        Some(
            diagnostics::expected(span_of(first), content, None, format!("found {found}"))
                .help(help),
        )
    }

    fn tokens_before(&self) -> Vec<Token> {
        let mut tokens = Vec::new();
        let mut at = self.stop.start;
        loop {
            let token = token::next(self.text, at);
            if token.start >= self.stop.at || token.kind == Kind::End {
                return tokens;
            }
            at = token.end;
            tokens.push(token);
        }
    }

    /// The last token before the failure that stands on its line, which is behind
    /// another statement.
    fn token_before_on_line(&self) -> Option<Token> {
        let mut at = token::line_start(self.text, self.stop.start);
        let mut last = None;
        loop {
            let token = token::next(self.text, at);
            if token.start >= self.stop.start || token.kind == Kind::End {
                return last.filter(|last: &Token| !matches!(last.text(self.text), "{" | "}"));
            }
            at = token.end;
            last = Some(token);
        }
    }

    fn has_newline(&self, from: usize, to: usize) -> bool {
        self.text
            .get(from..to)
            .is_some_and(|gap| gap.contains('\n'))
    }
}

/// A token, as a sentence calls it.
fn describe(text: &str, token: Token) -> String {
    let word = token.text(text);
    match token.kind {
        Kind::End => "the end of the file".to_owned(),
        Kind::Word if KEYWORDS.contains(&word) => format!("the keyword `{word}`"),
        Kind::Text => format!("the string `{}`", clip(word)),
        _ => format!("`{}`", clip(word)),
    }
}
