//! A graph of ONNX under construction.

use std::collections::{BTreeMap, BTreeSet};

use super::proto::{AttributeProto, FLOAT, GraphProto, INT64, NodeProto, TensorProto};

/// Nodes in order, and the constants that they and those of graphs inside read.
#[derive(Debug, Default)]
pub(super) struct Builder {
    nodes: Vec<NodeProto>,
    names: BTreeSet<String>,
    constants: BTreeMap<String, TensorProto>,
}

impl Builder {
    /// Makes a name that no value has yet.
    pub fn name(&mut self, wish: &str) -> String {
        let mut name = wish.to_owned();
        let mut number = 2;
        while !self.names.insert(name.clone()) {
            name = format!("{wish}#{number}");
            number += 1;
        }
        name
    }

    /// Adds a node with one result, at a path; gives the name of the result.
    pub fn add(
        &mut self,
        path: &str,
        op_type: &str,
        inputs: &[&str],
        attribute: Vec<AttributeProto>,
    ) -> String {
        let wish = match path {
            "" => op_type.to_owned(),
            path => format!("{path}/{op_type}"),
        };
        let output = self.name(&wish);
        self.add_named(op_type, inputs, &[&output], attribute);
        output
    }

    /// Adds a node whose results have names.
    pub fn add_named(
        &mut self,
        op_type: &str,
        inputs: &[&str],
        outputs: &[&str],
        attribute: Vec<AttributeProto>,
    ) {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        self.nodes.push(NodeProto {
            input: owned(inputs),
            output: owned(outputs),
            name: outputs
                .first()
                .map_or_else(String::new, |&name| name.to_owned()),
            op_type: op_type.to_owned(),
            attribute,
        });
    }

    /// A constant list of whole numbers, by its name.
    pub fn ints(&mut self, values: &[i64]) -> String {
        let name = format!("constant {values:?}");
        let tensor = TensorProto {
            dims: vec![values.len() as i64],
            data_type: INT64,
            name: name.clone(),
            raw_data: values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        };
        self.constants.insert(name.clone(), tensor);
        name
    }

    /// A constant number, by its name.
    pub fn float(&mut self, value: f64) -> String {
        let name = format!("constant {value:?}");
        let tensor = TensorProto {
            dims: Vec::new(),
            data_type: FLOAT,
            name: name.clone(),
            raw_data: (value as f32).to_le_bytes().to_vec(),
        };
        self.constants.insert(name.clone(), tensor);
        name
    }

    /// Begins a graph inside, whose names differ from those outside; gives the nodes so far.
    pub fn open(&mut self) -> Vec<NodeProto> {
        std::mem::take(&mut self.nodes)
    }

    /// Goes on outside, with the nodes that [`Self::open`] gave; gives those inside.
    pub fn close(&mut self, outside: Vec<NodeProto>) -> Vec<NodeProto> {
        std::mem::replace(&mut self.nodes, outside)
    }

    /// The graph, without its inputs and outputs.
    pub fn finish(self, name: &str, weights: Vec<TensorProto>) -> GraphProto {
        let mut initializer = weights;
        initializer.extend(self.constants.into_values());
        GraphProto {
            node: self.nodes,
            name: name.to_owned(),
            initializer,
            input: Vec::new(),
            output: Vec::new(),
        }
    }
}
