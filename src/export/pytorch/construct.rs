//! Calls that make modules, as Python writes them.

use super::helpers::Helper;
use super::leaf::Kind;

/// A call, to be laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub callee: String,
    pub arguments: Vec<String>,
}

/// An argument: a number, or the name of one.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub text: String,
    pub is_number: bool,
}

impl Given {
    fn is(&self, number: &str) -> bool {
        self.is_number && self.text == number
    }
}

/// The call that makes a module from the numbers of [`super::leaf::Module::arguments`], and
/// the helper that it is of, if torch has no such module.
pub(super) fn construct(kind: Kind, given: &[Given]) -> (Call, Option<Helper>) {
    let text = |place: usize| given.get(place).map_or("", |given| given.text.as_str());
    let is = |place: usize, number: &str| given.get(place).is_some_and(|given| given.is(number));
    // The first ones by place, the others by name where they are not the default.
    let mut arguments: Vec<String> = Vec::new();
    let named = |place: usize, name: &str, default: &str| {
        (!is(place, default)).then(|| format!("{name}={}", text(place)))
    };
    let first = |n: usize| (0..n).map(|place| text(place).to_owned());
    let (callee, helper) = match kind {
        Kind::Conv { dims, same, bias } => {
            arguments.extend(first(3));
            arguments.extend(named(3, "stride", "1"));
            let needs_helper = same && !is(3, "1") && !is(2, "1");
            if same && !needs_helper && !is(2, "1") {
                arguments.push("padding=\"same\"".to_owned());
            }
            arguments.extend(named(4, "padding", "0"));
            arguments.extend(named(5, "dilation", "1"));
            arguments.extend(named(6, "groups", "1"));
            if !bias {
                arguments.push("bias=False".to_owned());
            }
            match (dims, needs_helper) {
                (1, true) => ("Conv1dSame", Some(Helper::Conv1dSame)),
                (1, false) => ("nn.Conv1d", None),
                (_, true) => ("Conv2dSame", Some(Helper::Conv2dSame)),
                (_, false) => ("nn.Conv2d", None),
            }
        }
        Kind::Linear { bias } => {
            arguments.extend(first(2));
            if !bias {
                arguments.push("bias=False".to_owned());
            }
            ("nn.Linear", None)
        }
        Kind::BatchNorm { dims, moving } => {
            arguments.extend(first(1));
            arguments.extend(named(1, "eps", "1e-5"));
            if moving {
                arguments.extend(named(2, "momentum", "0.1"));
            } else {
                arguments.push("track_running_stats=False".to_owned());
            }
            match dims {
                0 => ("BatchNormSequence", Some(Helper::BatchNormSequence)),
                1 => ("nn.BatchNorm1d", None),
                2 => ("nn.BatchNorm2d", None),
                _ => ("nn.BatchNorm3d", None),
            }
        }
        Kind::LayerNorm => {
            arguments.extend(first(1));
            arguments.extend(named(1, "eps", "1e-5"));
            ("nn.LayerNorm", None)
        }
        Kind::Pool { max, same } => {
            arguments.extend(first(1));
            let size: Option<usize> = given
                .first()
                .filter(|given| given.is_number)
                .and_then(|given| given.text.parse().ok());
            // Of odd windows at every place both borders are of one size.
            let half = size
                .filter(|size| size % 2 == 1 && is(1, "1"))
                .map(|size| size / 2);
            let needs_helper = same && half.is_none();
            arguments.push(format!("stride={}", text(1)));
            match half.filter(|_| same) {
                Some(half) => arguments.push(format!("padding={half}")),
                None => arguments.extend(named(2, "padding", "0")),
            }
            if !max && arguments.len() > 2 {
                arguments.push("count_include_pad=False".to_owned());
            }
            match (max, needs_helper) {
                (true, true) => ("MaxPool2dSame", Some(Helper::MaxPool2dSame)),
                (true, false) => ("nn.MaxPool2d", None),
                (false, true) => ("AvgPool2dSame", Some(Helper::AvgPool2dSame)),
                (false, false) => ("nn.AvgPool2d", None),
            }
        }
        Kind::Embedding => {
            arguments.extend(first(2));
            ("nn.Embedding", None)
        }
        Kind::WordDropout => {
            arguments.extend(first(3));
            ("WordDropout", Some(Helper::WordDropout))
        }
        Kind::Dropout => {
            arguments.extend(first(1));
            ("nn.Dropout", None)
        }
        Kind::SequenceDropout => {
            arguments.extend(first(1));
            ("SequenceDropout", Some(Helper::SequenceDropout))
        }
        Kind::LockedDropout => {
            arguments.extend(first(1));
            ("LockedDropout", Some(Helper::LockedDropout))
        }
        Kind::DropPath { timed } => {
            arguments.extend(first(1));
            if timed {
                arguments.push("batch=1".to_owned());
            }
            ("DropPath", Some(Helper::DropPath))
        }
        Kind::SqueezeExcite => {
            arguments.extend(first(2));
            ("SqueezeExcite", Some(Helper::SqueezeExcite))
        }
        Kind::SelfAttention => {
            arguments.extend(first(3));
            ("SelfAttention", Some(Helper::SelfAttention))
        }
    };
    let callee = callee.to_owned();
    (Call { callee, arguments }, helper)
}

/// The widest line that is written.
pub(super) const WIDTH: usize = 88;

/// Lays out `before` and a call, indented: on one line, or with its arguments on the next,
/// or each on one.
pub(super) fn layout(indent: usize, before: &str, call: &Call, after: &str) -> String {
    let blank = " ".repeat(indent);
    let Call { callee, arguments } = call;
    let list = arguments.join(", ");
    let one = format!("{blank}{before}{callee}({list}){after}\n");
    if one.chars().count() <= WIDTH + 1 {
        return one;
    }
    let inner = " ".repeat(indent + 4);
    if indent + 4 + list.chars().count() <= WIDTH {
        return format!("{blank}{before}{callee}(\n{inner}{list}\n{blank}){after}\n");
    }
    let mut lines = String::new();
    for argument in arguments {
        lines.push_str(&format!("{inner}{argument},\n"));
    }
    format!("{blank}{before}{callee}(\n{lines}{blank}){after}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: Kind, numbers: &[&str]) -> String {
        let given: Vec<Given> = numbers
            .iter()
            .map(|text| Given {
                text: (*text).to_owned(),
                is_number: !text.starts_with(char::is_alphabetic),
            })
            .collect();
        layout(0, "", &construct(kind, &given).0, "")
    }

    #[test]
    fn what_is_the_default_is_left_out() {
        let conv = Kind::Conv {
            dims: 2,
            same: true,
            bias: false,
        };
        assert_eq!(
            text(conv, &["3", "c", "3", "1", "0", "1", "1"]),
            "nn.Conv2d(3, c, 3, padding=\"same\", bias=False)\n"
        );
        assert_eq!(
            text(conv, &["c", "c", "1", "stride", "0", "1", "c"]),
            "nn.Conv2d(c, c, 1, stride=stride, groups=c, bias=False)\n"
        );
        assert_eq!(
            text(conv, &["c", "c", "k", "2", "0", "1", "1"]),
            "Conv2dSame(c, c, k, stride=2, bias=False)\n"
        );
        let pool = Kind::Pool {
            max: false,
            same: true,
        };
        assert_eq!(
            text(pool, &["3", "1", "0"]),
            "nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)\n"
        );
        assert_eq!(text(pool, &["3", "2", "0"]), "AvgPool2dSame(3, stride=2)\n");
        assert_eq!(text(pool, &["2", "1", "0"]), "AvgPool2dSame(2, stride=1)\n");
    }

    #[test]
    fn long_calls_are_broken() {
        let call = |n: usize| Call {
            callee: "torch.cat".to_owned(),
            arguments: vec!["argument".to_owned(); n],
        };
        assert_eq!(
            layout(4, "x = ", &call(1), ""),
            "    x = torch.cat(argument)\n"
        );
        let two = layout(4, "x = ", &call(8), "");
        assert_eq!(two.lines().count(), 3, "{two}");
        let all = layout(4, "x = ", &call(12), "");
        assert_eq!(all.lines().count(), 14, "{all}");
    }
}
