//! Names of the program as names of Python.

use std::collections::BTreeSet;

/// What a Python program cannot call its own, or had better not.
const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// What the written file calls something else.
const FILE: &[&str] = &[
    "json",
    "torch",
    "nn",
    "F",
    "Path",
    "Tensor",
    "self",
    "super",
    "load",
    "scan",
    "pad_same",
    "read_safetensors",
    "normalise",
    "MEAN",
    "STD",
    "WEIGHTS",
    "list",
    "tuple",
    "int",
    "float",
    "str",
    "print",
    "State",
    "state",
    "states",
    "Conv1dSame",
    "Conv2dSame",
    "MaxPool2dSame",
    "AvgPool2dSame",
    "BatchNormSequence",
    "DropPath",
    "LockedDropout",
    "SequenceDropout",
    "WordDropout",
    "SqueezeExcite",
    "SelfAttention",
];

/// What every `nn.Module` has.
const MODULE: &[&str] = &[
    "add_module",
    "apply",
    "bfloat16",
    "buffers",
    "call_super_init",
    "children",
    "compile",
    "cpu",
    "cuda",
    "double",
    "dump_patches",
    "eval",
    "extra_repr",
    "float",
    "forward",
    "get_buffer",
    "get_extra_state",
    "get_parameter",
    "get_submodule",
    "half",
    "initial_state",
    "ipu",
    "load_state_dict",
    "modules",
    "mtia",
    "named_buffers",
    "named_children",
    "named_modules",
    "named_parameters",
    "parameters",
    "register_buffer",
    "register_module",
    "register_parameter",
    "requires_grad_",
    "set_extra_state",
    "set_submodule",
    "share_memory",
    "state_dict",
    "to",
    "to_empty",
    "train",
    "training",
    "type",
    "xpu",
    "zero_grad",
];

/// A segment of a path as part of a name: `t[2]` is `t2`, `l=0` is `l0`, `conv#2` is
/// `conv_2`.
pub(super) fn snake(segment: &str) -> String {
    let mut name = String::new();
    for c in segment.chars() {
        match c {
            '[' | ']' | '=' => {}
            c if c.is_ascii_alphanumeric() => name.push(c.to_ascii_lowercase()),
            c if c.is_alphanumeric() => name.extend(c.to_lowercase()),
            _ => name.push('_'),
        }
    }
    name
}

/// A name of the program as the name of a class: `sep_conv` is `SepConv`.
pub(super) fn camel(segment: &str) -> String {
    let mut name = String::new();
    for word in snake(segment).split('_') {
        let mut chars = word.chars();
        name.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        name.push_str(chars.as_str());
    }
    name
}

/// Names that are taken, and new ones beside them.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    taken: BTreeSet<String>,
}

impl Scope {
    /// Of the file: its classes and functions, and the variables that they hide.
    pub fn file() -> Self {
        let taken = KEYWORDS.iter().chain(FILE);
        Self {
            taken: taken.map(|&name| name.to_owned()).collect(),
        }
    }

    /// Of the attributes of a module.
    pub fn module() -> Self {
        let taken = KEYWORDS.iter().chain(MODULE);
        Self {
            taken: taken.map(|&name| name.to_owned()).collect(),
        }
    }

    /// The wish if it can be had, else with a number behind.
    pub fn take(&mut self, wish: &str) -> String {
        self.numbered(wish, "_")
    }

    /// Whether a name can be had.
    pub fn is_free(&self, name: &str) -> bool {
        !self.taken.contains(name)
    }

    /// As [`Self::take`], with `between` before the number.
    pub fn numbered(&mut self, wish: &str, between: &str) -> String {
        let wish = match wish.chars().next() {
            None => "x".to_owned(),
            Some(c) if c.is_numeric() => format!("_{wish}"),
            Some(_) => wish.to_owned(),
        };
        let mut name = wish.clone();
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{wish}{between}{number}");
            number += 1;
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_become_names() {
        let names = ["t[2]", "l=0", "conv#2", "sep_conv", "m[0]"].map(snake);
        assert_eq!(names, ["t2", "l0", "conv_2", "sep_conv", "m0"]);
        let names = ["conv_bn", "Cell", "enas_micro", "m[0]"].map(camel);
        assert_eq!(names, ["ConvBn", "Cell", "EnasMicro", "M0"]);
    }

    #[test]
    fn names_are_python_s_and_taken_once() {
        let mut scope = Scope::module();
        let names = ["conv", "conv", "half", "lambda", "3x"].map(|wish| scope.take(wish));
        assert_eq!(names, ["conv", "conv_2", "half_2", "lambda_2", "_3x"]);
    }
}
