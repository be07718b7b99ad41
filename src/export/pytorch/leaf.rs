//! Single steps: which module of torch one is, and what is written where it is run.

use super::super::network::{Slot, Step};
use crate::graph::{Activation, Op, Padding, Pool, Window};
use crate::recipe::Statistics;

/// A step in terms of torch.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    /// Its module, if it is one.
    pub module: Option<Module>,
    pub form: Form,
}

/// A module that torch or the file has.
#[derive(Clone, Debug)]
pub(super) struct Module {
    pub kind: Kind,
    /// The numbers that it is made with, by name, as Python writes them. Those of one kind
    /// have one list of names.
    pub arguments: Vec<(&'static str, String)>,
    /// Its tensors, as its state calls them.
    pub tensors: Vec<(&'static str, Slot)>,
    /// What it is called, where its path does not say that.
    pub name: Option<String>,
    /// Of dropout with a mask that lasts: which mask it is.
    pub mask: Option<(String, Vec<usize>)>,
}

/// A class of modules, but for its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Conv {
        dims: u8,
        same: bool,
        bias: bool,
    },
    Linear {
        bias: bool,
    },
    /// `dims` is 0 for sequences of vectors.
    BatchNorm {
        dims: u8,
        moving: bool,
    },
    LayerNorm,
    Pool {
        max: bool,
        same: bool,
    },
    Embedding,
    WordDropout,
    Dropout,
    SequenceDropout,
    LockedDropout,
    DropPath {
        timed: bool,
    },
    SqueezeExcite,
    SelfAttention,
}

/// What a step does with its operands and its module.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    /// Calls the module.
    Call,
    /// Calls the module on what has the channels last.
    CallOnChannels,
    /// Calls a function of torch.
    Function(&'static str),
    GlobalMean,
    Shift {
        dy: i64,
        dx: i64,
    },
    Chunk {
        index: usize,
        of: usize,
        dim: i64,
    },
    Concat {
        dim: i64,
    },
    Sum,
    Mean,
    Sub,
    Mul,
    Affine {
        scale: String,
        offset: String,
    },
    /// Zeros for as many examples as the operand has; `timed`: as many times too;
    /// `like`: whether the operand has times.
    Zeros {
        shape: Vec<usize>,
        timed: bool,
        like: bool,
    },
    /// Runs the module, the body of a region, over time.
    Scan {
        region: usize,
    },
}

/// What a step of a body is; `in_scan`: of that of a scan.
pub(super) fn leaf(step: &Step, input: &Step, statistics: Statistics, in_scan: bool) -> Leaf {
    let rank = step.shape.len();
    let dim = if rank <= 1 { -1 } else { 1 };
    let shape = |role: usize| step.params.get(role).map_or(&[][..], |slot| &slot.shape);
    let size = |role: usize, dim: usize| shape(role).get(dim).copied().unwrap_or(1);
    let module = |kind, arguments: Vec<(&'static str, String)>, names: &[&'static str]| {
        let tensors = names.iter().copied().zip(step.params.iter().cloned());
        Some(Module {
            kind,
            arguments,
            tensors: tensors.collect(),
            name: match &step.op {
                Op::Dropout { site } => Some(format!("drop_{site}")),
                op if names.is_empty() => Some(op.name().to_owned()),
                _ => None,
            },
            mask: match (&step.op, kind) {
                (Op::Dropout { site }, Kind::LockedDropout) => {
                    Some((site.clone(), step.shape.clone()))
                }
                _ => None,
            },
        })
    };
    let named = |numbers: &[(&'static str, usize)]| {
        let text = |&(name, n): &(&'static str, usize)| (name, n.to_string());
        numbers.iter().map(text).collect::<Vec<_>>()
    };
    let call = |module| Leaf {
        module,
        form: Form::Call,
    };
    let plain = |form| Leaf { module: None, form };
    let linear = ["weight", "bias"];
    match &step.op {
        Op::Conv {
            window,
            groups,
            bias,
        } => {
            let kind = Kind::Conv {
                dims: 2,
                same: needs_same(window, input),
                bias: *bias,
            };
            let arguments = convolution(window, size(0, 1) * groups, size(0, 0), *groups);
            call(module(kind, named(&arguments), &linear))
        }
        Op::Conv1d { window, bias } => {
            let kind = Kind::Conv {
                dims: 1,
                same: needs_same(window, input),
                bias: *bias,
            };
            let arguments = convolution(window, size(0, 1), size(0, 0), 1);
            call(module(kind, named(&arguments), &linear))
        }
        Op::Linear { bias } => {
            let arguments = [("in_features", size(0, 1)), ("out_features", size(0, 0))];
            Leaf {
                module: module(Kind::Linear { bias: *bias }, named(&arguments), &linear),
                form: match rank {
                    0 | 1 => Form::Call,
                    _ => Form::CallOnChannels,
                },
            }
        }
        Op::BatchNorm { eps, decay } => {
            let kind = Kind::BatchNorm {
                dims: match rank {
                    0 | 1 if step.timed => 0,
                    0..=2 => 1,
                    3 => 2,
                    _ => 3,
                },
                moving: statistics == Statistics::Moving,
            };
            let mut arguments = named(&[("num_features", size(0, 0))]);
            arguments.push(("eps", float(*eps)));
            arguments.push(("momentum", float(1.0 - decay)));
            let names = ["weight", "bias", "running_mean", "running_var"];
            let n = if statistics == Statistics::Moving {
                4
            } else {
                2
            };
            call(module(kind, arguments, names.get(..n).unwrap_or_default()))
        }
        Op::LayerNorm { eps } => {
            let mut arguments = named(&[("num_features", size(0, 0))]);
            arguments.push(("eps", float(*eps)));
            call(module(Kind::LayerNorm, arguments, &linear))
        }
        Op::Pool { pool, window } => {
            let kind = Kind::Pool {
                max: *pool == Pool::Max,
                same: needs_same(window, input),
            };
            let arguments = [
                ("kernel_size", window.size),
                ("stride", window.stride),
                ("padding", border(window)),
            ];
            call(module(kind, named(&arguments), &[]))
        }
        Op::Embed => {
            let mut arguments = named(&[("num_embeddings", size(0, 0)), ("width", size(0, 1))]);
            let kind = if step.rate > 0.0 {
                arguments.push(("rate", float(step.rate)));
                Kind::WordDropout
            } else {
                Kind::Embedding
            };
            call(module(kind, arguments, &["weight"]))
        }
        Op::Dropout { .. } => {
            let kind = match (in_scan, step.timed) {
                (true, _) => Kind::LockedDropout,
                (false, true) => Kind::SequenceDropout,
                (false, false) => Kind::Dropout,
            };
            call(module(kind, vec![("rate", float(step.rate))], &[]))
        }
        Op::DropPath { .. } => {
            let kind = Kind::DropPath { timed: step.timed };
            call(module(kind, vec![("rate", float(step.rate))], &[]))
        }
        Op::SqueezeExcite { .. } => {
            let arguments = [("channels", size(0, 1)), ("hidden_channels", size(0, 0))];
            let names = [
                "squeeze.weight",
                "squeeze.bias",
                "excite.weight",
                "excite.bias",
            ];
            call(module(Kind::SqueezeExcite, named(&arguments), &names))
        }
        Op::Attention { heads } => {
            let arguments = [
                ("width", size(0, 1)),
                ("heads", *heads),
                ("inner", size(0, 0)),
            ];
            let names = [
                "query.weight",
                "key.weight",
                "value.weight",
                "result.weight",
            ];
            call(module(Kind::SelfAttention, named(&arguments), &names))
        }
        Op::Activation(function) => plain(Form::Function(match function {
            Activation::Relu => "F.relu",
            Activation::Tanh => "torch.tanh",
            Activation::Sigmoid => "torch.sigmoid",
            Activation::Gelu => "F.gelu",
            Activation::Silu => "F.silu",
            Activation::Hswish => "F.hardswish",
        })),
        Op::GlobalAvgPool => plain(Form::GlobalMean),
        Op::Shift { dy, dx } => plain(Form::Shift { dy: *dy, dx: *dx }),
        Op::Chunk { index, of } => plain(Form::Chunk {
            index: *index,
            of: *of,
            dim,
        }),
        Op::Concat => plain(Form::Concat { dim }),
        Op::Mean => plain(Form::Mean),
        Op::Sub => plain(Form::Sub),
        Op::Mul => plain(Form::Mul),
        Op::Affine { scale, offset } => plain(Form::Affine {
            scale: float(*scale),
            offset: float(*offset),
        }),
        Op::Zero => plain(Form::Zeros {
            shape: step.shape.clone(),
            timed: step.timed,
            like: input.timed,
        }),
        Op::Scan { region } => plain(Form::Scan {
            region: region.index(),
        }),
        // A network has none of the others any more.
        Op::Sum | Op::Input | Op::Select | Op::Identity | Op::Extern { .. } => plain(Form::Sum),
    }
}

fn convolution(
    window: &Window,
    in_channels: usize,
    out_channels: usize,
    groups: usize,
) -> [(&'static str, usize); 7] {
    [
        ("in_channels", in_channels),
        ("out_channels", out_channels),
        ("kernel_size", window.size),
        ("stride", window.stride),
        ("padding", border(window)),
        ("dilation", window.dilation),
        ("groups", groups),
    ]
}

/// Whether the border is [`Padding::Same`]: not of windows that do not overlap and cover
/// the image exactly.
fn needs_same(window: &Window, input: &Step) -> bool {
    let none = |&n: &usize| window.pads(n) == (0, 0);
    let apart = window.size > 1 && window.extent() <= window.stride;
    window.padding == Padding::Same && !(apart && input.shape.iter().skip(1).all(none))
}

/// The padding on both sides; what [`Padding::Same`] needs is known where it is run.
fn border(window: &Window) -> usize {
    match window.padding {
        Padding::Torch => window.extent() / 2,
        Padding::Valid | Padding::Same => 0,
    }
}

/// A number as Python writes it; `1 - 0.9` is 0.1.
fn float(x: f64) -> String {
    let rounded = (x * 1e12).round() / 1e12;
    let close = (rounded - x).abs() <= 1e-15;
    format!("{:?}", if close { rounded } else { x })
}
