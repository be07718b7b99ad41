//! What a trap of the grammar caught: what is wrong with it?
//!
//! A trap knows only that nothing fitted. So the rule that should have fitted is
//! run once more on the same text, alone: pest then tells the furthest place it
//! came to and what it would have taken there. `failure.rs` puts that into words.

use pest::Parser as _;
use pest::error::{ErrorVariant, InputLocation};

use super::builder::Builder;
use super::failure::Failure;
use super::pairs::Pair;
use super::token::{self, Token};
use super::{Grammar, Rule};

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
    pub fn rule(self) -> Rule {
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
    pub fn rule_before(self) -> Option<Rule> {
        match self {
            Self::Item => Some(Rule::item_and_more),
            Self::SpaceItem => Some(Rule::space_item_and_more),
            Self::Stmt => Some(Rule::stmt_and_more),
            _ => None,
        }
    }

    /// What stands in the list.
    pub fn content(self) -> &'static str {
        match self {
            Self::Item => "a declaration",
            Self::SpaceItem => "a declaration or a statement",
            _ => "a statement",
        }
    }

    /// The same, behind another one.
    pub fn next_content(self) -> &'static str {
        match self {
            Self::Item => "the next declaration",
            _ => "the next statement",
        }
    }

    /// The words that something begins with there.
    pub fn beginnings(self) -> &'static [&'static str] {
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
pub(super) const STATEMENTS: &[&str] = &["let", "for", "if", "nodes", "require", "return"];

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
pub(super) struct Stop {
    /// Where what is spoken of began.
    pub start: usize,
    /// The furthest place it came to.
    pub at: usize,
    /// What was tried there in vain.
    pub rules: Vec<Rule>,
    /// Whether the text was cut there to find it.
    pub is_cut: bool,
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
        || token::next(text, name.end).text(text) == "[" && is_balanced(text, name.end, equals);
    (start > from && name.kind == token::Kind::Word && is_alone).then_some(start)
}

/// Whether no bracket between two places has its partner elsewhere. Of a text that is
/// cut at another place the grammar would read each open bracket twice, and what is in
/// it four times.
fn is_balanced(text: &str, mut at: usize, end: usize) -> bool {
    let mut depth = 0_usize;
    loop {
        let token = token::next(text, at);
        if token.start >= end {
            return depth == 0;
        }
        match token.kind {
            token::Kind::Open => depth += 1,
            token::Kind::Close => match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => return false,
            },
            _ => {}
        }
        at = token.end.max(at + 1);
    }
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
