//! What the grammar made of a text, down to each token, and the gaps between.

use std::ops::Range;

use pest::iterators::{Pair, Pairs};

use super::gaps::{self, Gap};
use crate::syntax::parse::Rule;

/// A text as tokens in a tree.
pub(super) struct Tree<'a> {
    /// The whole file.
    pub root: Node,
    /// In order; the last is the end of the file, without a text.
    pub tokens: Vec<Token<'a>>,
    /// What stands before each token.
    pub gaps: Vec<Gap<'a>>,
}

/// A word, a number, a string or a mark.
pub(super) struct Token<'a> {
    pub rule: Rule,
    pub text: &'a str,
    /// Its first byte.
    pub start: usize,
}

/// A rule that matched. Without children it is one token.
pub(super) struct Node {
    pub rule: Rule,
    /// The tokens below it.
    pub tokens: Range<usize>,
    pub children: Vec<Node>,
}

impl<'a> Tree<'a> {
    /// The tree of what pest read.
    pub fn new(pairs: Pairs<'a, Rule>, text: &'a str) -> Self {
        let mut tokens = Vec::new();
        let mut children: Vec<_> = pairs.map(|pair| node(pair, &mut tokens)).collect();
        let root = children.pop().unwrap_or(Node {
            rule: Rule::file,
            tokens: 0..0,
            children,
        });
        let gaps = gaps::between(&tokens, text);
        Self { root, tokens, gaps }
    }
}

fn node<'a>(pair: Pair<'a, Rule>, tokens: &mut Vec<Token<'a>>) -> Node {
    let rule = pair.as_rule();
    let first = tokens.len();
    let span = pair.as_span();
    let mut inner = pair.into_inner().peekable();
    // Nothing may stand between the parts of a path.
    let children = if inner.peek().is_none() || rule == Rule::path {
        tokens.push(Token {
            rule,
            text: span.as_str(),
            start: span.start(),
        });
        Vec::new()
    } else {
        inner.map(|pair| node(pair, tokens)).collect()
    };
    Node {
        rule,
        tokens: first..tokens.len(),
        children,
    }
}
