//! What a trap of the grammar caught: what is wrong with it?
//!
//! A trap knows only that nothing fitted. So the rule that should have fitted is
//! run once more on the same text, alone: pest then tells the furthest place it
//! came to and what it would have taken there.

use pest::Parser as _;
use pest::error::{ErrorVariant, InputLocation};

use super::builder::Builder;
use super::pairs::Pair;
use super::token::{self, KEYWORDS, Token};
use super::{Grammar, Rule, expected, habits};
use crate::diagnostic::{Diagnostic, suggest};
use crate::span::Span;
use crate::syntax::diagnostics::{self, clip};

/// What a trap stands in for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// A declaration of a file.
    Item,
    /// A declaration or statement of a space.
    SpaceItem,
    /// A statement of a body.
    Stmt,
    /// Parameters.
    Params,
    /// What stands between parameters and the body of a space.
    SpaceHead,
    /// The rest of a function.
    FnRest,
    /// What stands between `for` and its body.
    ForHead,
    /// What stands between `if` and its body.
    IfHead,
    /// What stands between a family's name and its body.
    FamilyHead,
}

impl Slot {
    /// The rule that should have fitted.
    fn rule(self) -> Rule {
        match self {
            Self::Item => Rule::item,
            Self::SpaceItem => Rule::space_item,
            Self::Stmt => Rule::stmt,
            Self::Params => Rule::params,
            Self::SpaceHead => Rule::space_body,
            Self::FnRest => Rule::fn_rest,
            Self::ForHead => Rule::for_head,
            Self::IfHead => Rule::if_head,
            Self::FamilyHead => Rule::family_head,
        }
    }

    /// For a trap in a list, the rule that reads what stands before it, and fails
    /// behind that.
    fn rule_before(self) -> Option<Rule> {
        match self {
            Self::Item => Some(Rule::item_and_more),
            Self::SpaceItem => Some(Rule::space_item_and_more),
            Self::Stmt => Some(Rule::stmt_and_more),
            _ => None,
        }
    }

    /// What stands in the list.
    fn content(self) -> &'static str {
        match self {
            Self::Item => "a declaration",
            Self::SpaceItem => "a declaration or a statement",
            _ => "a statement",
        }
    }

    /// The same, behind another one.
    fn next_content(self) -> &'static str {
        match self {
            Self::Item => "the next declaration",
            _ => "the next statement",
        }
    }

    /// The words that something begins with there.
    fn beginnings(self) -> &'static [&'static str] {
        match self {
            Self::Item => &[
                "use", "space", "op", "block", "cell", "ops", "const", "extern",
            ],
            Self::SpaceItem => &[
                "input", "output", "op", "block", "cell", "ops", "const", "extern", "let", "for",
                "if", "nodes", "require", "return",
            ],
            Self::Stmt => STATEMENTS,
            _ => &[],
        }
    }
}

/// The words that a statement begins with.
const STATEMENTS: &[&str] = &["let", "for", "if", "nodes", "require", "return"];

impl Builder<'_, '_, '_> {
    /// Reports what is wrong with what `trap` caught. `before` is the start of what
    /// stands right before it: of the statement before it in a list, of the
    /// statement that it is part of elsewhere.
    pub fn trap(&mut self, trap: &Pair<'_>, slot: Slot, before: Option<usize>) {
        self.given_up += 1;
        let range = trap.as_span().start()..trap.as_span().end();
        let goes_on = self.goes_on(range.start);
        self.trapped_to = range.end;
        // What an error already spoke of is not spoken of again.
        let told = self.reported_to.is_some_and(|to| range.start <= to);
        if told || goes_on || self.reporter.is_full() {
            return;
        }
        let mut stop = Stop::find(self.repaired, range.start, slot.rule());
        match (before, slot.rule_before()) {
            // What was read before may be only the beginning of what was meant.
            (Some(before), Some(rule)) => {
                let earlier = Stop::find_in_previous(self.repaired, before, range.start, rule);
                if earlier.at > range.start && earlier.at > stop.at || earlier.is_cut {
                    stop = earlier;
                }
            }
            (Some(before), None) => stop.start = before,
            (None, _) => {}
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
            end: range.end,
            stop,
            slot,
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
    /// Where what is spoken of began.
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
    (start > from && name.kind == token::Kind::Word && is_alone).then_some(start)
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
    /// Where the trap ends.
    end: usize,
    stop: Stop,
    slot: Slot,
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
        let is_assignment = first.kind == token::Kind::Word && !KEYWORDS.contains(&first_word);
        if is_assignment && words.contains(&"`=`") && found.text(self.text) != "==" {
            if let Some(diagnostic) = self.wrong_beginning(first, span_of) {
                return diagnostic;
            }
            if self.token_before_on_line().is_some() {
                let context = habits::Context {
                    before: &[],
                    found: first,
                    next: token::next(self.text, first.end),
                    ..context
                };
                return self.explain_beginning(&context, span_of);
            }
            let help = habits::help(&context);
            let is_operator = matches!(found.kind, token::Kind::Open | token::Kind::Mark);
            if is_operator && help.is_none() {
                let end = self.end.max(first.end);
                let is_line = !self.has_newline(first.start, end);
                let span = span_of(Token {
                    end: if is_line { end } else { first.end },
                    ..first
                });
                return diagnostics::expression_statement(span, self.slot == Slot::SpaceItem);
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
        // `y = a if b else c` is a statement, and an `if` without a body behind it.
        let is_if = context
            .before
            .first()
            .is_some_and(|first| first.text(self.text) == "if");
        let is_choice = is_if
            && context.found.text(self.text) == "else"
            && self.token_before_on_line().is_some();
        match habits::help(context) {
            _ if is_choice => {
                diagnostic.help("a choice between two values is `if c { a } else { b }`")
            }
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
            Some(last)
                if self.has_newline(last.end, found.start) || found.kind == token::Kind::End =>
            {
                let span = span_of(last);
                (
                    Span {
                        start: span.end,
                        ..span
                    },
                    if found.kind == token::Kind::End {
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
                format!("an operator or {}", self.slot.next_content()),
                Some(format!("`{}`", clip(before.text(self.text)))),
            ),
            None => (self.slot.content().to_owned(), None),
        };
        let before: Vec<_> = before.into_iter().collect();
        let context = habits::Context {
            before: &before,
            ..*context
        };
        let help = habits::help(&context);
        let diagnostic = diagnostics::expected(
            span_of(found),
            &what,
            after.as_deref(),
            format!("found {}", describe(self.text, found)),
        );
        match help {
            Some(help) => diagnostic.help(help),
            None if self.slot == Slot::Item => diagnostic.help(
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
        let is_assignment = context.found.kind == token::Kind::Word
            && !KEYWORDS.contains(&word)
            && context.next.text(self.text) == "=";
        let what = if is_assignment {
            "an assignment".to_owned()
        } else {
            format!("`{word}`")
        };
        let is_statement = is_assignment || STATEMENTS.contains(&word);
        let (place, help) = match self.slot {
            Slot::Item if word == "let" || is_assignment => (
                "at the top of a file",
                "a constant is `const N = 5`; what is computed stands in a `space`, `op`, `block` \
                 or `cell`",
            ),
            Slot::Item if is_statement => (
                "at the top of a file",
                "statements stand in a `space`, `op`, `block` or `cell`",
            ),
            Slot::Item if matches!(word, "input" | "output") => {
                ("at the top of a file", "it belongs into a `space`")
            }
            Slot::SpaceItem | Slot::Stmt if matches!(word, "use" | "space") => (
                "inside another declaration",
                "it belongs at the top of the file",
            ),
            Slot::Stmt if matches!(word, "input" | "output") => {
                ("in a body", "it belongs into a `space`, at its top")
            }
            Slot::Stmt if Slot::SpaceItem.beginnings().contains(&word) => (
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
        if first.kind != token::Kind::Word {
            return None;
        }
        let word = first.text(self.text);
        let next = token::next(self.text, first.end);
        let help = habits::leading(word).map(str::to_owned).or_else(|| {
            let beginnings = self.slot.beginnings().iter().copied();
            suggest::did_you_mean(word, beginnings)
                .filter(|_| next.kind == token::Kind::Word && word.len() > 2)
        })?;
        let content = self.slot.content();
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
            if token.start >= self.stop.at || token.kind == token::Kind::End {
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
            if token.start >= self.stop.start || token.kind == token::Kind::End {
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
        token::Kind::End => "the end of the file".to_owned(),
        token::Kind::Word if KEYWORDS.contains(&word) => format!("the keyword `{word}`"),
        token::Kind::Text => format!("the string `{}`", clip(word)),
        _ => format!("`{}`", clip(word)),
    }
}
