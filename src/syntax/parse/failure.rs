//! From a rule that did not fit to words: what was expected, what was found, and
//! what was most likely meant.

use super::token::{self, KEYWORDS, Token};
use super::trap::{STATEMENTS, Slot, Stop};
use super::{expected, habits};
use crate::diagnostic::Diagnostic;
use crate::span::Span;
use crate::syntax::diagnostics::{self, clip};

/// A rule that did not fit.
pub(super) struct Failure<'a> {
    pub text: &'a str,
    /// Where the trap ends.
    pub end: usize,
    pub stop: Stop,
    pub slot: Slot,
}

impl Failure<'_> {
    /// What to say of it.
    pub fn explain(&self, span_of: &dyn Fn(Token) -> Span) -> Diagnostic {
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
        let content = self.slot.content();
        let found = describe(self.text, first);
        let diagnostic =
            diagnostics::expected(span_of(first), content, None, format!("found {found}"));
        if let Some(help) = habits::leading(word) {
            return Some(diagnostic.help(help));
        }
        let is_misspelt = next.kind == token::Kind::Word && word.len() > 2;
        let beginnings = self.slot.beginnings().iter().copied();
        let diagnostic = diagnostic.help_closest(word, beginnings, || None);
        (is_misspelt && diagnostic.help.is_some()).then_some(diagnostic)
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
