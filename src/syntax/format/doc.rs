//! Text with places where lines may break, after Wadler's *A prettier printer*.

/// A piece of a text.
pub(super) enum Doc {
    /// A token of the author, with the comments before it.
    Token(usize),
    /// A comma, if the group around it is broken.
    TrailingComma,
    /// That many blanks, unless a line breaks here.
    Blanks(usize),
    /// If the group around it is broken a new line, else blanks.
    Line {
        /// How many blanks.
        blanks: usize,
        /// What the new line is.
        place: Place,
    },
    /// A new line.
    Newline(Place),
    /// One after the other.
    Sequence(Vec<Doc>),
    /// The same, indented if the group around it is broken.
    Indent(Vec<Doc>),
    /// Lines that break together: all of them, or none if all fits into one line.
    Group(Group),
}

/// Lines that break together.
pub(super) struct Group {
    pub docs: Vec<Doc>,
    /// Whether they break although they might fit.
    pub is_broken: bool,
    /// Whether any line in it breaks whatever fits.
    is_forced: bool,
}

/// Where a new line stands among its neighbours; see [`Place::keeps_blank_first`]
/// and the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The first of a body or a list.
    First,
    /// Between two parts that blank lines may separate.
    Between,
    /// Between two parts that belong together.
    Inside,
    /// The closing bracket.
    Last,
    /// The closing bracket where nothing but comments stands before it.
    Empty,
}

impl Place {
    /// Whether the author's blank line before the first thing of the line is kept,
    /// be it a comment or the token.
    pub fn keeps_blank_first(self) -> bool {
        matches!(self, Self::Between | Self::Last)
    }

    /// Whether the author's blank line before the token is kept.
    pub fn keeps_blank_before_token(self) -> bool {
        matches!(self, Self::First | Self::Between)
    }

    /// Whether comments before the token are indented more than the token.
    pub fn indents_comments(self) -> bool {
        matches!(self, Self::Last | Self::Empty)
    }
}

impl Doc {
    /// A group, which is broken where `is_broken` or where the author's line breaks
    /// in it have to stay.
    pub fn group(docs: Vec<Self>, is_broken: bool) -> Self {
        let is_forced = is_broken || docs.iter().any(Self::is_forced);
        Self::Group(Group {
            docs,
            is_broken,
            is_forced,
        })
    }

    /// One blank.
    pub const BLANK: Self = Self::Blanks(1);

    /// A blank or a new line.
    pub fn line(place: Place) -> Self {
        Self::Line { blanks: 1, place }
    }

    /// The same without a place to break, but for lines that break whatever fits.
    pub fn flat(self) -> Self {
        let all = |docs: Vec<Self>| Self::Sequence(docs.into_iter().map(Self::flat).collect());
        match self {
            Self::Line { blanks, .. } => Self::Blanks(blanks),
            Self::TrailingComma => Self::Blanks(0),
            Self::Group(group) if !group.is_forced => all(group.docs),
            Self::Sequence(docs) | Self::Indent(docs) => all(docs),
            Self::Group(_) | Self::Token(_) | Self::Blanks(_) | Self::Newline(_) => self,
        }
    }

    /// Whether it cannot stand in one line.
    pub fn is_forced(&self) -> bool {
        match self {
            Self::Newline(_) => true,
            Self::Sequence(docs) | Self::Indent(docs) => docs.iter().any(Self::is_forced),
            Self::Group(group) => group.is_forced,
            Self::Token(_) | Self::TrailingComma | Self::Blanks(_) | Self::Line { .. } => false,
        }
    }
}
