//! Primitive operations: shapes, parameters and their keys (the language
//! reference lists them).

use super::arith::as_float;
use super::value::{Given, PerPart, Tensor, Value};
use super::{Evaluator, diagnostics};
use crate::decision::{DecisionId, GuardId};
use crate::graph::{
    Activation, Bank, BankId, Op, Padding, Param, ParamId, Pool, Role, Shape, Window,
};
use crate::hir::Builtin;
use crate::span::Span;

type Bound = [Option<Given>];

impl Evaluator<'_> {
    pub(super) fn primitive(
        &mut self,
        builtin: Builtin,
        bound: &Bound,
        site: Span,
        tie: Option<BankId>,
    ) -> Value {
        let name = builtin.name();
        if tie.is_some() && builtin != Builtin::Linear {
            return self.report(diagnostics::tie_of_no_call(site));
        }
        if builtin == Builtin::Embed {
            return self.embed(bound, site);
        }
        let Some(x) = self.tensor_of(arg(bound, 0)) else {
            return Value::Unknown;
        };
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
            return self.unary_node(Op::Activation(activation), &x, site);
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
            && x.shape.0.len() != rank
        {
            return self.report(diagnostics::primitive_rank(span, name, &x.shape, words));
        }
        match builtin {
            Builtin::Identity => self.unary_node(Op::Identity, &x, site),
            Builtin::Zero => self.node(Op::Zero, x.shape.clone(), x.timed, &[], Vec::new(), site),
            Builtin::DropPath => self.unary_node(Op::DropPath, &x, site),
            Builtin::Drop => {
                let text = arg(bound, 1).map(|given| given.value.clone());
                match text {
                    Some(Value::Text(text)) => {
                        let site_name = text.to_string();
                        self.unary_node(Op::Dropout { site: site_name }, &x, site)
                    }
                    Some(other) => self.report(diagnostics::wrong_kind(site, "a string", &other)),
                    None => Value::Unknown,
                }
            }
            Builtin::Gap => {
                let shape = Shape(x.shape.0.iter().take(1).copied().collect());
                let inputs = [(&x, GuardId::ALWAYS)];
                self.node(Op::GlobalAvgPool, shape, x.timed, &inputs, Vec::new(), site)
            }
            Builtin::Shift => {
                let (Some(dy), Some(dx)) = (self.int_of(arg(bound, 1)), self.int_of(arg(bound, 2)))
                else {
                    return Value::Unknown;
                };
                self.unary_node(Op::Shift { dy, dx }, &x, site)
            }
            Builtin::AvgPool => self.pool(Pool::Avg, &x, bound, site),
            Builtin::MaxPool => self.pool(Pool::Max, &x, bound, site),
            Builtin::Conv => self.conv(&x, bound, site),
            Builtin::Depthwise => self.depthwise(&x, bound, site),
            Builtin::Conv1d => self.conv1d(&x, bound, site),
            Builtin::Linear => self.linear(&x, bound, site, tie),
            Builtin::Bn => self.batch_norm(&x, bound, site),
            Builtin::LayerNorm => self.layer_norm(&x, bound, site),
            Builtin::SqueezeExcite => self.squeeze_excite(&x, bound, site),
            Builtin::Attention => self.attention(&x, bound, site),
            _ => Value::Unknown,
        }
    }

    fn unary_node(&mut self, op: Op, x: &Tensor, site: Span) -> Value {
        let inputs = [(x, GuardId::ALWAYS)];
        self.node(op, x.shape.clone(), x.timed, &inputs, Vec::new(), site)
    }

    // ---- windows

    fn pool(&mut self, pool: Pool, x: &Tensor, bound: &Bound, site: Span) -> Value {
        let Some(window) = self.window(arg(bound, 1), arg(bound, 2), None, arg(bound, 3)) else {
            return Value::Unknown;
        };
        let channels = x.shape.0.first().copied().unwrap_or(0);
        let Some(shape) = self.windowed(x, channels, window, site) else {
            return Value::Unknown;
        };
        let inputs = [(x, GuardId::ALWAYS)];
        self.node(
            Op::Pool { pool, window },
            shape,
            x.timed,
            &inputs,
            Vec::new(),
            site,
        )
    }

    fn conv(&mut self, x: &Tensor, bound: &Bound, site: Span) -> Value {
        let window = self.window(arg(bound, 1), arg(bound, 3), arg(bound, 4), arg(bound, 7));
        let c = x.shape.0.first().copied().unwrap_or(0);
        let c_out = self.optional_size(arg(bound, 2), c);
        let groups = self.optional_size(arg(bound, 5), 1);
        let bias = self.flag(arg(bound, 6));
        let (Some(window), Some(c_out), Some(groups)) = (window, c_out, groups) else {
            return Value::Unknown;
        };
        for channels in [c, c_out] {
            if !channels.is_multiple_of(groups) {
                return self.report(diagnostics::indivisible(
                    site,
                    channels as i64,
                    groups as i64,
                ));
            }
        }
        let Some(shape) = self.windowed(x, c_out, window, site) else {
            return Value::Unknown;
        };
        let kernel = vec![c_out, c / groups, window.size, window.size];
        let mut params = vec![("weight", Role::Weight, kernel)];
        if bias {
            params.push(("bias", Role::Bias, vec![c_out]));
        }
        let op = Op::Conv {
            window,
            groups,
            bias,
        };
        self.with_params("conv", op, shape, x, params, site)
    }

    fn depthwise(&mut self, x: &Tensor, bound: &Bound, site: Span) -> Value {
        let window = self.window(arg(bound, 1), arg(bound, 2), arg(bound, 3), arg(bound, 4));
        let Some(window) = window else {
            return Value::Unknown;
        };
        let c = x.shape.0.first().copied().unwrap_or(0);
        let Some(shape) = self.windowed(x, c, window, site) else {
            return Value::Unknown;
        };
        let op = Op::Conv {
            window,
            groups: c,
            bias: false,
        };
        let kernel = vec![c, 1, window.size, window.size];
        self.with_params(
            "depthwise",
            op,
            shape,
            x,
            vec![("weight", Role::Weight, kernel)],
            site,
        )
    }

    fn conv1d(&mut self, x: &Tensor, bound: &Bound, site: Span) -> Value {
        let window = self.window(arg(bound, 1), arg(bound, 3), arg(bound, 4), arg(bound, 6));
        let c = x.shape.0.first().copied().unwrap_or(0);
        let c_out = self.optional_size(arg(bound, 2), c);
        let bias = self.flag(arg(bound, 5));
        let (Some(window), Some(c_out)) = (window, c_out) else {
            return Value::Unknown;
        };
        let Some(shape) = self.windowed(x, c_out, window, site) else {
            return Value::Unknown;
        };
        let mut params = vec![("weight", Role::Weight, vec![c_out, c, window.size])];
        if bias {
            params.push(("bias", Role::Bias, vec![c_out]));
        }
        let op = Op::Conv1d { window, bias };
        self.with_params("conv1d", op, shape, x, params, site)
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
    fn windowed(&mut self, x: &Tensor, c_out: usize, window: Window, site: Span) -> Option<Shape> {
        let mut sizes = vec![c_out];
        for &side in x.shape.0.get(1..).unwrap_or_default() {
            match window.result(side).filter(|size| *size > 0) {
                Some(size) => sizes.push(size),
                None => {
                    self.report(diagnostics::window_too_large(
                        site,
                        window.extent(),
                        &x.shape,
                    ));
                    return None;
                }
            }
        }
        Some(Shape(sizes))
    }

    // ---- matrices and norms

    fn linear(&mut self, x: &Tensor, bound: &Bound, site: Span, tie: Option<BankId>) -> Value {
        let bias = self.flag(arg(bound, 2));
        let Some(out) = self.size_of(arg(bound, 1)) else {
            return Value::Unknown;
        };
        let Some((&d, rest)) = x.shape.0.split_first() else {
            return self.report(diagnostics::primitive_rank(site, "linear", &x.shape, "[d]"));
        };
        let shape = Shape(std::iter::once(out).chain(rest.iter().copied()).collect());
        let op = Op::Linear { bias };
        let Some(tie) = tie else {
            let mut params = vec![("weight", Role::Weight, vec![out, d])];
            if bias {
                params.push(("bias", Role::Bias, vec![out]));
            }
            return self.with_params("linear", op, shape, x, params, site);
        };
        let tied = self
            .params
            .bank(tie)
            .and_then(|bank| self.params.get(bank.first))
            .map(|param| param.shape.clone())
            .unwrap_or_default();
        if tied != [out, d] || bias {
            return self.report(diagnostics::tie_differs(site, &tied, &[out, d], bias));
        }
        let inputs = [(x, GuardId::ALWAYS)];
        let key = self.key(site);
        let instance = self.instance_path.push("linear", key);
        let value = self.node(op, shape, x.timed, &inputs, vec![tie], site);
        self.instance_path.restore(instance);
        value
    }

    fn batch_norm(&mut self, x: &Tensor, bound: &Bound, site: Span) -> Value {
        let eps = number(arg(bound, 1), 1e-5);
        let decay = number(arg(bound, 2), 0.9);
        let c = x.shape.0.first().copied().unwrap_or(0);
        let params = vec![
            ("scale", Role::Scale, vec![c]),
            ("offset", Role::Offset, vec![c]),
            ("mean", Role::Mean, vec![c]),
            ("variance", Role::Variance, vec![c]),
        ];
        let op = Op::BatchNorm { eps, decay };
        self.with_params("bn", op, x.shape.clone(), x, params, site)
    }

    fn layer_norm(&mut self, x: &Tensor, bound: &Bound, site: Span) -> Value {
        let eps = number(arg(bound, 1), 1e-5);
        let d = x.shape.0.last().copied().unwrap_or(0);
        let params = vec![
            ("scale", Role::Scale, vec![d]),
            ("offset", Role::Offset, vec![d]),
        ];
        let op = Op::LayerNorm { eps };
        self.with_params("layer_norm", op, x.shape.clone(), x, params, site)
    }

    fn squeeze_excite(&mut self, x: &Tensor, bound: &Bound, site: Span) -> Value {
        let Some(r) = self.size_of(arg(bound, 1)) else {
            return Value::Unknown;
        };
        let c = x.shape.0.first().copied().unwrap_or(0);
        if !c.is_multiple_of(r) {
            return self.report(diagnostics::indivisible(site, c as i64, r as i64));
        }
        let hidden = c / r;
        let params = vec![
            ("squeeze", Role::Weight, vec![hidden, c]),
            ("squeeze_bias", Role::Bias, vec![hidden]),
            ("excite", Role::Weight, vec![c, hidden]),
            ("excite_bias", Role::Bias, vec![c]),
        ];
        let op = Op::SqueezeExcite { hidden };
        self.with_params("squeeze_excite", op, x.shape.clone(), x, params, site)
    }

    fn attention(&mut self, x: &Tensor, bound: &Bound, site: Span) -> Value {
        let Some(heads) = self.size_of(arg(bound, 1)) else {
            return Value::Unknown;
        };
        let d = x.shape.0.last().copied().unwrap_or(0);
        if !d.is_multiple_of(heads) {
            return self.report(diagnostics::indivisible(site, d as i64, heads as i64));
        }
        let params = ["query", "key", "value", "result"]
            .into_iter()
            .map(|name| (name, Role::Weight, vec![d, d]))
            .collect();
        let op = Op::Attention { heads };
        self.with_params("attention", op, x.shape.clone(), x, params, site)
    }

    fn embed(&mut self, bound: &Bound, site: Span) -> Value {
        let Some(given) = arg(bound, 0) else {
            return Value::Unknown;
        };
        let Value::Tokens { node, vocab } = given.value else {
            return self.report(diagnostics::wrong_kind(
                given.span,
                "an input of tokens",
                &given.value,
            ));
        };
        let Some(d) = self.size_of(arg(bound, 1)) else {
            return Value::Unknown;
        };
        let tokens = Tensor {
            node,
            region: crate::graph::RegionId(0),
            shape: Shape::default(),
            timed: true,
            tag: super::value::Tag::Plain,
        };
        let params = vec![("weight", Role::Embedding, vec![vocab, d])];
        self.with_params("embed", Op::Embed, Shape(vec![d]), &tokens, params, site)
    }

    // ---- parameters

    /// Adds a node that owns parameters, under the key of this place.
    fn with_params(
        &mut self,
        name: &str,
        op: Op,
        shape: Shape,
        x: &Tensor,
        params: Vec<(&str, Role, Vec<usize>)>,
        site: Span,
    ) -> Value {
        let key = self.key(site);
        let instance = self.instance_path.push(name, key);
        let mut banks = Vec::with_capacity(params.len());
        for (role_name, role, shape) in params {
            match self.bank(role_name, role, shape, site) {
                Some(bank) => banks.push(bank),
                None => {
                    self.instance_path.restore(instance);
                    return Value::Unknown;
                }
            }
        }
        let inputs = [(x, GuardId::ALWAYS)];
        let value = self.node(op, shape, x.timed, &inputs, banks, site);
        self.instance_path.restore(instance);
        value
    }

    /// The bank of the present instance path, `@per` values and role: made on
    /// first use; the same key later gives the same bank.
    fn bank(
        &mut self,
        role_name: &str,
        role: Role,
        shape: Vec<usize>,
        site: Span,
    ) -> Option<BankId> {
        let mut decisions: Vec<DecisionId> = Vec::new();
        let mut elements: Vec<String> = Vec::new();
        for part in &self.per {
            match part {
                PerPart::Decision(decision) if !decisions.contains(decision) => {
                    decisions.push(*decision);
                }
                PerPart::Decision(_) => {}
                PerPart::Element(element) => {
                    let index = self.elements.get(element.index());
                    elements.extend(index.map(|state| state.index.to_string()));
                }
            }
        }
        let path = self.instance_path.as_str().to_owned();
        let key = format!("{path}@{elements:?}{decisions:?}.{role_name}");
        if let Some(&bank) = self.banks.get(&key) {
            let known = self
                .params
                .bank(bank)
                .and_then(|bank| self.params.get(bank.first))
                .map(|param| param.shape.clone())
                .unwrap_or_default();
            if known != shape {
                self.report(diagnostics::shared_shape(site, &known, &shape));
                return None;
            }
            return Some(bank);
        }
        let options: Vec<Vec<String>> = decisions
            .iter()
            .filter_map(|id| self.decisions.point(*id))
            .map(|point| point.options.clone())
            .collect();
        let sizes: Vec<u32> = options.iter().map(|options| options.len() as u32).collect();
        let n: u64 = sizes.iter().map(|&n| u64::from(n)).product();
        if !self.step(n, site) {
            return None;
        }
        let first = ParamId(self.params.params.len() as u32);
        for offset in 0..n {
            let mut values = elements.clone();
            let mut rest = offset;
            let mut chosen: Vec<String> = Vec::new();
            for options in options.iter().rev() {
                let n = options.len() as u64;
                chosen.extend(options.get((rest % n) as usize).cloned());
                rest /= n;
            }
            values.extend(chosen.into_iter().rev());
            let per = if values.is_empty() {
                String::new()
            } else {
                format!("@{}", values.join(","))
            };
            self.params.params.push(Param {
                name: format!("{path}{per}.{role_name}"),
                shape: shape.clone(),
                role,
            });
        }
        let bank = BankId(self.params.banks.len() as u32);
        self.params.banks.push(Bank {
            per: decisions,
            sizes,
            first,
        });
        self.banks.insert(key, bank);
        Some(bank)
    }

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

fn arg(bound: &Bound, place: usize) -> Option<&Given> {
    bound.get(place).and_then(Option::as_ref)
}

fn number(given: Option<&Given>, default: f64) -> f64 {
    given
        .and_then(|given| as_float(&given.value))
        .unwrap_or(default)
}
