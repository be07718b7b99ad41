//! The primitives and functions of the language, in one table.

/// What an argument of a builtin must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A tensor.
    Tensor,
    /// What an `input t: tokens[..]` gives.
    Tokens,
    /// A list, or several tensors.
    Tensors,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// `true` or `false`.
    Bool,
    /// A string.
    Text,
    /// `same`, `torch` or `valid`.
    Padding,
    /// An operation, block or cell.
    Op,
    /// A list.
    List,
    /// Anything.
    Any,
}

/// One parameter of a builtin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it must be.
    pub kind: Kind,
    /// Whether it may be left out.
    pub optional: bool,
}

const fn required(name: &'static str, kind: Kind) -> Parameter {
    Parameter {
        name,
        kind,
        optional: false,
    }
}

const fn optional(name: &'static str, kind: Kind) -> Parameter {
    Parameter {
        name,
        kind,
        optional: true,
    }
}

macro_rules! builtins {
    ($($variant:ident $name:literal [$($param:expr),* $(,)?];)*) => {
        /// A primitive operation or a function of the language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each is described in the language reference")]
        pub enum Builtin {
            $($variant,)*
        }

        impl Builtin {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in the language.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Its parameters.
            #[must_use]
            pub fn params(self) -> &'static [Parameter] {
                match self {
                    $(Self::$variant => const { &[$($param),*] },)*
                }
            }
        }
    };
}

const X: Parameter = required("x", Kind::Tensor);
const XS: Parameter = required("xs", Kind::Tensors);

builtins! {
    // ---- with parameters
    Conv "conv" [
        X, required("k", Kind::Int), optional("c_out", Kind::Int), optional("stride", Kind::Int),
        optional("dilation", Kind::Int), optional("groups", Kind::Int),
        optional("bias", Kind::Bool), optional("pad", Kind::Padding),
    ];
    Depthwise "depthwise" [
        X, required("k", Kind::Int), optional("stride", Kind::Int),
        optional("dilation", Kind::Int), optional("pad", Kind::Padding),
    ];
    Conv1d "conv1d" [
        X, required("k", Kind::Int), optional("c_out", Kind::Int), optional("stride", Kind::Int),
        optional("dilation", Kind::Int), optional("bias", Kind::Bool),
        optional("pad", Kind::Padding),
    ];
    Linear "linear" [X, required("out", Kind::Int), optional("bias", Kind::Bool)];
    Bn "bn" [X, optional("eps", Kind::Float), optional("decay", Kind::Float)];
    LayerNorm "layer_norm" [X, optional("eps", Kind::Float)];
    Embed "embed" [required("tokens", Kind::Tokens), required("d", Kind::Int)];
    SqueezeExcite "squeeze_excite" [X, required("r", Kind::Int)];
    Attention "attention" [X, required("heads", Kind::Int), optional("head", Kind::Int)];
    // ---- without
    Relu "relu" [X];
    Tanh "tanh" [X];
    Sigmoid "sigmoid" [X];
    Gelu "gelu" [X];
    Silu "silu" [X];
    Hswish "hswish" [X];
    Identity "identity" [X];
    Zero "zero" [X];
    AvgPool "avg_pool" [
        X, required("k", Kind::Int), optional("stride", Kind::Int), optional("pad", Kind::Padding),
    ];
    MaxPool "max_pool" [
        X, required("k", Kind::Int), optional("stride", Kind::Int), optional("pad", Kind::Padding),
    ];
    Gap "gap" [X];
    Shift "shift" [X, required("dy", Kind::Int), required("dx", Kind::Int)];
    Split "split" [X, required("n", Kind::Int)];
    Concat "concat" [XS];
    Sum "sum" [XS];
    Mean "mean" [XS];
    Drop "drop" [X, required("site", Kind::Text)];
    DropPath "drop_path" [X, optional("share", Kind::Float)];
    Scan "scan" [required("f", Kind::Op), required("e", Kind::Tensor)];
    // ---- on lists and numbers
    Loose "loose" [required("nodes", Kind::List)];
    Len "len" [required("list", Kind::List)];
    Div "div" [required("a", Kind::Int), required("b", Kind::Int)];
    CeilDiv "ceil_div" [required("a", Kind::Int), required("b", Kind::Int)];
    RoundTo "round_to" [required("a", Kind::Float), required("multiple", Kind::Int)];
    Min "min" [required("a", Kind::Float), required("b", Kind::Float)];
    Max "max" [required("a", Kind::Float), required("b", Kind::Float)];
    // ---- in `require`
    Params "params" [];
    Flops "flops" [];
    Edges "edges" [required("nodes", Kind::List)];
    Connected "connected" [required("nodes", Kind::List)];
    Latency "latency" [required("device", Kind::Text), optional("batch", Kind::Int)];
}

impl Builtin {
    /// The builtin of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|builtin| builtin.name() == name)
    }

    /// Whether its first parameter is a tensor, so that a call without one is
    /// a partial application.
    #[must_use]
    pub fn takes_tensor(self) -> bool {
        self.params()
            .first()
            .is_some_and(|first| first.kind == Kind::Tensor)
    }

    /// Whether it takes any number of tensors in place of a list.
    #[must_use]
    pub fn is_variadic(self) -> bool {
        self.params()
            .first()
            .is_some_and(|first| first.kind == Kind::Tensors)
    }
}
