//! Primitive operations: shapes, parameters and their keys (the language
//! reference lists them).
//!
//! What a primitive is for given sizes and numbers is its [`Signature`]. Where
//! decisions say some of them, every combination has one, and the node gets a
//! form for each that differs; its parameters are as wide as the widest.

use super::arith::as_float;
use super::cases::{Table, is_by_decisions};
use super::value::{Given, Sizes, Tensor, Value};
use super::{Evaluator, diagnostics};
use crate::decision::GuardId;
use crate::graph::{Activation, BankId, Form, Op, Padding, Pool, Role, Shape, Window};
use crate::hir::Builtin;
use crate::span::Span;

type Bound = [Option<Given>];

/// What a primitive computes, and what it owns: name, role and shape of each
/// parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Signature {
    pub(super) op: Op,
    shape: Shape,
    pub(super) params: Vec<(&'static str, Role, Vec<usize>)>,
}

/// What becomes a node: for all cases together, with a form for each.
struct Made {
    op: Op,
    sizes: Sizes,
    /// Of the widest shape in any case.
    params: Vec<(&'static str, Role, Vec<usize>)>,
    forms: Vec<Form>,
}

impl Signature {
    fn plain(op: Op, shape: &Shape) -> Self {
        Self {
            op,
            shape: shape.clone(),
            params: Vec::new(),
        }
    }
}

impl Evaluator<'_> {
    pub(super) fn primitive(
        &mut self,
        builtin: Builtin,
        bound: &Bound,
        site: Span,
        tie: Option<BankId>,
    ) -> Value {
        if tie.is_some() && builtin != Builtin::Linear {
            return self.report(diagnostics::tie_of_no_call(site));
        }
        let x = match (builtin, arg(bound, 0)) {
            (Builtin::Embed, Some(given)) => self.tokens(given),
            (_, given) => self.tensor_of(given),
        };
        let Some(x) = x else {
            return Value::Unknown;
        };
        let decided = bound
            .iter()
            .flatten()
            .any(|arg| is_by_decisions(&arg.value));
        if !decided && let Some(shape) = x.sizes.known() {
            let Some(signature) = self.signature(builtin, &shape, bound, site) else {
                return Value::Unknown;
            };
            let node = Made {
                op: signature.op,
                sizes: Sizes::of(&signature.shape),
                params: signature.params,
                forms: Vec::new(),
            };
            return self.put(builtin.name(), node, &x, site, tie);
        }
        if matches!(builtin, Builtin::Conv | Builtin::Conv1d | Builtin::Linear) {
            self.warn_of_entangled(&x, site);
        }
        let dims = x.sizes.values();
        let rank = dims.len();
        let given: Vec<Value> = bound
            .iter()
            .map(|given| {
                given
                    .as_ref()
                    .map_or(Value::Unknown, |given| given.value.clone())
            })
            .collect();
        // The first argument stands for the tensor, whose dimensions come before.
        let numbers: Vec<(usize, Value)> = given
            .into_iter()
            .enumerate()
            .skip(1)
            .filter(|(_, value)| is_by_decisions(value))
            .collect();
        let args: Vec<Value> = dims
            .into_iter()
            .chain(numbers.iter().map(|(_, value)| value.clone()))
            .collect();
        let table = self.table(&args, site, |this, args| {
            let sizes = args.iter().take(rank).map(|size| match size {
                Value::Int(size) => *size as usize,
                _ => 0,
            });
            let shape = Shape(sizes.collect());
            let mut bound = bound.to_vec();
            for ((place, _), value) in numbers.iter().zip(args.iter().skip(rank)) {
                if let Some(Some(given)) = bound.get_mut(*place) {
                    given.value = value.clone();
                }
            }
            this.signature(builtin, &shape, &bound, site)
        });
        let Some(table) = table else {
            return Value::Unknown;
        };
        self.build(builtin.name(), &table, &x, site, tie)
    }

    /// The tokens that `embed` reads, as a tensor.
    fn tokens(&mut self, given: &Given) -> Option<Tensor> {
        let Value::Tokens { node, .. } = given.value else {
            if !matches!(given.value, Value::Unknown) {
                self.report(diagnostics::wrong_kind(
                    given.span,
                    "an input of tokens",
                    &given.value,
                ));
            }
            return None;
        };
        Some(Tensor {
            node,
            region: crate::graph::RegionId(0),
            sizes: Sizes::default(),
            timed: true,
            tag: super::value::Tag::Plain,
        })
    }

    /// A node of the signatures that a primitive has.
    fn build(
        &mut self,
        name: &str,
        table: &Table<Signature>,
        x: &Tensor,
        site: Span,
        tie: Option<BankId>,
    ) -> Value {
        let signatures = self.group(table, Signature::clone, |a, b| a == b);
        let Some((_, first)) = signatures.first() else {
            return Value::Unknown;
        };
        if !self.nested(&signatures, site) {
            return Value::Unknown;
        }
        let rank = first.shape.0.len();
        let sizes = self.dimensions(table, rank, |signature| &signature.shape.0);
        // The widest of every parameter.
        let mut params = first.params.clone();
        for (_, signature) in &signatures {
            for ((_, _, widest), (_, _, shape)) in params.iter_mut().zip(&signature.params) {
                for (most, size) in widest.iter_mut().zip(shape) {
                    *most = (*most).max(*size);
                }
            }
        }
        let op = signatures
            .iter()
            .map(|(_, signature)| &signature.op)
            .max_by_key(|op| window_of(op))
            .unwrap_or(&first.op)
            .clone();
        let forms: Vec<Form> = match signatures.as_slice() {
            [_] => Vec::new(),
            _ => signatures
                .iter()
                .map(|(guard, signature)| Form {
                    guard: *guard,
                    op: signature.op.clone(),
                    shape: signature.shape.clone(),
                    params: signature
                        .params
                        .iter()
                        .map(|(_, _, shape)| Shape(shape.clone()))
                        .collect(),
                })
                .collect(),
        };
        let node = Made {
            op,
            sizes,
            params,
            forms,
        };
        self.put(name, node, x, site, tie)
    }

    /// A node in the graph, with the banks of its parameters.
    fn put(
        &mut self,
        name: &str,
        node: Made,
        x: &Tensor,
        site: Span,
        tie: Option<BankId>,
    ) -> Value {
        let Made {
            op,
            sizes,
            params,
            forms,
        } = node;
        let inputs: &[(&Tensor, GuardId)] = match op {
            Op::Zero => &[],
            _ => &[(x, GuardId::ALWAYS)],
        };
        // A primitive without parameters takes no place in the paths of keys.
        if params.is_empty() {
            return self.node_of(op, sizes, x.timed, inputs, Vec::new(), forms, site);
        }
        let key = self.key(site);
        let instance = self.instance_path.push(name, key);
        let banks = match tie {
            Some(tie) => self.tied(tie, &params, site).map(|bank| vec![bank]),
            None => params
                .into_iter()
                .map(|(role_name, role, shape)| self.bank(role_name, role, shape, site))
                .collect(),
        };
        let value = match banks {
            Some(banks) => self.node_of(op, sizes, x.timed, inputs, banks, forms, site),
            None => Value::Unknown,
        };
        self.instance_path.restore(instance);
        value
    }

    /// What a primitive is for a shape and numbers.
    fn signature(
        &mut self,
        builtin: Builtin,
        x: &Shape,
        bound: &Bound,
        site: Span,
    ) -> Option<Signature> {
        let span = arg(bound, 0).map_or(site, |given| given.span);
        let activation = match builtin {
            Builtin::Relu => Some(Activation::Relu),
            Builtin::Tanh => Some(Activation::Tanh),
            Builtin::Sigmoid => Some(Activation::Sigmoid),
            Builtin::Gelu => Some(Activation::Gelu),
            Builtin::Silu => Some(Activation::Silu),
            Builtin::Hswish => Some(Activation::Hswish),
            _ => None,
        };
        if let Some(activation) = activation {
            return Some(Signature::plain(Op::Activation(activation), x));
        }
        let rank = match builtin {
            Builtin::Conv
            | Builtin::Depthwise
            | Builtin::AvgPool
            | Builtin::MaxPool
            | Builtin::Gap
            | Builtin::Shift
            | Builtin::SqueezeExcite => Some((3, "[c, h, w]")),
            Builtin::Conv1d | Builtin::Attention => Some((2, "two dimensions")),
            _ => None,
        };
        if let Some((rank, words)) = rank
            && x.0.len() != rank
        {
            self.report(diagnostics::primitive_rank(span, builtin.name(), x, words));
            return None;
        }
        match builtin {
            Builtin::Identity => Some(Signature::plain(Op::Identity, x)),
            Builtin::Zero => Some(Signature::plain(Op::Zero, x)),
            Builtin::DropPath => self.drop_path(x, bound, site),
            Builtin::Drop => match arg(bound, 1).map(|given| &given.value) {
                Some(Value::Text(text)) => {
                    let site = text.to_string();
                    Some(Signature::plain(Op::Dropout { site }, x))
                }
                other => {
                    let other = other.unwrap_or(&Value::Unknown);
                    self.report(diagnostics::wrong_kind(site, "a string", other));
                    None
                }
            },
            Builtin::Gap => {
                let shape = Shape(x.0.iter().take(1).copied().collect());
                Some(Signature::plain(Op::GlobalAvgPool, &shape))
            }
            Builtin::Shift => {
                let (dy, dx) = (self.int_of(arg(bound, 1))?, self.int_of(arg(bound, 2))?);
                Some(Signature::plain(Op::Shift { dy, dx }, x))
            }
            Builtin::AvgPool => self.pool(Pool::Avg, x, bound, site),
            Builtin::MaxPool => self.pool(Pool::Max, x, bound, site),
            Builtin::Conv => self.conv(x, bound, site),
            Builtin::Depthwise => self.depthwise(x, bound, site),
            Builtin::Conv1d => self.conv1d(x, bound, site),
            Builtin::Linear => self.linear(x, bound, site),
            Builtin::Bn => Some(batch_norm(x, bound)),
            Builtin::LayerNorm => Some(layer_norm(x, bound)),
            Builtin::SqueezeExcite => self.squeeze_excite(x, bound, site),
            Builtin::Attention => self.attention(x, bound, site),
            Builtin::Embed => self.embed(bound),
            _ => None,
        }
    }

    // ---- windows

    fn pool(&mut self, pool: Pool, x: &Shape, bound: &Bound, site: Span) -> Option<Signature> {
        let window = self.window(arg(bound, 1), arg(bound, 2), None, arg(bound, 3))?;
        let channels = x.0.first().copied().unwrap_or(0);
        let shape = self.windowed(x, channels, window, site)?;
        Some(Signature::plain(Op::Pool { pool, window }, &shape))
    }

    fn conv(&mut self, x: &Shape, bound: &Bound, site: Span) -> Option<Signature> {
        let window = self.window(arg(bound, 1), arg(bound, 3), arg(bound, 4), arg(bound, 7))?;
        let c = x.0.first().copied().unwrap_or(0);
        let c_out = self.optional_size(arg(bound, 2), c)?;
        let groups = self.optional_size(arg(bound, 5), 1)?;
        let bias = self.flag(arg(bound, 6));
        for channels in [c, c_out] {
            if !channels.is_multiple_of(groups) {
                self.report(diagnostics::indivisible(
                    site,
                    channels as i64,
                    groups as i64,
                ));
                return None;
            }
        }
        let shape = self.windowed(x, c_out, window, site)?;
        let kernel = vec![c_out, c / groups, window.size, window.size];
        Some(Signature {
            op: Op::Conv {
                window,
                groups,
                bias,
            },
            shape,
            params: with_bias(kernel, bias.then_some(c_out)),
        })
    }

    fn depthwise(&mut self, x: &Shape, bound: &Bound, site: Span) -> Option<Signature> {
        let window = self.window(arg(bound, 1), arg(bound, 2), arg(bound, 3), arg(bound, 4))?;
        let c = x.0.first().copied().unwrap_or(0);
        let shape = self.windowed(x, c, window, site)?;
        Some(Signature {
            op: Op::Conv {
                window,
                groups: c,
                bias: false,
            },
            shape,
            params: with_bias(vec![c, 1, window.size, window.size], None),
        })
    }

    fn conv1d(&mut self, x: &Shape, bound: &Bound, site: Span) -> Option<Signature> {
        let window = self.window(arg(bound, 1), arg(bound, 3), arg(bound, 4), arg(bound, 6))?;
        let c = x.0.first().copied().unwrap_or(0);
        let c_out = self.optional_size(arg(bound, 2), c)?;
        let bias = self.flag(arg(bound, 5));
        let shape = self.windowed(x, c_out, window, site)?;
        Some(Signature {
            op: Op::Conv1d { window, bias },
            shape,
            params: with_bias(vec![c_out, c, window.size], bias.then_some(c_out)),
        })
    }

    fn window(
        &mut self,
        size: Option<&Given>,
        stride: Option<&Given>,
        dilation: Option<&Given>,
        padding: Option<&Given>,
    ) -> Option<Window> {
        let size = self.size_of(size)?;
        let stride = self.optional_size(stride, 1)?;
        let dilation = self.optional_size(dilation, 1)?;
        let padding = match padding.map(|given| (&given.value, given.span)) {
            None | Some((Value::Word("same"), _)) => Padding::Same,
            Some((Value::Word("torch"), _)) => Padding::Torch,
            Some((Value::Word("valid"), _)) => Padding::Valid,
            Some((other, span)) => {
                self.report(diagnostics::wrong_kind(
                    span,
                    "`same`, `torch` or `valid`",
                    other,
                ));
                return None;
            }
        };
        Some(Window {
            size,
            stride,
            dilation,
            padding,
        })
    }

    /// The shape after a window: `c_out` channels, every other side as the
    /// window leaves it.
    fn windowed(&mut self, x: &Shape, c_out: usize, window: Window, site: Span) -> Option<Shape> {
        let mut sizes = Vec::with_capacity(x.0.len());
        sizes.push(c_out);
        for &side in x.0.get(1..).unwrap_or_default() {
            match window.result(side).filter(|size| *size > 0) {
                Some(size) => sizes.push(size),
                None => {
                    self.report(diagnostics::window_too_large(site, window.extent(), x));
                    return None;
                }
            }
        }
        Some(Shape(sizes))
    }

    // ---- matrices

    fn linear(&mut self, x: &Shape, bound: &Bound, site: Span) -> Option<Signature> {
        let bias = self.flag(arg(bound, 2));
        let out = self.size_of(arg(bound, 1))?;
        let Some((&d, rest)) = x.0.split_first() else {
            self.report(diagnostics::primitive_rank(site, "linear", x, "[d]"));
            return None;
        };
        let shape = Shape(std::iter::once(out).chain(rest.iter().copied()).collect());
        Some(Signature {
            op: Op::Linear { bias },
            shape,
            params: with_bias(vec![out, d], bias.then_some(out)),
        })
    }

    fn squeeze_excite(&mut self, x: &Shape, bound: &Bound, site: Span) -> Option<Signature> {
        let r = self.size_of(arg(bound, 1))?;
        let c = x.0.first().copied().unwrap_or(0);
        if !c.is_multiple_of(r) {
            self.report(diagnostics::indivisible(site, c as i64, r as i64));
            return None;
        }
        let hidden = c / r;
        Some(Signature {
            op: Op::SqueezeExcite { hidden },
            shape: x.clone(),
            params: vec![
                ("squeeze", Role::Weight, vec![hidden, c]),
                ("squeeze_bias", Role::Bias, vec![hidden]),
                ("excite", Role::Weight, vec![c, hidden]),
                ("excite_bias", Role::Bias, vec![c]),
            ],
        })
    }

    fn attention(&mut self, x: &Shape, bound: &Bound, site: Span) -> Option<Signature> {
        let heads = self.size_of(arg(bound, 1))?;
        let d = x.0.last().copied().unwrap_or(0);
        // `head`: how wide each head is; without it the heads share d.
        let width = match arg(bound, 2) {
            None if !d.is_multiple_of(heads) => {
                self.report(diagnostics::indivisible(site, d as i64, heads as i64));
                return None;
            }
            None => d,
            given => self.size_of(given)?.saturating_mul(heads),
        };
        let mut params: Vec<(&'static str, Role, Vec<usize>)> = ["query", "key", "value"]
            .into_iter()
            .map(|name| (name, Role::Weight, vec![width, d]))
            .collect();
        params.push(("result", Role::Weight, vec![d, width]));
        Some(Signature {
            op: Op::Attention { heads },
            shape: x.clone(),
            params,
        })
    }

    fn drop_path(&mut self, x: &Shape, bound: &Bound, site: Span) -> Option<Signature> {
        let share = number(arg(bound, 1), 1.0);
        if (0.0..=1.0).contains(&share) {
            return Some(Signature::plain(Op::DropPath { share }, x));
        }
        let span = arg(bound, 1).map_or(site, |given| given.span);
        let found = Value::Float(share);
        self.report(diagnostics::wrong_kind(span, "a share from 0 to 1", &found));
        None
    }

    fn embed(&mut self, bound: &Bound) -> Option<Signature> {
        let vocab = match arg(bound, 0).map(|given| &given.value) {
            Some(Value::Tokens { vocab, .. }) => *vocab,
            _ => return None,
        };
        let d = self.size_of(arg(bound, 1))?;
        Some(Signature {
            op: Op::Embed,
            shape: Shape(vec![d]),
            params: vec![("weight", Role::Embedding, vec![vocab, d])],
        })
    }

    // ---- arguments

    fn optional_size(&mut self, given: Option<&Given>, default: usize) -> Option<usize> {
        match given {
            None => Some(default),
            given => self.size_of(given),
        }
    }

    fn flag(&mut self, given: Option<&Given>) -> bool {
        match given.map(|given| (&given.value, given.span)) {
            None => false,
            Some((Value::Bool(value), _)) => *value,
            Some((other, span)) => {
                self.report(diagnostics::wrong_kind(span, "`true` or `false`", other));
                false
            }
        }
    }
}

/// The side of an operation's window, to tell which form is the widest.
fn window_of(op: &Op) -> usize {
    match op {
        Op::Conv { window, .. } | Op::Conv1d { window, .. } | Op::Pool { window, .. } => {
            window.size
        }
        _ => 0,
    }
}

/// A weight, and a bias of so many numbers if there is one.
fn with_bias(weight: Vec<usize>, bias: Option<usize>) -> Vec<(&'static str, Role, Vec<usize>)> {
    let mut params = vec![("weight", Role::Weight, weight)];
    params.extend(bias.map(|n| ("bias", Role::Bias, vec![n])));
    params
}

fn batch_norm(x: &Shape, bound: &Bound) -> Signature {
    let eps = number(arg(bound, 1), 1e-5);
    let decay = number(arg(bound, 2), 0.9);
    let c = x.0.first().copied().unwrap_or(0);
    Signature {
        op: Op::BatchNorm { eps, decay },
        shape: x.clone(),
        params: vec![
            ("scale", Role::Scale, vec![c]),
            ("offset", Role::Offset, vec![c]),
            ("mean", Role::Mean, vec![c]),
            ("variance", Role::Variance, vec![c]),
        ],
    }
}

fn layer_norm(x: &Shape, bound: &Bound) -> Signature {
    let eps = number(arg(bound, 1), 1e-5);
    let d = x.0.last().copied().unwrap_or(0);
    Signature {
        op: Op::LayerNorm { eps },
        shape: x.clone(),
        params: vec![
            ("scale", Role::Scale, vec![d]),
            ("offset", Role::Offset, vec![d]),
        ],
    }
}

fn arg(bound: &Bound, place: usize) -> Option<&Given> {
    bound.get(place).and_then(Option::as_ref)
}

fn number(given: Option<&Given>, default: f64) -> f64 {
    given
        .and_then(|given| as_float(&given.value))
        .unwrap_or(default)
}
