//! Modules and functions that torch has not, as the file needs them.

use std::collections::BTreeSet;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Helper {
    PadSame,
    Conv1dSame,
    Conv2dSame,
    MaxPool2dSame,
    AvgPool2dSame,
    BatchNormSequence,
    SqueezeExcite,
    SelfAttention,
    DropPath,
    SequenceDropout,
    LockedDropout,
    WordDropout,
    Scan,
    ScanStates,
}

impl Helper {
    /// Another one that it uses.
    pub fn needs(self) -> Option<Self> {
        matches!(
            self,
            Self::Conv1dSame | Self::Conv2dSame | Self::MaxPool2dSame | Self::AvgPool2dSame
        )
        .then_some(Self::PadSame)
    }

    /// Its text, in a file that has these.
    pub fn text(self, all: &BTreeSet<Self>) -> String {
        let text = match self {
            Self::PadSame => PAD_SAME,
            Self::Conv1dSame => CONV1D_SAME,
            Self::Conv2dSame => CONV2D_SAME,
            Self::MaxPool2dSame => MAX_POOL2D_SAME,
            Self::AvgPool2dSame => AVG_POOL2D_SAME,
            Self::BatchNormSequence => BATCH_NORM_SEQUENCE,
            Self::SqueezeExcite => SQUEEZE_EXCITE,
            Self::SelfAttention => SELF_ATTENTION,
            Self::DropPath => DROP_PATH,
            Self::SequenceDropout => SEQUENCE_DROPOUT,
            Self::LockedDropout => LOCKED_DROPOUT,
            Self::WordDropout => WORD_DROPOUT,
            Self::Scan => SCAN,
            Self::ScanStates => SCAN_STATES,
        };
        match self {
            Self::Scan | Self::ScanStates if all.contains(&Self::LockedDropout) => {
                text.replacen("\"\"\"\n    ", &format!("\"\"\"\n{NEW_MASKS}    "), 1)
            }
            _ => text.to_owned(),
        }
    }
}

const PAD_SAME: &str = r#"def pad_same(
    x: Tensor, kernel_size: int, stride: int, dilation: int = 1, value: float = 0.0
) -> Tensor:
    """Pads so that windows give ceil(n / stride) results; an odd pixel goes after."""
    pads = []
    for n in reversed(x.shape[2:]):
        covered = (-(-n // stride) - 1) * stride + (kernel_size - 1) * dilation + 1
        total = max(covered - n, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=value)
"#;

const CONV1D_SAME: &str = r#"class Conv1dSame(nn.Conv1d):
    """A convolution that gives ceil(n / stride) results, as TensorFlow's does."""

    def forward(self, x: Tensor) -> Tensor:
        size, stride, dilation = self.kernel_size[0], self.stride[0], self.dilation[0]
        return super().forward(pad_same(x, size, stride, dilation))
"#;

const CONV2D_SAME: &str = r#"class Conv2dSame(nn.Conv2d):
    """A convolution that gives ceil(n / stride) results, as TensorFlow's does."""

    def forward(self, x: Tensor) -> Tensor:
        size, stride, dilation = self.kernel_size[0], self.stride[0], self.dilation[0]
        return super().forward(pad_same(x, size, stride, dilation))
"#;

const MAX_POOL2D_SAME: &str = r#"class MaxPool2dSame(nn.MaxPool2d):
    """A pool that gives ceil(n / stride) results, as TensorFlow's does."""

    def forward(self, x: Tensor) -> Tensor:
        x = pad_same(x, self.kernel_size, self.stride, value=-torch.inf)
        return super().forward(x)
"#;

const AVG_POOL2D_SAME: &str = r#"class AvgPool2dSame(nn.AvgPool2d):
    """A pool that gives ceil(n / stride) results; the border does not count."""

    def forward(self, x: Tensor) -> Tensor:
        inside = torch.ones_like(x[:1, :1])
        share = super().forward(pad_same(inside, self.kernel_size, self.stride))
        return super().forward(pad_same(x, self.kernel_size, self.stride)) / share
"#;

const BATCH_NORM_SEQUENCE: &str = r#"class BatchNormSequence(nn.BatchNorm1d):
    """Batch norm of sequences (T, B, D), over times and examples."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.flatten(0, 1)).view_as(x)
"#;

const SQUEEZE_EXCITE: &str = r#"class SqueezeExcite(nn.Module):
    """Scales channels by a gate that all of the image decides (arXiv:1709.01507)."""

    def __init__(self, channels: int, hidden_channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, hidden_channels)
        self.excite = nn.Linear(hidden_channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.excite(F.relu(self.squeeze(x.mean((-2, -1)))))
        return x * torch.sigmoid(gate)[:, :, None, None]
"#;

const SELF_ATTENTION: &str = r#"class SelfAttention(nn.Module):
    """Multi-head attention of a sequence (B, T, D) to itself (arXiv:1706.03762)."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, inner, bias=False)
        self.key = nn.Linear(width, inner, bias=False)
        self.value = nn.Linear(width, inner, bias=False)
        self.result = nn.Linear(inner, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (
            linear(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for linear in (self.query, self.key, self.value)
        )
        mixed = F.scaled_dot_product_attention(query, key, value)
        return self.result(mixed.transpose(1, 2).flatten(2))
"#;

const DROP_PATH: &str = r#"class DropPath(nn.Module):
    """Drops all of an example in training; `batch` is the dimension of examples."""

    def __init__(self, rate: float, batch: int = 0) -> None:
        super().__init__()
        self.rate = rate
        self.batch = batch

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        sizes = [n if d == self.batch else 1 for d, n in enumerate(x.shape)]
        return x * F.dropout(x.new_ones(sizes), self.rate)
"#;

const SEQUENCE_DROPOUT: &str = r#"class SequenceDropout(nn.Module):
    """Drops the same numbers of a sequence (T, B, D) at all times."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        return x * F.dropout(torch.ones_like(x[:1]), self.rate)
"#;

const LOCKED_DROPOUT: &str = r#"class LockedDropout(nn.Module):
    """Drops the same numbers at all times of a scan (arXiv:1512.05287)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.mask: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        if self.mask is None:
            self.mask = F.dropout(torch.ones_like(x), self.rate)
        return x * self.mask
"#;

const WORD_DROPOUT: &str = r#"class WordDropout(nn.Embedding):
    """An embedding that drops whole words in training, wherever they stand."""

    def __init__(self, num_embeddings: int, width: int, rate: float) -> None:
        super().__init__(num_embeddings, width)
        self.rate = rate

    def forward(self, tokens: Tensor) -> Tensor:
        x = super().forward(tokens)
        if not self.training:
            return x
        kept = F.dropout(self.weight.new_ones(self.num_embeddings, 1), self.rate)
        return x * F.embedding(tokens, kept)
"#;

const SCAN: &str = r#"def scan(cell: nn.Module, sequence: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """Runs `cell(x, state)` over time: all states, and the last one."""
    states = []
    for x in sequence.unbind(0):
        state = cell(x, state)
        states.append(state)
    return torch.stack(states), state
"#;

const SCAN_STATES: &str = r#"def scan(cell: nn.Module, sequence: Tensor, states: State) -> tuple[Tensor, State]:
    """Runs `cell(x, *states)` over time: all first results, and the last states."""
    results = []
    for x in sequence.unbind(0):
        states = cell(x, *states)
        results.append(states[0])
    return torch.stack(results), states
"#;

/// What a scan begins with where dropout is locked.
const NEW_MASKS: &str = r"    for module in cell.modules():
        if isinstance(module, LockedDropout):
            module.mask = None
";
