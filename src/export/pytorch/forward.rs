//! The body of `forward`: lines of a unit as statements.
//!
//! What is read once stands inside what reads it as long as that stays short; the rest
//! gets a variable. One that nothing reads any more gives its name to the next.

use std::collections::{BTreeMap, BTreeSet};

use super::super::group::is_index;
use super::class::Class;
use super::expr::Expr;
use super::leaf::Form;
use super::names::{Scope, snake};
use super::unit::{Line, LineForm, Operand, Unit};

/// How long what stands inside something may make it.
const LONG: usize = 68;

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
    for at in 0..unit.lines.len() {
        let value = writer.line(at);
        writer.values.push(value);
    }
    let outputs = unit.outputs.iter();
    let outputs = outputs.map(|&output| writer.operand(output).text);
    let outputs = outputs.collect();
    (writer.text, outputs)
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
    /// The inputs first.
    variables: Vec<Variable>,
    /// By line: what stands for it where it is read.
    values: Vec<Expr>,
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
        let lines = unit.lines.iter().enumerate();
        let last = lines.map(|(at, line)| (indices(line), at)).collect();
        let mut variables = Vec::new();
        for (name, left) in context.inputs.iter().zip(of_inputs) {
            context.scope.take(name);
            variables.push(Variable {
                name: name.clone(),
                left,
                is_plain: true,
            });
        }
        Self {
            context,
            text: String::new(),
            variables,
            values: Vec::new(),
            reads,
            last,
            chunks: BTreeMap::new(),
        }
    }

    /// What stands for a line where it is read.
    fn line(&mut self, at: usize) -> Expr {
        if let Some(made) = self.chunk(at) {
            return made;
        }
        let unit = self.context.unit;
        let line = &unit.lines[at];
        if let LineForm::Step(Form::Scan { .. }) = line.form {
            return self.scan(at);
        }
        let operands = line.operands.iter();
        let mut operands: Vec<Expr> = operands.map(|&operand| self.operand(operand)).collect();
        let mut made = self.expression(line, &operands);
        // The longest operand first.
        while length(&made) > LONG {
            let longest = (0..operands.len()).max_by_key(|&place| length(&operands[place]));
            let Some(longest) = longest else { break };
            // What is broken over lines may be long, if none of its pieces is.
            let short = length(&operands[longest]) <= LONG;
            if made.broken.is_some() && operands.len() > 2 && short {
                break;
            }
            let Operand::Line(place) = line.operands[longest] else {
                break;
            };
            if self.is_variable(&operands[longest]) {
                break;
            }
            operands[longest] = self.assign(place, &operands[longest].clone(), 1);
            made = self.expression(line, &operands);
        }
        let left = self.reads[at];
        if left > 1 && !self.is_chunked(at) || self.is_node(at) {
            return self.assign(at, &made, left);
        }
        made
    }

    /// What is read there.
    fn operand(&self, operand: Operand) -> Expr {
        match operand {
            Operand::Input(place) => self.variable(place),
            // INVARIANT: a line stands behind what it reads.
            Operand::Line(place) => self.values[place].clone(),
        }
    }

    fn variable(&self, variable: usize) -> Expr {
        Expr::variable(variable, &self.variables[variable].name)
    }

    fn is_variable(&self, expr: &Expr) -> bool {
        matches!(expr.reads[..], [only] if self.variables[only].name == expr.text)
    }

    /// What a line computes of its operands.
    fn expression(&self, line: &Line, operands: &[Expr]) -> Expr {
        let part = line.part.map(|part| &self.context.class.parts[part].name);
        let module = part.map_or_else(String::new, |name| format!("self.{name}"));
        match &line.form {
            LineForm::Step(form) => Expr::of(form, &module, operands),
            LineForm::Call => Expr::call(&module, operands, &[]),
            LineForm::Function(class) => {
                Expr::call(&self.context.classes[*class].name, operands, &[])
            }
        }
    }

    /// Whether a line is read by nothing but equal parts of it, which are taken at once.
    fn is_chunked(&self, at: usize) -> bool {
        let unit = self.context.unit;
        let reads = |line: &&Line| line.operands.contains(&Operand::Line(at));
        let mut readers = unit.lines.iter().filter(reads).map(along);
        !unit.outputs.contains(&Operand::Line(at))
            && readers
                .next()
                .is_some_and(|first| first.is_some() && readers.all(|along| along == first))
    }

    /// Whether a line is the node of a family, which has its name.
    fn is_node(&self, at: usize) -> bool {
        let unit = self.context.unit;
        let line = &unit.lines[at];
        let n = n_indices(line);
        n > 0
            && line.path[n - 1].contains('[')
            && line.path.len() <= n + 1
            && self.last.get(&indices(line)) == Some(&at)
            && !unit.outputs.contains(&Operand::Line(at))
    }

    /// Writes an assignment, and gives the variable, which is read `left` times.
    fn assign(&mut self, at: usize, expr: &Expr, left: usize) -> Expr {
        let (name, is_plain) = self.name(at, expr);
        self.statement(&name, expr);
        let variable = self.new_variable(name, left, is_plain);
        self.variable(variable)
    }

    fn new_variable(&mut self, name: String, left: usize, is_plain: bool) -> usize {
        self.variables.push(Variable {
            name,
            left,
            is_plain,
        });
        self.variables.len() - 1
    }

    fn statement(&mut self, names: &str, expr: &Expr) {
        let text = expr.statement(self.context.indent, &format!("{names} = "));
        self.text.push_str(&text);
        for &read in &expr.reads {
            self.variables[read].left = self.variables[read].left.saturating_sub(1);
        }
    }

    /// The name of a line's value, and whether it says nothing: of a node its own; that of
    /// the only variable that it reads, if that says nothing and nothing else reads it; else
    /// what its module or its path says.
    fn name(&mut self, at: usize, expr: &Expr) -> (String, bool) {
        let line = &self.context.unit.lines[at];
        let indices = indices(line);
        let is_last = !indices.is_empty() && self.last.get(&indices) == Some(&at);
        let read: BTreeSet<usize> = expr.reads.iter().copied().collect();
        if let Some(&only) = read.first().filter(|_| read.len() == 1)
            && !self.is_node(at)
        {
            let variable = &self.variables[only];
            if variable.is_plain && variable.left == expr.reads.len() {
                return (variable.name.clone(), true);
            }
        }
        let part = line
            .part
            .map(|part| self.context.class.parts[part].name.clone());
        let segment = line.path.last().filter(|segment| !is_index(segment));
        let is_free = |name: &String| self.context.scope.is_free(name);
        let segment = segment.map(|segment| snake(segment)).filter(is_free);
        let wish = Some(indices).filter(|_| is_last).or(part).or(segment);
        let is_plain = wish.is_none();
        let name = match wish {
            Some(wish) => self.context.scope.take(&wish),
            None => self.again("y"),
        };
        (name, is_plain)
    }

    /// Equal parts of one tensor, when several are read: `u, v = x.chunk(2, dim=-1)`.
    fn chunk(&mut self, at: usize) -> Option<Expr> {
        if let Some(&variable) = self.chunks.get(&at) {
            return Some(self.variable(variable));
        }
        let lines = &self.context.unit.lines;
        let (of, dim) = along(&lines[at])?;
        let operands = &lines[at].operands;
        let together: Vec<usize> = (0..lines.len())
            .filter(|&place| along(&lines[place]) == Some((of, dim)))
            .filter(|&place| lines[place].operands == *operands)
            .collect();
        if together.len() < 2 {
            return None;
        }
        let x = self.operand(operands[0]);
        if self.is_variable(&x) {
            // It is read once here, however many parts there are.
            let left = &mut self.variables[x.reads[0]].left;
            *left = left.saturating_sub(together.len() - 1);
        }
        let mut names = vec!["_".to_owned(); of];
        for place in together {
            let LineForm::Step(Form::Chunk { index, .. }) = lines[place].form else {
                continue;
            };
            let name = self.again(["u", "v", "w"].get(index).unwrap_or(&"z"));
            names[index].clone_from(&name);
            let variable = self.new_variable(name, self.reads[place], true);
            self.chunks.insert(place, variable);
        }
        let parts = Expr::method(&x, &format!("chunk({of}, dim={dim})"));
        self.statement(&names.join(", "), &parts);
        self.chunks
            .get(&at)
            .map(|&variable| self.variable(variable))
    }

    /// A name that says nothing; again that of an earlier value that is not read any more.
    fn again(&mut self, wish: &str) -> String {
        let named = |variable: &&Variable| variable.name == wish;
        let mut earlier = self.variables.iter().filter(named).peekable();
        if earlier.peek().is_some() && earlier.all(|variable| variable.left == 0) {
            return wish.to_owned();
        }
        self.context.scope.take(wish)
    }

    fn scan(&mut self, at: usize) -> Expr {
        let line = &self.context.unit.lines[at];
        let operands = line.operands.iter();
        let operands: Vec<Expr> = operands.map(|&operand| self.operand(operand)).collect();
        let cell = line.part.map(|part| &self.context.class.parts[part].name);
        let cell = cell.map_or_else(String::new, |name| format!("self.{name}"));
        let range = self.context.states.get(&at).cloned().unwrap_or_default();
        let (state, new) = if self.context.states.len() == 1 {
            ("state".to_owned(), "state".to_owned())
        } else {
            let new = self.context.scope.take(&format!("state_{}", range.start));
            (format!("state[{}:{}]", range.start, range.end), new)
        };
        let mut expr = Expr::call("scan", &operands, &[&state]);
        expr.text.insert_str("scan(".len(), &format!("{cell}, "));
        let name = self.context.scope.take("y");
        self.statement(&format!("{name}, {new}"), &expr);
        let variable = self.new_variable(name, self.reads[at], true);
        self.variable(variable)
    }
}

fn length(expr: &Expr) -> usize {
    expr.text.chars().count()
}

/// Of how many parts a line is one, and along what it takes it, if it is one.
fn along(line: &Line) -> Option<(usize, i64)> {
    match line.form {
        LineForm::Step(Form::Chunk { of, dim, .. }) => Some((of, dim)),
        _ => None,
    }
}

/// How many indices a line's path begins with.
fn n_indices(line: &Line) -> usize {
    let indices = line.path.iter().take_while(|segment| is_index(segment));
    indices.count()
}

/// The indices that a line's path begins with: of `t[2].f.sep3` `t2`.
fn indices(line: &Line) -> String {
    let indices = line.path.iter().take(n_indices(line));
    let names: Vec<String> = indices.map(|segment| snake(segment)).collect();
    names.join("_")
}
