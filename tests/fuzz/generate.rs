//! Programs that mean something: names are declared, kinds fit mostly, shapes often.

use rand::Rng;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tensor,
    Int,
    Truth,
    Op,
    List,
    Family,
}

const KINDS: [Kind; 6] = [
    Kind::Tensor,
    Kind::Int,
    Kind::Truth,
    Kind::Op,
    Kind::List,
    Kind::Family,
];

/// A whole file with one space.
pub fn program(rng: &mut ChaCha8Rng) -> String {
    let mut program = Program {
        rng,
        text: String::new(),
        names: Vec::new(),
        depth: 0,
        fresh: 0,
    };
    program.file();
    program.text
}

struct Program<'a> {
    rng: &'a mut ChaCha8Rng,
    text: String,
    names: Vec<(String, Kind)>,
    depth: usize,
    fresh: usize,
}

impl Program<'_> {
    fn file(&mut self) {
        self.text += "use std::vision.{conv_bn, sep_conv, fit}\n";
        self.text += "ops Set = { relu, tanh, conv: conv(3), pool: max_pool(3), none: zero }\n";
        self.names.push(("Set".to_owned(), Kind::Op));
        for _ in 0..self.rng.random_range(0..4) {
            self.function();
        }
        self.text += "space s(n: int = 3) {\n  input x: [4, 8, 8]\n  output y: [2]\n";
        self.names.push(("n".to_owned(), Kind::Int));
        self.names.push(("x".to_owned(), Kind::Tensor));
        for _ in 0..self.rng.random_range(1..12) {
            self.stmt("  ");
        }
        if self.rng.random_bool(0.3) {
            self.requirement();
        }
        let last = self.tensor();
        self.text += &format!("  y = {last} |> gap |> linear(2)\n}}\n");
    }

    fn function(&mut self) {
        let kind = self.one(&["op", "block", "cell"]);
        let name = self.name("f");
        let outer = self.names.clone();
        self.names.push(("a".to_owned(), Kind::Tensor));
        self.names.push(("k".to_owned(), Kind::Int));
        let result = self.one(&["", "", " -> [c, h, w]"]);
        self.text += &format!("{kind} {name}(a: [c, h, w], k: int = 3){result} {{\n");
        for _ in 0..self.rng.random_range(0..4) {
            self.stmt("  ");
        }
        let value = match self.rng.random_range(0..6) {
            // Recursion, which ends or not.
            0 => format!("if k <= 0 {{ a }} else {{ {name}(a, k - 1) + {name}(a, k - 1) }}"),
            _ => self.tensor(),
        };
        self.text += &format!("  return {value}\n}}\n");
        self.names = outer;
        self.names.push((name, Kind::Op));
    }

    fn stmt(&mut self, indent: &str) {
        self.depth += 1;
        self.text += indent;
        let deeper = format!("{indent}  ");
        match self.rng.random_range(0..if self.depth > 4 { 3 } else { 7 }) {
            0 => {
                let kind = *KINDS.choose(self.rng).unwrap_or(&Kind::Int);
                let value = self.value(kind);
                let name = self.name("v");
                let word = if kind == Kind::Family { "nodes" } else { "let" };
                self.text += &format!("{word} {name} = {value}\n");
                self.names.push((name, kind));
            }
            1 | 2 => {
                let kind = self.one(&[Kind::Tensor, Kind::Tensor, Kind::Int]);
                let name = self.known(kind);
                let value = self.value(kind);
                self.text += &format!("{name} = {value}\n");
            }
            3 => {
                let range = self.range();
                let index = self.name("i");
                self.text += &format!("for {index} in {range} {{\n");
                self.body(&deeper, Some((index, Kind::Int)));
                self.text += &format!("{indent}}}\n");
            }
            4 => {
                let truth = self.truth();
                self.text += &format!("if {truth} {{\n");
                self.body(&deeper, None);
                self.text += indent;
                if self.rng.random_bool(0.5) {
                    self.text += "} else {\n";
                    self.body(&deeper, None);
                    self.text += indent;
                }
                self.text += "}\n";
            }
            5 => {
                let (name, index) = (self.name("h"), self.name("i"));
                let (seed, end) = (self.tensor(), self.rng.random_range(2..6));
                self.text += &format!(
                    "nodes {name} = [{seed}]\n{indent}nodes {name}[{index} in 1..{end}] {{\n"
                );
                self.names.push((name.clone(), Kind::Family));
                let picked = self.pick(&format!("{name}[..{index}]"));
                let outer = self.names.clone();
                self.text += &format!("{deeper}let p = {picked}\n");
                self.names.push(("p".to_owned(), Kind::Tensor));
                self.names.push((index.clone(), Kind::Int));
                self.stmt(&deeper);
                let value = self.tensor();
                self.text += &format!("{deeper}{name}[{index}] = {value}\n{indent}}}\n");
                self.names = outer;
            }
            _ => self.requirement(),
        }
        self.depth -= 1;
    }

    fn body(&mut self, indent: &str, variable: Option<(String, Kind)>) {
        let outer = self.names.clone();
        self.names.extend(variable);
        for _ in 0..self.rng.random_range(1..3) {
            self.stmt(indent);
        }
        self.names = outer;
    }

    fn requirement(&mut self) {
        let what = self.one(&["params", "flops"]);
        let bound = self.one(&["1K", "10K", "1M", "0", "3.5M"]);
        let family = self.known(Kind::Family);
        let truth = self.truth();
        let requirement = self.one(&[
            format!("{what} <= {bound}"),
            format!("edges({family}) <= 3"),
            format!("connected({family})"),
            truth,
        ]);
        self.text += &format!("  require {requirement}\n");
    }

    fn value(&mut self, kind: Kind) -> String {
        match kind {
            Kind::Tensor => self.tensor(),
            Kind::Int => self.int(),
            Kind::Truth => self.truth(),
            Kind::Op => self.op(),
            Kind::List => self.list(),
            Kind::Family => format!("[{}, {}]", self.tensor(), self.tensor()),
        }
    }

    fn tensor(&mut self) -> String {
        if self.depth > 7 {
            return self.known(Kind::Tensor);
        }
        self.depth += 1;
        let value = match self.rng.random_range(0..11) {
            0..4 => self.known(Kind::Tensor),
            4 => format!("{} + {}", self.tensor(), self.tensor()),
            5 => format!("({})({})", self.op(), self.tensor()),
            6 => format!("{} |> {}", self.tensor(), self.op()),
            7 => format!("sum({})", self.list()),
            8 => format!(
                "if {} {{ {} }} else {{ {} }}",
                self.truth(),
                self.tensor(),
                self.tensor()
            ),
            9 => {
                let family = self.known(Kind::Family);
                self.pick(&family)
            }
            _ => format!("{}[{}]", self.known(Kind::Family), self.int()),
        };
        self.depth -= 1;
        value
    }

    fn list(&mut self) -> String {
        let family = self.known(Kind::Family);
        match self.rng.random_range(0..6) {
            0 => format!("loose({family})"),
            1 => format!("pick any of {family}"),
            2 => format!("for q in loose({family}): conv(q, 1, 4) @per(q)"),
            3 => format!(
                "for q in pick 1..=2 of {family}: {}(q)",
                self.one(&["relu", "bn", "conv(1)"])
            ),
            4 => format!("for j in {}: {}", self.range(), self.tensor()),
            _ => self.known(Kind::List),
        }
    }

    fn pick(&mut self, from: &str) -> String {
        match self.rng.random_range(0..4) {
            0 => format!("sum(pick any of {from})"),
            1 => format!("mean(pick some of {from})"),
            _ => format!("pick 1 of {from}"),
        }
    }

    fn op(&mut self) -> String {
        match self.rng.random_range(0..9) {
            0 => "relu".to_owned(),
            1 => format!("conv({})", self.int()),
            2 => format!("conv(1, {})", self.int()),
            3 => "choose Set".to_owned(),
            4 => format!(
                "choose {{ a: {}, b: {} }}",
                self.one(&["relu", "bn", "sep_conv(3)"]),
                self.known(Kind::Op)
            ),
            5 => format!("conv(3) @per({})", self.one(&["n", "x", "v1"])),
            6 => "max_pool(2, stride = 2)".to_owned(),
            _ => self.known(Kind::Op),
        }
    }

    fn int(&mut self) -> String {
        match self.rng.random_range(0..9) {
            0..3 => self.rng.random_range(0..6).to_string(),
            3 => format!("choose {}", self.range()),
            4 => format!("choose [1, 3, {}]", self.rng.random_range(0..9)),
            5 => format!(
                "({} {} 2)",
                self.known(Kind::Int),
                self.one(&["+", "*", "-", "%", "/"])
            ),
            6 => format!("len({})", self.known(Kind::Family)),
            _ => self.known(Kind::Int),
        }
    }

    fn truth(&mut self) -> String {
        match self.rng.random_range(0..6) {
            0 => "choose [true, false]".to_owned(),
            1 => format!(
                "{} {} {}",
                self.int(),
                self.one(&["<", "==", ">="]),
                self.int()
            ),
            2 => format!("not ({})", self.known(Kind::Truth)),
            3 => format!(
                "({} {} {})",
                self.known(Kind::Truth),
                self.one(&["and", "or"]),
                self.known(Kind::Truth)
            ),
            4 => format!("{} in 1..4", self.known(Kind::Int)),
            _ => self.known(Kind::Truth),
        }
    }

    fn range(&mut self) -> String {
        match self.rng.random_range(0..4) {
            0 => "0..choose 1..=3".to_owned(),
            1 => format!("0..{}", self.known(Kind::Int)),
            _ => format!("0..{}", self.rng.random_range(1..4)),
        }
    }

    /// A name of a kind, or a value where there is none.
    fn known(&mut self, kind: Kind) -> String {
        let names: Vec<&String> = self
            .names
            .iter()
            .filter(|(_, other)| *other == kind)
            .map(|(name, _)| name)
            .collect();
        if let Some(name) = names.choose(self.rng) {
            return (*name).clone();
        }
        let value = match kind {
            Kind::Tensor => "x",
            Kind::Int => "2",
            Kind::Truth => "true",
            Kind::Op => "relu",
            Kind::List | Kind::Family => "[x, x]",
        };
        value.to_owned()
    }

    fn name(&mut self, prefix: &str) -> String {
        self.fresh += 1;
        format!("{prefix}{}", self.fresh)
    }

    fn one<T: Clone>(&mut self, options: &[T]) -> T {
        let at = self.rng.random_range(0..options.len());
        options[at].clone()
    }
}
