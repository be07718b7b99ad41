//! What the file says about itself, and how it is used.

use super::super::Subject;
use super::super::network::{Body, Step};
use super::construct::WIDTH;
use super::unit::Unit;
use crate::graph::{cost, select};
use crate::numbers::grouped;
use crate::run::Normalisation;

/// The docstring of the file, what it imports, and what it says of its images.
pub(super) fn head(subject: &Subject, normalisation: Option<&Normalisation>) -> String {
    let space = subject.space;
    let child = select(&space.graph, &space.decisions, subject.architecture);
    let settings = space.settings.iter();
    let settings: Vec<String> = settings
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let line = subject.architecture.to_line(&space.decisions);
    let mut text = format!(
        "\"\"\"A network of the space `{}`, written by enasc.\n\n",
        space.name
    );
    let rows = [
        ("Space", settings.join(" ")),
        ("Decisions", format!("of hash {}", space.decisions.hash())),
        ("Architecture", line),
        (
            "Parameters",
            grouped(cost::child(&space.graph, &child).parameters),
        ),
    ];
    for (name, value) in rows {
        text.push_str(&wrapped(
            &format!("{name:14}"),
            &value.replace('\\', "\\\\"),
        ));
    }
    text.push_str("\"\"\"\n");
    text.push_str(IMPORTS);
    if let Some(Normalisation { mean, std }) = normalisation {
        text.push_str(&format!(
            "# Of the channels of the training images, scaled to 0..1.\n\
             MEAN = {mean:?}\nSTD = {std:?}\n{NORMALISE}"
        ));
    }
    text
}

/// Words behind a heading, in lines that begin below the first word.
fn wrapped(head: &str, words: &str) -> String {
    let mut text = String::new();
    let mut line = head.to_owned();
    let blank = " ".repeat(head.len());
    for word in words.split(' ') {
        let full = line.chars().count() + 1 + word.chars().count() > WIDTH;
        if full && line.trim() != head.trim() {
            text.push_str(line.trim_end());
            text.push('\n');
            line.clone_from(&blank);
        }
        line.push_str(word);
        line.push(' ');
    }
    text + line.trim_end() + "\n"
}

/// The docstring of a class of so many instances.
pub(super) fn class(unit: &Unit, instances: usize, body: Option<usize>) -> String {
    let name = &unit.name;
    let text = match (body, instances) {
        (Some(0), _) => format!("A network of the space `{name}`."),
        (Some(_), _) => format!("One time of the recurrence `{name}`."),
        (None, 1) => format!("`{name}` of the space."),
        (None, n) => format!("`{name}` of the space, {n} times."),
    };
    format!("    \"\"\"{text}\"\"\"\n\n")
}

/// The docstring of the network's `forward`: the shapes of its inputs and outputs.
pub(super) fn forward(subject: &Subject, body: &Body, names: &[String]) -> String {
    let port = |name: &str, step: &Step| {
        let front = if step.timed { "T, B" } else { "B" };
        let sizes: Vec<String> = step.shape.iter().map(usize::to_string).collect();
        format!(
            "{name} ({})",
            [&[front.to_owned()], sizes.as_slice()].concat().join(", ")
        )
    };
    let inputs = names
        .iter()
        .zip(&body.steps)
        .map(|(name, step)| port(name, step));
    let outputs = body.outputs.iter().zip(&subject.space.graph.output_names);
    let outputs = outputs.filter_map(|(&at, name)| Some(port(name, body.steps.get(at)?)));
    let (inputs, outputs): (Vec<_>, Vec<_>) = (inputs.collect(), outputs.collect());
    format!(
        "        \"\"\"{} -> {}.\"\"\"\n",
        inputs.join(", "),
        outputs.join(", ")
    )
}

/// What loads the weights, and a look at the network.
pub(super) fn tail(subject: &Subject, body: &Body, name: &str) -> String {
    let inputs = body.steps.iter().take(body.n_inputs).map(|step| {
        let front: &[usize] = if step.timed { &[5, 1] } else { &[1] };
        let sizes = front.iter().chain(&step.shape).map(usize::to_string);
        let sizes = sizes.collect::<Vec<_>>().join(", ");
        let kind = if step.is_tokens() {
            ", dtype=torch.long"
        } else {
            ""
        };
        format!("torch.zeros({sizes}{kind})")
    });
    let inputs = inputs.collect::<Vec<_>>().join(", ");
    let n = subject.space.graph.output_names.len();
    let scans = body.steps.iter().any(Step::is_scan);
    let shown = if n > 1 || scans { "[0]" } else { "" };
    format!(
        "{READER}\n\ndef load(path: str | Path | None = None) -> {name}:\n    \
         \"\"\"The network with its weights, which lie beside this file; it evaluates.\"\"\"\n    \
         model = {name}()\n    \
         model.load_state_dict(read_safetensors(path or WEIGHTS))\n    \
         return model.eval()\n\n\n\
         if __name__ == \"__main__\":\n    \
         network = load()\n    \
         count = sum(parameter.numel() for parameter in network.parameters())\n    \
         print(f\"{{count}} parameters\")\n    \
         with torch.no_grad():\n        \
         print(network({inputs}){shown})\n"
    )
}

const IMPORTS: &str = "
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WEIGHTS = Path(__file__).with_suffix(\".safetensors\")
";

const NORMALISE: &str = r#"

def normalise(images: Tensor) -> Tensor:
    """Images (B, C, H, W) of bytes as the network was trained on them."""
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (MEAN, STD))
    return (images / 255 - mean.to(images.device)) / std.to(images.device)
"#;

const READER: &str = r#"

def read_safetensors(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, by name."""
    data = bytearray(Path(path).read_bytes())
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            begin, end = (start + offset for offset in entry["data_offsets"])
            flat = torch.frombuffer(data[begin:end], dtype=torch.float32)
            tensors[name] = flat.view(entry["shape"])
    return tensors
"#;
