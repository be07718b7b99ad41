//! The stable names of all diagnostics.
//!
//! A new code needs a line in the table below, whose documentation is its title,
//! and a page `docs/errors/NAME.md`, without which this does not compile.

use std::fmt;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $path:literal;)*) => {
        /// The stable name of a diagnostic: a path, `enasc::<stage>::<what>`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name as users see it, such as `enasc::names::unknown`.
            #[must_use]
            pub fn path(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("enasc::", $path),)*
                }
            }

            /// What it says, in one line.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+).trim_ascii(),)*
                }
            }

            /// The page that explains it: why, a wrong example and a right one.
            #[must_use]
            pub fn page(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(
                        concat!("../../docs/errors/", stringify!($variant), ".md")
                    ),)*
                }
            }
        }
    };
}

codes! {
    // ---- syntax: text -> AST
    /// Something stands where something else is expected.
    UnexpectedToken = "syntax::unexpected_token";
    /// A bracket, brace or quote is never closed.
    UnclosedDelimiter = "syntax::unclosed_delimiter";
    /// A number that is too large, or has an unknown unit.
    BadNumber = "syntax::bad_number";
    /// Brackets or operators are nested too deeply.
    TooDeep = "syntax::too_deep";
    /// The file is not UTF-8.
    NotUtf8 = "syntax::not_utf8";

    // ---- names: AST -> HIR
    /// A name that nothing declares.
    UnknownName = "names::unknown";
    /// A name declared twice in one scope.
    DuplicateName = "names::duplicate";
    /// A module or file that is not there.
    UnknownModule = "names::unknown_module";
    /// Modules that use each other in a circle.
    ImportCycle = "names::import_cycle";
    /// A module has no such name.
    NotExported = "names::not_exported";
    /// Declared and never used.
    UnusedName = "names::unused";
    /// A name that hides a node family or a dimension.
    Shadows = "names::shadows";
    /// The file declares no space, or several and none was chosen.
    WhichSpace = "names::which_space";
    /// `--set` names no parameter of the space, or a value of another type.
    BadSetting = "names::bad_setting";
    /// An annotation that does not exist, or does not belong here.
    BadAnnotation = "names::bad_annotation";

    // ---- kinds and arguments
    /// A value of another kind is needed here.
    WrongKind = "kinds::wrong_kind";
    /// An argument too many, of an unknown name, or given twice.
    BadArgument = "kinds::bad_argument";
    /// A field of a value; there are none.
    NoField = "kinds::no_field";
    /// A required argument is missing.
    MissingArgument = "kinds::missing_argument";
    /// A function or an output that never gets its value.
    MissingResult = "kinds::missing_result";

    // ---- shapes
    /// Two tensors that must have one shape have two.
    ShapesDiffer = "shape::operands_differ";
    /// The candidates of a choice give different shapes.
    CandidatesDiffer = "shape::candidates_differ";
    /// What a condition or a loop does depends on decisions, and changes a shape.
    ArmsDiffer = "shape::arms_differ";
    /// A size that does not divide.
    Indivisible = "shape::indivisible";
    /// A size that reaches zero, or is negative.
    EmptyDimension = "shape::empty_dimension";
    /// A declared shape that the value does not have.
    DeclaredDiffers = "shape::declared_differs";
    /// The wrong number of dimensions.
    WrongRank = "shape::wrong_rank";

    // ---- decisions
    /// A choice without options.
    EmptyChoice = "decision::empty_choice";
    /// A choice with one option.
    SingleOption = "decision::single_option";
    /// The same candidate twice.
    DuplicateCandidate = "decision::duplicate_candidate";
    /// `pick k` of fewer than k.
    PickTooMany = "decision::pick_too_many";
    /// `pick` from an empty list.
    PickFromEmpty = "decision::pick_from_empty";
    /// A list where a tensor is needed, or one that may be empty where it may not.
    ListNotReduced = "decision::list_not_reduced";
    /// An `op` that decides.
    DecisionInOp = "decision::in_op";
    /// A `cell` whose instances would decide differently.
    CellDisagrees = "decision::cell_disagrees";
    /// A decision used where it need not have been made.
    NotAlwaysActive = "decision::not_always_active";
    /// A `return` that decisions may pass by.
    ConditionalReturn = "decision::conditional_return";
    /// A decision that no output depends on.
    DecisionUnused = "decision::unused";
    /// A space that leaves nothing to decide.
    NoDecision = "decision::none";

    // ---- graph
    /// An element of a node family is read before it is assigned.
    ReadBeforeAssigned = "graph::read_before_assigned";
    /// An index outside its list.
    OutOfRange = "graph::index_out_of_range";
    /// An element of a node family that is not assigned exactly once.
    NodeNotAssigned = "graph::node_not_assigned";
    /// A space without an input, or without an output.
    NoPort = "graph::no_port";
    /// A tensor from outside a `scan` that its body reads.
    Captured = "graph::captured";
    /// An input that no output depends on.
    InputUnused = "graph::input_unused";
    /// A choice after which the network ignores its input.
    InputIgnored = "graph::input_ignored";
    /// An element of a node family that no output depends on.
    NodeUnused = "graph::node_unused";

    // ---- weights
    /// `@per` of something that is no decision.
    PerNotDecision = "weights::per_not_decision";
    /// `@tie` to a call that owns no matrix, or one of another shape.
    TieMismatch = "weights::tie_mismatch";
    /// Sizes that a decision leaves open, whose weights are no parts of each other.
    NotNested = "weights::not_nested";
    /// One parameter key with two shapes.
    SharedShape = "weights::shared_shape";
    /// Weights that an operation meets or not by what stands before it.
    Entangled = "weights::entangled";
    /// A space that needs more memory than its budget.
    OverBudget = "weights::over_budget";

    // ---- constraints
    /// A `require` that no architecture fulfils.
    Unsatisfiable = "constraint::unsatisfiable";
    /// A `require` that every architecture fulfils.
    AlwaysTrue = "constraint::always_true";
    /// Requirements that keep hardly an architecture.
    FewKept = "constraint::few_kept";
    /// A metric that has no formula.
    OpaqueMetric = "constraint::opaque_metric";

    // ---- static evaluation
    /// Recursion that does not end.
    Recursion = "eval::recursion";
    /// More steps than any space needs.
    StepBudget = "eval::step_budget";
    /// A range, as of a loop, whose ends are no whole numbers.
    RangeBound = "eval::range_bound";
    /// Arithmetic that overflows or has no result.
    Arithmetic = "eval::arithmetic";
    /// A value that depends on decisions in too many ways.
    TooManyCases = "eval::too_many_cases";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}
