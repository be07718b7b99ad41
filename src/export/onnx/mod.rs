//! A network as an ONNX model, opset 17.
//!
//! Parameters have the names that they have in the `PyTorch` module. What a network carries
//! from one window of a sequence to the next goes in as `state_0`, .. and comes out as
//! `next_state_0`, ..: a recurrence is one `Scan`, whose body is the cell, so sequences may
//! be of any length.

mod graph;
mod ops;
mod proto;

use std::collections::BTreeMap;

use prost::Message as _;

use self::graph::Builder;
use self::proto::{
    AttributeProto, Dimension, FLOAT, GraphProto, INT64, ModelProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, ValueInfoProto,
};
use super::network::{Body, Network, Slot, Step};
use super::weights::Tensor;
use super::{ExportError, Subject};
use crate::recipe::Statistics;

const OPSET: i64 = 17;
/// The version of the format that came with it.
const IR_VERSION: i64 = 8;
/// A message cannot be longer.
const LONGEST: usize = i32::MAX as usize;

/// Writes a network; `names` are those of its tensors, by slot.
pub(super) fn write(
    subject: &Subject,
    network: &Network,
    statistics: Statistics,
    named: &[(String, Slot)],
    tensors: Vec<Tensor>,
) -> Result<Vec<u8>, ExportError> {
    let mut names = BTreeMap::new();
    let mut weights = Vec::new();
    for ((name, slot), tensor) in named.iter().zip(tensors) {
        // What is tied is one tensor.
        if names.insert(slot, name.as_str()).is_none() {
            weights.push(TensorProto {
                dims: sizes(&tensor.shape),
                data_type: FLOAT,
                name: name.clone(),
                raw_data: tensor.bytes,
            });
        } else {
            let first = named.iter().find(|(_, other)| other == slot);
            names.insert(slot, first.map_or("", |(name, _)| name));
        }
    }
    let mut writer = Writer {
        network,
        statistics,
        names,
        builder: Builder::default(),
        states: Vec::new(),
    };
    for weight in &weights {
        writer.builder.name(&weight.name);
    }
    let space = subject.space;
    let (input, output) = writer.main(&space.graph.input_names, &space.graph.output_names);
    let graph = GraphProto {
        input,
        output,
        ..writer.builder.finish(&space.name, weights)
    };
    let about = [
        ("space", space.name.clone()),
        (
            "architecture",
            subject.architecture.to_line(&space.decisions),
        ),
        ("decisions", space.decisions.hash()),
    ];
    let model = ModelProto {
        ir_version: IR_VERSION,
        producer_name: "enasc".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto {
            domain: String::new(),
            version: OPSET,
        }],
        metadata_props: about
            .into_iter()
            .map(|(key, value)| StringStringEntryProto {
                key: key.to_owned(),
                value,
            })
            .collect(),
    };
    match model.encoded_len() {
        0..=LONGEST => Ok(model.encode_to_vec()),
        bytes => Err(ExportError::TooLong { bytes }),
    }
}

struct Writer<'a> {
    network: &'a Network,
    statistics: Statistics,
    /// The names of parameters.
    names: BTreeMap<&'a Slot, &'a str>,
    builder: Builder,
    /// The states of scans.
    states: Vec<State>,
}

impl Writer<'_> {
    /// Adds the nodes of the whole network; gives its inputs and outputs.
    fn main(
        &mut self,
        inputs: &[String],
        outputs: &[String],
    ) -> (Vec<ValueInfoProto>, Vec<ValueInfoProto>) {
        let network = self.network;
        let body = network.main();
        let front = |timed: bool| {
            let time = timed.then(|| Dimension::Param("time".to_owned()));
            time.into_iter()
                .chain([Dimension::Param("batch".to_owned())])
        };
        let port = |name: &str, step: &Step| {
            let kind = if step.is_tokens() { INT64 } else { FLOAT };
            let sizes = sizes(&step.shape).into_iter().map(Dimension::Value);
            ValueInfoProto::tensor(name, kind, front(step.timed).chain(sizes).collect())
        };
        let mut made_inputs = Vec::new();
        let mut values = Vec::new();
        for (name, step) in inputs.iter().zip(&body.steps) {
            let name = self.builder.name(name);
            made_inputs.push(port(&name, step));
            values.push(name);
        }
        let results = self.body(body, values);
        let mut made_outputs = Vec::new();
        for ((name, value), &at) in outputs.iter().zip(results).zip(&body.outputs) {
            let name = self.builder.name(name);
            self.builder
                .add_named("Identity", &[&value], &[&name], Vec::new());
            made_outputs.push(port(&name, &body.steps[at]));
        }
        for State { shape, name, next } in &self.states {
            let info = |name: &str| ValueInfoProto::tensor(name, FLOAT, behind_batch(shape));
            made_inputs.push(info(name));
            made_outputs.push(info(next));
        }
        (made_inputs, made_outputs)
    }

    /// Adds the nodes of a body whose inputs have these names; gives the names of its outputs.
    fn body(&mut self, body: &Body, inputs: Vec<String>) -> Vec<String> {
        let mut values = inputs;
        for step in body.steps.iter().skip(body.n_inputs) {
            let operands: Vec<&Step> = step.inputs.iter().map(|&at| &body.steps[at]).collect();
            let names: Vec<String> = step.inputs.iter().map(|&at| values[at].clone()).collect();
            values.push(self.step(step, &operands, &names));
        }
        let outputs = body.outputs.iter();
        outputs.map(|&output| values[output].clone()).collect()
    }

    /// A recurrence: the body for every time of a sequence.
    fn scan(&mut self, path: &str, region: usize, sequence: &str) -> String {
        let network = self.network;
        let body = &network.bodies[region];
        let info = |name: &str, step: &Step| {
            ValueInfoProto::tensor(name, FLOAT, behind_batch(&step.shape))
        };
        let mut graph = GraphProto {
            name: self.builder.name(&format!("{path}/body")),
            ..GraphProto::default()
        };
        let outside = self.builder.open();
        let mut inputs = Vec::new();
        for step in body.steps.iter().take(body.n_inputs) {
            let name = self.builder.name(&format!("{path}/x"));
            graph.input.push(info(&name, step));
            inputs.push(name);
        }
        // The states stand before what is scanned.
        graph.input.rotate_left(1);
        let results = self.body(body, inputs);
        // The first of the next states is the result as well.
        let results = results.iter().zip(&body.outputs);
        for (value, &at) in results.clone().chain(results.take(1)) {
            let name = self.builder.name(&format!("{path}/y"));
            self.builder
                .add_named("Identity", &[value], &[&name], Vec::new());
            graph.output.push(info(&name, &body.steps[at]));
        }
        graph.node = self.builder.close(outside);

        let mut operands = Vec::new();
        let mut results = Vec::new();
        for state in body.steps.iter().take(body.n_inputs).skip(1) {
            let place = self.states.len();
            operands.push(self.builder.name(&format!("state_{place}")));
            results.push(self.builder.name(&format!("next_state_{place}")));
            self.states.push(State {
                shape: state.shape.clone(),
                name: operands[operands.len() - 1].clone(),
                next: results[results.len() - 1].clone(),
            });
        }
        operands.push(sequence.to_owned());
        let result = self.builder.name(&format!("{path}/Scan"));
        results.push(result.clone());
        let attributes = vec![
            AttributeProto::graph("body", graph),
            AttributeProto::int("num_scan_inputs", 1),
        ];
        let operands: Vec<&str> = operands.iter().map(String::as_str).collect();
        let results: Vec<&str> = results.iter().map(String::as_str).collect();
        self.builder
            .add_named("Scan", &operands, &results, attributes);
        result
    }
}

/// What a scan carries from one window of a sequence to the next.
struct State {
    shape: Vec<usize>,
    /// Where it comes in.
    name: String,
    /// Where it goes out.
    next: String,
}

/// Sizes behind the batch.
fn behind_batch(shape: &[usize]) -> Vec<Dimension> {
    let batch = Dimension::Param("batch".to_owned());
    let sizes = sizes(shape).into_iter().map(Dimension::Value);
    [batch].into_iter().chain(sizes).collect()
}

fn sizes(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&n| n as i64).collect()
}
