//! The body of `forward`: lines of a unit as statements.
//!
//! What is read once stands inside what reads it as long as that stays short; the rest
//! gets a variable. One that nothing reads any more gives its name to the next.

use std::collections::BTreeMap;

use super::class::Class;
use super::construct::{Call, layout};
use super::leaf::Form;
use super::names::{Scope, is_index, snake};
use super::unit::{Line, LineForm, Operand, Unit};

/// How long what stands inside something may make it.
const LONG: usize = 60;

/// What the statements of a unit are about.
pub(super) struct Context<'a> {
    pub unit: &'a Unit,
    pub class: &'a Class,
    /// By [`super::unit::ClassId`].
    pub classes: &'a [Class],
    /// The names of the inputs.
    pub inputs: &'a [String],
    /// Names that variables must not have.
    pub scope: Scope,
    /// How far the statements are indented.
    pub indent: usize,
    /// Of a whole network: the places of the states of each scan, and how many there are.
    pub states: BTreeMap<usize, std::ops::Range<usize>>,
}

/// The statements of a unit, and the texts of its results.
pub(super) fn statements(context: Context) -> (String, Vec<String>) {
    let unit = context.unit;
    let mut writer = Writer::new(context);
    let mut values: Vec<Option<Expr>> = Vec::new();
    for at in 0..unit.lines.len() {
        let value = writer.line(at, &mut values);
        values.push(value);
    }
    let outputs = unit
        .outputs
        .iter()
        .map(|&output| writer.operand(output, &mut values));
    let outputs: Vec<Expr> = outputs.collect();
    (
        writer.text,
        outputs.into_iter().map(|expr| expr.text).collect(),
    )
}

/// A piece of Python.
#[derive(Clone, Debug)]
struct Expr {
    text: String,
    binds: Binds,
    /// The variables in it, as often as they stand there.
    reads: Vec<usize>,
    /// Its terms, where it is a sum or a list that may be broken over lines.
    broken: Option<Broken>,
}

/// How tightly an expression holds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    Sum,
    Product,
    Atom,
}

/// An expression in pieces.
#[derive(Clone, Debug)]
struct Broken {
    before: String,
    pieces: Vec<String>,
    after: String,
}

/// A name for a value.
#[derive(Clone, Debug)]
struct Variable {
    name: String,
    /// How many reads of it are not written yet.
    left: usize,
    /// Whether the name says nothing, so that the next value may have it.
    is_plain: bool,
}

struct Writer<'a> {
    context: Context<'a>,
    text: String,
    variables: Vec<Variable>,
    /// By input: its variable.
    inputs: Vec<usize>,
    /// How often each line is read.
    reads: Vec<usize>,
    /// The last line behind each index of a path.
    last: BTreeMap<String, usize>,
    /// By line: the variable of a part of a tensor that was written with another one.
    chunks: BTreeMap<usize, usize>,
}

impl<'a> Writer<'a> {
    fn new(mut context: Context<'a>) -> Self {
        let unit = context.unit;
        let mut of_inputs = vec![0; unit.n_inputs];
        let mut reads = vec![0; unit.lines.len()];
        let operands = unit.lines.iter().flat_map(|line| &line.operands);
        for operand in operands.chain(&unit.outputs) {
            match *operand {
                Operand::Input(place) => of_inputs[place] += 1,
                Operand::Line(place) => reads[place] += 1,
            }
        }
        let mut last = BTreeMap::new();
        for (at, line) in unit.lines.iter().enumerate() {
            last.insert(indices(line), at);
        }
        let mut variables = Vec::new();
        for (name, left) in context.inputs.iter().zip(of_inputs) {
            let name = name.clone();
            context.scope.take(&name);
            variables.push(Variable {
                name,
                left,
                is_plain: true,
            });
        }
        Self {
            context,
            text: String::new(),
            inputs: (0..variables.len()).collect(),
            variables,
            reads,
            last,
            chunks: BTreeMap::new(),
        }
    }

    /// What a line gives: what stands for it wherever it is read.
    fn line(&mut self, at: usize, values: &mut [Option<Expr>]) -> Option<Expr> {
        if let Some(made) = self.siblings(at, values) {
            return Some(made);
        }
        let line = &self.context.unit.lines[at];
        if let LineForm::Step(Form::Scan { .. }) = line.form {
            return Some(self.scan(at, values));
        }
        let mut operands: Vec<Expr> = line
            .operands
            .iter()
            .map(|&operand| self.operand(operand, values))
            .collect();
        let mut made = self.expression(at, &operands);
        // The longest operand first.
        while made.text.chars().count() > LONG {
            let longest = (0..operands.len()).max_by_key(|&i| operands[i].text.len());
            let Some(longest) = longest.filter(|&i| !self.is_variable(&operands[i])) else {
                break;
            };
            let Operand::Line(place) = line.operands[longest] else {
                break;
            };
            let uses = line
                .operands
                .iter()
                .filter(|&&other| other == Operand::Line(place));
            let uses = uses.count();
            operands[longest] = self.assign(place, operands[longest].clone(), uses);
            made = self.expression(at, &operands);
        }
        if self.reads[at] > 1 {
            let left = self.reads[at];
            return Some(self.assign(at, made, left));
        }
        Some(made)
    }

    fn is_variable(&self, expr: &Expr) -> bool {
        matches!(expr.reads[..], [only] if self.variables[only].name == expr.text)
    }

    /// What is read, taken out where it is read only here.
    fn operand(&self, operand: Operand, values: &mut [Option<Expr>]) -> Expr {
        match operand {
            Operand::Input(place) => self.variable(self.inputs[place]),
            Operand::Line(place) => match &values[place] {
                Some(expr) => expr.clone(),
                // INVARIANT: a line stands behind what it reads.
                None => self.variable(0),
            },
        }
    }

    fn variable(&self, variable: usize) -> Expr {
        Expr {
            text: self.variables[variable].name.clone(),
            binds: Binds::Atom,
            reads: vec![variable],
            broken: None,
        }
    }

    /// Writes an assignment, and gives the variable, which is read `left` times.
    fn assign(&mut self, at: usize, expr: Expr, left: usize) -> Expr {
        let name = self.name(at, &expr);
        self.statement(&name, &expr);
        let is_plain = self.is_plain(at) || expr_is_only(&expr, &self.variables, &name);
        self.new_variable(name, left, is_plain)
    }

    fn new_variable(&mut self, name: String, left: usize, is_plain: bool) -> Expr {
        self.variables.push(Variable {
            name,
            left,
            is_plain,
        });
        self.variable(self.variables.len() - 1)
    }

    fn statement(&mut self, name: &str, expr: &Expr) {
        let before = format!("{name} = ");
        self.text
            .push_str(&written(self.context.indent, &before, expr));
        for &read in &expr.reads {
            self.variables[read].left = self.variables[read].left.saturating_sub(1);
        }
    }

    /// The name of a line's value: that of the only variable that it reads, if that says
    /// nothing and nothing else reads it; else what its path says.
    fn name(&mut self, at: usize, expr: &Expr) -> String {
        let mut read = expr.reads.clone();
        read.sort_unstable();
        read.dedup();
        if let [only] = read[..] {
            let uses = expr.reads.len();
            let variable = &self.variables[only];
            if variable.is_plain && variable.left == uses {
                return variable.name.clone();
            }
        }
        let line = &self.context.unit.lines[at];
        let indices = indices(line);
        let part = line
            .part
            .and_then(|part| self.context.class.parts.get(part));
        let wish = if !indices.is_empty() && self.last.get(&indices) == Some(&at) {
            indices
        } else if let Some(part) = part {
            part.name.clone()
        } else {
            match line.path.last() {
                Some(segment) if !is_index(segment) => snake(segment),
                _ if !indices.is_empty() => indices,
                _ => "y".to_owned(),
            }
        };
        self.context.scope.take(&wish)
    }

    fn is_plain(&self, at: usize) -> bool {
        let line = &self.context.unit.lines[at];
        line.part.is_none() && line.path.is_empty()
    }

    /// Equal parts of one tensor, when several are read: `u, t = x.chunk(2, dim=-1)`.
    fn siblings(&mut self, at: usize, values: &mut [Option<Expr>]) -> Option<Expr> {
        if let Some(&variable) = self.chunks.get(&at) {
            return Some(self.variable(variable));
        }
        let lines = &self.context.unit.lines;
        let (_, of, dim) = chunk(&lines[at])?;
        let source = lines[at].operands.first().copied()?;
        let together: Vec<(usize, usize)> = lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.operands.first() == Some(&source))
            .filter_map(|(place, line)| {
                let (index, n, along) = chunk(line)?;
                ((n, along) == (of, dim)).then_some((place, index))
            })
            .collect();
        if together.len() < 2 {
            return None;
        }
        // The tensor is read several times, so it has a variable; here it is read once.
        let x = self.operand(source, values);
        for &read in &x.reads {
            let left = &mut self.variables[read].left;
            *left = left.saturating_sub(together.len() - 1);
        }
        let x = Expr {
            text: format!("{}.chunk({of}, dim={dim})", held(&x, Binds::Atom)),
            ..x
        };
        let mut names = vec!["_".to_owned(); of];
        for (place, index) in together {
            let name = self
                .context
                .scope
                .take(["u", "v", "w"].get(index).unwrap_or(&"z"));
            names[index].clone_from(&name);
            let left = self.reads[place];
            self.new_variable(name, left, true);
            self.chunks.insert(place, self.variables.len() - 1);
        }
        self.statement(&names.join(", "), &x);
        self.chunks
            .get(&at)
            .map(|&variable| self.variable(variable))
    }

    fn scan(&mut self, at: usize, values: &mut [Option<Expr>]) -> Expr {
        let line = &self.context.unit.lines[at];
        let sequence = self.operand(line.operands[0], values);
        let part = line
            .part
            .and_then(|part| self.context.class.parts.get(part));
        let cell = part.map_or_else(String::new, |part| format!("self.{}", part.name));
        let range = self.context.states.get(&at).cloned().unwrap_or(0..0);
        let all = self.context.states.len() == 1;
        let (state, new) = if all {
            ("state".to_owned(), "state".to_owned())
        } else {
            let state = format!("state[{}:{}]", range.start, range.end);
            (
                state,
                self.context.scope.take(&format!("state_{}", range.start)),
            )
        };
        let expr = Expr {
            text: format!("scan({cell}, {}, {state})", sequence.text),
            binds: Binds::Atom,
            reads: sequence.reads,
            broken: None,
        };
        let name = self.context.scope.take("y");
        self.statement(&format!("{name}, {new}"), &expr);
        let left = self.reads[at];
        self.new_variable(name, left, true)
    }

    /// What a line computes, of the texts of its operands.
    fn expression(&self, at: usize, operands: &[Expr]) -> Expr {
        let line = &self.context.unit.lines[at];
        let x = |place: usize, binds: Binds| {
            operands
                .get(place)
                .map_or_else(String::new, |expr| held(expr, binds))
        };
        let arguments: Vec<&str> = operands.iter().map(|expr| expr.text.as_str()).collect();
        let arguments = arguments.join(", ");
        let part = line
            .part
            .and_then(|part| self.context.class.parts.get(part));
        let module = part.map_or("", |part| part.name.as_str());
        let mut broken = None;
        let (text, binds) = match &line.form {
            LineForm::Function(class) => {
                let name = self
                    .context
                    .classes
                    .get(*class)
                    .map_or("", |class| &class.name);
                (format!("{name}({arguments})"), Binds::Atom)
            }
            LineForm::Call | LineForm::Step(Form::Call | Form::Scan { .. }) => {
                (format!("self.{module}({arguments})"), Binds::Atom)
            }
            LineForm::Step(form) => match form {
                Form::CallOnChannels => {
                    let x = x(0, Binds::Atom);
                    let text = format!("self.{module}({x}.movedim(1, -1)).movedim(-1, 1)");
                    (text, Binds::Atom)
                }
                Form::Function(name) => (format!("{name}({arguments})"), Binds::Atom),
                Form::GlobalMean => (format!("{}.mean((-2, -1))", x(0, Binds::Atom)), Binds::Atom),
                Form::Shift { dy, dx } => {
                    let pads = format!("({}, {dx}, {}, {dy})", -dx, -dy);
                    (format!("F.pad({arguments}, {pads})"), Binds::Atom)
                }
                Form::Chunk { index, of, dim } => {
                    let x = x(0, Binds::Atom);
                    (format!("{x}.chunk({of}, dim={dim})[{index}]"), Binds::Atom)
                }
                Form::Concat { dim } => {
                    broken = Some(Broken {
                        before: "torch.cat([".to_owned(),
                        pieces: operands
                            .iter()
                            .map(|expr| format!("{},", expr.text))
                            .collect(),
                        after: format!("], dim={dim})"),
                    });
                    (format!("torch.cat([{arguments}], dim={dim})"), Binds::Atom)
                }
                Form::Sum | Form::Mean => {
                    let terms: Vec<String> =
                        operands.iter().map(|expr| held(expr, Binds::Sum)).collect();
                    let sum = terms.join(" + ");
                    let mut pieces = terms;
                    for piece in pieces.iter_mut().skip(1) {
                        piece.insert_str(0, "+ ");
                    }
                    let mean = (*form == Form::Mean).then(|| operands.len());
                    broken = Some(Broken {
                        before: "(".to_owned(),
                        pieces,
                        after: mean.map_or(")".to_owned(), |n| format!(") / {n}")),
                    });
                    match mean {
                        Some(n) => (format!("({sum}) / {n}"), Binds::Product),
                        None => (sum, Binds::Sum),
                    }
                }
                Form::Sub => (
                    format!("{} - {}", x(0, Binds::Sum), x(1, Binds::Product)),
                    Binds::Sum,
                ),
                Form::Mul => {
                    let text = format!("{} * {}", x(0, Binds::Product), x(1, Binds::Atom));
                    (text, Binds::Product)
                }
                Form::Affine { scale, offset } => affine(scale, offset, &x),
                Form::Zeros { shape, timed, like } => {
                    let x = x(0, Binds::Atom);
                    let front = match (timed, like) {
                        (true, _) => format!("*{x}.shape[:2]"),
                        (false, true) => format!("{x}.shape[1]"),
                        (false, false) => format!("{x}.shape[0]"),
                    };
                    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
                    let sizes = [&[front], sizes.as_slice()].concat().join(", ");
                    (
                        format!("torch.zeros({sizes}, device={x}.device)"),
                        Binds::Atom,
                    )
                }
                Form::Call | Form::Scan { .. } => (String::new(), Binds::Atom),
            },
        };
        let reads = operands
            .iter()
            .flat_map(|expr| expr.reads.clone())
            .collect();
        Expr {
            text,
            binds,
            reads,
            broken,
        }
    }
}

/// Which part of a tensor a line is, if it is one: of how many, along what.
fn chunk(line: &Line) -> Option<(usize, usize, i64)> {
    match line.form {
        LineForm::Step(Form::Chunk { index, of, dim }) => Some((index, of, dim)),
        _ => None,
    }
}

fn affine(scale: &str, offset: &str, x: &dyn Fn(usize, Binds) -> String) -> (String, Binds) {
    let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
    let (factor, added) = (number(scale), number(offset));
    let is = |value: f64, other: f64| (value - other).abs() < f64::EPSILON * 0.5;
    if is(factor, -1.0) && !is(added, 0.0) {
        return (format!("{offset} - {}", x(0, Binds::Product)), Binds::Sum);
    }
    let scaled = if is(factor, 1.0) {
        x(0, Binds::Sum)
    } else {
        format!("{scale} * {}", x(0, Binds::Atom))
    };
    if is(added, 0.0) {
        return (scaled, Binds::Product);
    }
    match offset.strip_prefix('-') {
        Some(less) => (format!("{scaled} - {less}"), Binds::Sum),
        None => (format!("{scaled} + {offset}"), Binds::Sum),
    }
}

/// An expression as an operand of something that binds as tightly.
fn held(expr: &Expr, binds: Binds) -> String {
    if expr.binds < binds {
        format!("({})", expr.text)
    } else {
        expr.text.clone()
    }
}

/// Whether an expression reads nothing but one variable, and has its name.
fn expr_is_only(expr: &Expr, variables: &[Variable], name: &str) -> bool {
    !expr.reads.is_empty() && expr.reads.iter().all(|&read| variables[read].name == name)
}

/// The indices that a line's path begins with: of `t[2].f.sep3` `t2`.
fn indices(line: &Line) -> String {
    let indices = line.path.iter().take_while(|segment| is_index(segment));
    indices
        .map(|segment| snake(segment))
        .collect::<Vec<_>>()
        .join("_")
}

/// A statement of an expression, broken where it is long.
fn written(indent: usize, before: &str, expr: &Expr) -> String {
    let call = |text: &str| {
        let open = text.find('(')?;
        let inside = text.strip_suffix(')')?.get(open + 1..)?;
        let arguments = split(inside)?;
        Some(Call {
            callee: text.get(..open)?.to_owned(),
            arguments,
        })
    };
    let blank = " ".repeat(indent);
    let one = format!("{blank}{before}{}\n", expr.text);
    if one.chars().count() <= 89 {
        return one;
    }
    if let Some(broken) = &expr.broken {
        let inner = " ".repeat(indent + 4);
        let pieces = broken
            .pieces
            .iter()
            .map(|piece| format!("{inner}{piece}\n"));
        let pieces: String = pieces.collect();
        return format!(
            "{blank}{before}{}\n{pieces}{blank}{}\n",
            broken.before, broken.after
        );
    }
    match call(&expr.text) {
        Some(call) => layout(indent, before, &call, ""),
        None => one,
    }
}

/// Arguments at the commas outside of brackets; nothing where the brackets are not of one call.
fn split(text: &str) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut depth = 0i32;
    for c in text.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return None;
        }
        match (c, depth) {
            (',', 0) => parts.push(String::new()),
            _ => parts.last_mut()?.push(c),
        }
    }
    Some(parts.iter().map(|part| part.trim().to_owned()).collect())
}
