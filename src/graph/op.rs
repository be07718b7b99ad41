//! The primitive operations that nodes of a supergraph compute.

use std::fmt;

use super::RegionId;

/// How a convolution or a pool meets the border.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding {
    /// Result size `ceil(n / stride)`; of the total padding
    /// `max((out - 1) * stride + window - n, 0)` the smaller half goes before,
    /// the larger after, as in TensorFlow.
    Same,
    /// `k / 2` on both sides, as is usual in `PyTorch`.
    Torch,
    /// None.
    Valid,
}

/// A sliding window over height and width (or time).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Its side.
    pub size: usize,
    /// Its step.
    pub stride: usize,
    /// The distance between its cells.
    pub dilation: usize,
    /// The border.
    pub padding: Padding,
}

impl Window {
    /// The side of the area that it covers; saturates.
    #[must_use]
    pub fn extent(self) -> usize {
        (self.size - 1)
            .saturating_mul(self.dilation)
            .saturating_add(1)
    }

    /// Padding before and after a side of `n`.
    #[must_use]
    pub fn pads(self, n: usize) -> (usize, usize) {
        match self.padding {
            Padding::Valid => (0, 0),
            Padding::Torch => (self.extent() / 2, self.extent() / 2),
            Padding::Same => {
                let out = n.div_ceil(self.stride);
                let total = ((out.max(1) - 1) * self.stride)
                    .saturating_add(self.extent())
                    .saturating_sub(n);
                (total / 2, total - total / 2)
            }
        }
    }

    /// The size of the result of a side of `n`; `None` where nothing is left.
    #[must_use]
    pub fn result(self, n: usize) -> Option<usize> {
        let (before, after) = self.pads(n);
        n.saturating_add(before)
            .saturating_add(after)
            .checked_sub(self.extent())
            .map(|room| room / self.stride + 1)
    }
}

/// Functions of one number, applied to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// max(x, 0)
    Relu,
    /// tanh
    Tanh,
    /// 1 / (1 + exp(-x))
    Sigmoid,
    /// x * Φ(x)
    Gelu,
    /// x * sigmoid(x)
    Silu,
    /// x * relu6(x + 3) / 6
    Hswish,
}

/// What a pool takes of its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pool {
    /// The mean of the valid cells (padding does not count).
    Avg,
    /// The greatest.
    Max,
}

/// A primitive operation. Shapes leave out the batch, and time where it is
/// implicit. The parameters of each are listed in the order of [`super::Node::params`].
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// An input of the region.
    Input,
    /// One of its inputs, by the decisions: exactly one edge is active.
    Select,
    /// `[c, h, w]` to `[c_out, h', w']`. Kernel `[c_out, c / groups, k, k]`, then bias `[c_out]` if any.
    Conv {
        /// The window.
        window: Window,
        /// Groups; as many as channels for a depthwise one.
        groups: usize,
        /// Whether there is a bias.
        bias: bool,
    },
    /// `[c, t]` to `[c_out, t']`. Kernel `[c_out, c, k]`, then bias if any.
    Conv1d {
        /// The window.
        window: Window,
        /// Whether there is a bias.
        bias: bool,
    },
    /// `[d, ..]` to `[out, ..]`. Matrix `[out, d]`, then bias `[out]` if any.
    Linear {
        /// Whether there is a bias.
        bias: bool,
    },
    /// Batch norm over all but the first dimension. Scale, offset, mean and variance, all `[c]`.
    BatchNorm {
        /// Added to the variance.
        eps: f64,
        /// How much of the moving statistics a step keeps.
        decay: f64,
    },
    /// Layer norm over all dimensions `[d]` or over the last of `[t, d]`. Scale and offset.
    LayerNorm {
        /// Added to the variance.
        eps: f64,
    },
    /// A function of each number.
    Activation(Activation),
    /// Its input, unchanged.
    Identity,
    /// Zeros of its input's shape; depends on nothing.
    Zero,
    /// `[c, h, w]` to `[c, h', w']`.
    Pool {
        /// Mean or greatest.
        pool: Pool,
        /// The window.
        window: Window,
    },
    /// `[c, h, w]` to `[c]`: the mean over height and width.
    GlobalAvgPool,
    /// `[c, h, w]`: the value at (y + dy, x + dx), zero outside.
    Shift {
        /// Rows.
        dy: i64,
        /// Columns.
        dx: i64,
    },
    /// The `index`th of `of` equal parts along the first dimension.
    Chunk {
        /// Which part.
        index: usize,
        /// Of how many.
        of: usize,
    },
    /// Inputs one after another along the first dimension.
    Concat,
    /// The sum of the active inputs; zeros of the node's shape when there are none.
    Sum,
    /// The mean of the active inputs; at least one is active.
    Mean,
    /// First minus second.
    Sub,
    /// First times second, number by number.
    Mul,
    /// Every number times a constant, plus a constant.
    Affine {
        /// The factor.
        scale: f64,
        /// Added after it.
        offset: f64,
    },
    /// Tokens to `[d]`. Matrix `[vocab, d]`.
    Embed,
    /// A recurrence over time: the region's inputs are x(t) and the state,
    /// its output is the next state, and all outputs in order are the result.
    Scan {
        /// Its body.
        region: RegionId,
    },
    /// Dropout; the recipe gives the rate of the site.
    Dropout {
        /// The site's name.
        site: String,
    },
    /// Drops the whole path of an example; the recipe gives the rate.
    DropPath {
        /// How much of that rate it takes, 0 to 1.
        share: f64,
    },
    /// `[c, h, w]` times a gate per channel: gap, linear to c / r, relu, linear
    /// back, sigmoid. Matrix, bias, matrix, bias.
    SqueezeExcite {
        /// c / r
        hidden: usize,
    },
    /// `[t, d]`: multi-head self-attention. Matrices for query, key, value and
    /// result, each `[d, d]`.
    Attention {
        /// Heads.
        heads: usize,
    },
    /// An operation that the space declares and does not define (`extern op`).
    /// It owns parameters that are no part of the table.
    Extern {
        /// Its name.
        name: String,
        /// How many numbers it trains.
        params: u64,
        /// Its multiply-adds.
        flops: u64,
    },
}

impl Op {
    /// Whether the order of its operands is no matter.
    #[must_use]
    pub fn is_commutative(&self) -> bool {
        matches!(self, Self::Sum | Self::Mean | Self::Mul)
    }

    /// Its name in the language, and the kind of node in drawings and dumps.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Select => "select",
            Self::Conv { groups: 1, .. } => "conv",
            Self::Conv { .. } => "depthwise",
            Self::Conv1d { .. } => "conv1d",
            Self::Linear { .. } => "linear",
            Self::BatchNorm { .. } => "bn",
            Self::LayerNorm { .. } => "layer_norm",
            Self::Activation(Activation::Relu) => "relu",
            Self::Activation(Activation::Tanh) => "tanh",
            Self::Activation(Activation::Sigmoid) => "sigmoid",
            Self::Activation(Activation::Gelu) => "gelu",
            Self::Activation(Activation::Silu) => "silu",
            Self::Activation(Activation::Hswish) => "hswish",
            Self::Identity => "identity",
            Self::Zero => "zero",
            Self::Pool {
                pool: Pool::Avg, ..
            } => "avg_pool",
            Self::Pool {
                pool: Pool::Max, ..
            } => "max_pool",
            Self::GlobalAvgPool => "gap",
            Self::Shift { .. } => "shift",
            Self::Chunk { .. } => "split",
            Self::Concat => "concat",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Affine { .. } => "affine",
            Self::Embed => "embed",
            Self::Scan { .. } => "scan",
            Self::Dropout { .. } => "drop",
            Self::DropPath { .. } => "drop_path",
            Self::SqueezeExcite { .. } => "squeeze_excite",
            Self::Attention { .. } => "attention",
            Self::Extern { .. } => "extern",
        }
    }
}

impl Op {
    /// What kind of operation it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Conv { .. }
            | Self::Conv1d { .. }
            | Self::Linear { .. }
            | Self::Embed
            | Self::SqueezeExcite { .. }
            | Self::Attention { .. } => Kind::Weights,
            Self::BatchNorm { .. } | Self::LayerNorm { .. } => Kind::Norm,
            Self::Activation(_) => Kind::Activation,
            Self::Pool { .. } | Self::GlobalAvgPool => Kind::Pool,
            Self::Sum | Self::Mean | Self::Concat => Kind::Merge,
            _ => Kind::Other,
        }
    }
}

/// What drawings tell apart by colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Products with learnt weights.
    Weights,
    /// Normalisations.
    Norm,
    /// Functions of one number.
    Activation,
    /// Pools.
    Pool,
    /// Sums, means and concatenations.
    Merge,
    /// Anything else.
    Other,
}

/// The name with what distinguishes it: `conv 3x3 /2`, `split 1 of 2`.
impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Conv { window, .. } | Self::Pool { window, .. } => {
                write!(f, " {0}x{0}", window.size)?;
                if window.stride > 1 {
                    write!(f, " /{}", window.stride)?;
                }
                Ok(())
            }
            Self::Conv1d { window, .. } => write!(f, " {}", window.size),
            Self::Chunk { index, of } => write!(f, " {} of {of}", index + 1),
            Self::Dropout { site } => write!(f, " {site}"),
            Self::Extern { name, .. } => write!(f, " {name}"),
            _ => Ok(()),
        }
    }
}
