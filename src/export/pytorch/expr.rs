//! Expressions of Python, and how statements of them are laid out.

use super::construct::{Call, WIDTH, layout};
use super::leaf::Form;

/// An expression.
#[derive(Clone, Debug)]
pub(super) struct Expr {
    pub text: String,
    binds: Binds,
    /// The variables in it, as often as they are read there.
    pub reads: Vec<usize>,
    /// Its pieces, where it may be broken over lines.
    pub broken: Option<Broken>,
}

/// How tightly an expression holds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    Sum,
    Product,
    Atom,
}

/// An expression in pieces, each for a line.
#[derive(Clone, Debug)]
pub(super) struct Broken {
    before: String,
    pieces: Vec<String>,
    after: String,
}

impl Expr {
    /// A variable.
    pub fn variable(variable: usize, name: &str) -> Self {
        Self {
            text: name.to_owned(),
            binds: Binds::Atom,
            reads: vec![variable],
            broken: None,
        }
    }

    /// A call of something with these arguments; `more` are others behind.
    pub fn call(callee: &str, operands: &[Self], more: &[&str]) -> Self {
        let arguments = operands.iter().map(|expr| expr.text.as_str());
        let arguments: Vec<&str> = arguments.chain(more.iter().copied()).collect();
        let text = format!("{callee}({})", arguments.join(", "));
        Self::joined(text, Binds::Atom, operands)
    }

    /// A method of the operand.
    pub fn method(operand: &Self, call: &str) -> Self {
        let text = format!("{}.{call}", operand.held(Binds::Atom));
        Self::joined(text, Binds::Atom, std::slice::from_ref(operand))
    }

    /// What a step does with its operands; `module` is its own, if it has one.
    pub fn of(form: &Form, module: &str, operands: &[Self]) -> Self {
        let Some(first) = operands.first() else {
            return Self::call(module, operands, &[]);
        };
        match form {
            Form::Call | Form::Scan { .. } => Self::call(module, operands, &[]),
            Form::CallOnChannels => {
                let last = Self::method(first, "movedim(1, -1)");
                Self::method(&Self::call(module, &[last], &[]), "movedim(-1, 1)")
            }
            Form::Function(name) => Self::call(name, operands, &[]),
            Form::GlobalMean => Self::method(first, "mean((-2, -1))"),
            Form::Shift { dy, dx } => {
                let pads = format!("({}, {dx}, {}, {dy})", -dx, -dy);
                Self::call("F.pad", operands, &[&pads])
            }
            Form::Chunk { index, of, dim } => {
                Self::method(first, &format!("chunk({of}, dim={dim})[{index}]"))
            }
            Form::Concat { dim } => Self::concat(operands, *dim),
            Form::Sum => Self::sum(operands, None),
            Form::Mean => Self::sum(operands, Some(operands.len())),
            Form::Sub => Self::between(operands, " - ", [Binds::Sum, Binds::Product]),
            Form::Mul => Self::between(operands, " * ", [Binds::Product, Binds::Atom]),
            Form::Affine { scale, offset } => Self::affine(scale, offset, first),
            Form::Zeros { shape, timed, like } => {
                let x = first.held(Binds::Atom);
                let front = match (timed, like) {
                    (true, _) => format!("*{x}.shape[:2]"),
                    (false, true) => format!("{x}.shape[1]"),
                    (false, false) => format!("{x}.shape[0]"),
                };
                let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
                let sizes = [&[front], sizes.as_slice()].concat().join(", ");
                let text = format!("torch.zeros({sizes}, device={x}.device)");
                Self::joined(text, Binds::Atom, operands)
            }
        }
    }

    fn joined(text: String, binds: Binds, operands: &[Self]) -> Self {
        let reads = operands.iter().flat_map(|expr| expr.reads.iter().copied());
        Self {
            text,
            binds,
            reads: reads.collect(),
            broken: None,
        }
    }

    fn between(operands: &[Self], sign: &str, binds: [Binds; 2]) -> Self {
        let held = operands
            .iter()
            .zip(binds)
            .map(|(expr, binds)| expr.held(binds));
        let text = held.collect::<Vec<_>>().join(sign);
        Self::joined(text, binds[0], operands)
    }

    fn concat(operands: &[Self], dim: i64) -> Self {
        let texts: Vec<&str> = operands.iter().map(|expr| expr.text.as_str()).collect();
        let after = format!("], dim={dim})");
        let text = format!("torch.cat([{}{after}", texts.join(", "));
        Self {
            broken: Some(Broken {
                before: "torch.cat([".to_owned(),
                pieces: texts.iter().map(|text| format!("{text},")).collect(),
                after,
            }),
            ..Self::joined(text, Binds::Atom, operands)
        }
    }

    /// The sum, or over `n` the mean.
    fn sum(operands: &[Self], n: Option<usize>) -> Self {
        let mut pieces: Vec<String> = operands.iter().map(|expr| expr.held(Binds::Sum)).collect();
        let sum = pieces.join(" + ");
        for piece in pieces.iter_mut().skip(1) {
            piece.insert_str(0, "+ ");
        }
        let (text, binds, after) = match n {
            Some(n) => (format!("({sum}) / {n}"), Binds::Product, format!(") / {n}")),
            None => (sum, Binds::Sum, ")".to_owned()),
        };
        Self {
            broken: Some(Broken {
                before: "(".to_owned(),
                pieces,
                after,
            }),
            ..Self::joined(text, binds, operands)
        }
    }

    fn affine(scale: &str, offset: &str, x: &Self) -> Self {
        let (text, binds) = match (scale, offset) {
            ("-1.0", offset) if offset != "0.0" => {
                (format!("{offset} - {}", x.held(Binds::Product)), Binds::Sum)
            }
            (scale, "0.0") => (format!("{scale} * {}", x.held(Binds::Atom)), Binds::Product),
            (scale, offset) => {
                let scaled = match scale {
                    "1.0" => x.held(Binds::Sum),
                    scale => format!("{scale} * {}", x.held(Binds::Atom)),
                };
                let text = match offset.strip_prefix('-') {
                    Some(less) => format!("{scaled} - {less}"),
                    None => format!("{scaled} + {offset}"),
                };
                (text, Binds::Sum)
            }
        };
        Self::joined(text, binds, std::slice::from_ref(x))
    }

    /// Its text as an operand of something that binds so.
    fn held(&self, binds: Binds) -> String {
        if self.binds < binds {
            format!("({})", self.text)
        } else {
            self.text.clone()
        }
    }

    /// A statement that ends with it, broken over lines where it is long.
    pub fn statement(&self, indent: usize, before: &str) -> String {
        let blank = " ".repeat(indent);
        let one = format!("{blank}{before}{}\n", self.text);
        if one.chars().count() <= WIDTH + 1 {
            return one;
        }
        if let Some(broken) = &self.broken {
            let mut pieces = String::new();
            for piece in &broken.pieces {
                pieces.push_str(&format!("{blank}    {piece}\n"));
            }
            let Broken {
                before: open,
                after,
                ..
            } = broken;
            return format!("{blank}{before}{open}\n{pieces}{blank}{after}\n");
        }
        match call(&self.text) {
            Some(call) => layout(indent, before, &call, ""),
            None => one,
        }
    }
}

/// The call that a text is, if it is one from its first bracket to its end.
fn call(text: &str) -> Option<Call> {
    let open = text.find('(')?;
    let inside = text.strip_suffix(')')?.get(open + 1..)?;
    let mut arguments = vec![String::new()];
    let mut depth = 0i32;
    for c in inside.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return None;
        }
        match (c, depth) {
            (',', 0) => arguments.push(String::new()),
            _ => arguments.last_mut()?.push(c),
        }
    }
    Some(Call {
        callee: text.get(..open)?.to_owned(),
        arguments: arguments
            .iter()
            .map(|part| part.trim().to_owned())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<Expr> {
        let each = names.iter().enumerate();
        each.map(|(i, name)| Expr::variable(i, name)).collect()
    }

    #[test]
    fn brackets_stand_where_they_must() {
        let abc = names(&["a", "b", "c"]);
        let sum = Expr::of(&Form::Sum, "", &abc[..2]);
        let c = abc[2].clone();
        let text = |form: Form, operands: &[Expr]| Expr::of(&form, "self.m", operands).text;
        let one = std::slice::from_ref(&sum);
        let both = [sum.clone(), c.clone()];
        let other = [c, sum.clone()];
        assert_eq!(text(Form::Mul, &both), "(a + b) * c");
        assert_eq!(text(Form::Sub, &both), "a + b - c");
        assert_eq!(text(Form::Sub, &other), "c - (a + b)");
        assert_eq!(text(Form::Mean, &both), "(a + b + c) / 2");
        assert_eq!(text(Form::GlobalMean, one), "(a + b).mean((-2, -1))");
        assert_eq!(text(Form::Call, one), "self.m(a + b)");
        let affine = |scale: &str, offset: &str| Form::Affine {
            scale: scale.to_owned(),
            offset: offset.to_owned(),
        };
        assert_eq!(text(affine("-1.0", "1.0"), one), "1.0 - (a + b)");
        assert_eq!(text(affine("0.5", "-2.0"), one), "0.5 * (a + b) - 2.0");
        assert_eq!(text(affine("1.0", "2.0"), one), "a + b + 2.0");
    }

    #[test]
    fn long_statements_are_broken_at_their_operands() {
        let long = "long_name_of_a_variable_that_fills_a_line";
        let operands = names(&[long, long, long]);
        let sum = Expr::of(&Form::Mean, "", &operands).statement(4, "y = ");
        let expected =
            format!("    y = (\n        {long}\n        + {long}\n        + {long}\n    ) / 3\n");
        assert_eq!(sum, expected);
        let call = Expr::of(&Form::Function("F.relu"), "", &operands[..2]).statement(0, "y = ");
        assert_eq!(call, format!("y = F.relu(\n    {long}, {long}\n)\n"));
    }
}
