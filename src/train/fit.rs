//! Whether a space and a data set belong together, and how to make them.

use crate::data::{CorpusSummary, Data, Summary};
use crate::graph::{Op, Supergraph, Task};
use crate::unroll::Ports;

/// Why a space cannot be trained on a data set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// Shape or number of classes differ.
    #[error(
        "the space takes images {image:?} and has {classes} classes; {name} has {data_image:?} and {data_classes}: {remedy}"
    )]
    Mismatch {
        /// The shape of an image in the space, `[channels, height, width]`.
        image: [usize; 3],
        /// The classes of the space.
        classes: usize,
        /// The data set.
        name: String,
        /// The shape of its images.
        data_image: [usize; 3],
        /// Its classes.
        data_classes: usize,
        /// What to do.
        remedy: String,
    },
    /// A vocabulary of another size.
    #[error(
        "the space has a vocabulary of {vocab}, and that of {name} has {found} tokens: {remedy}"
    )]
    Vocabulary {
        /// The vocabulary of the space.
        vocab: usize,
        /// The text.
        name: String,
        /// Its vocabulary.
        found: usize,
        /// What to do.
        remedy: String,
    },
    /// Images for a language model, or text for a classifier.
    #[error("{what}, and {name} is {found}: give it {remedy}")]
    OtherData {
        /// What the space does.
        what: &'static str,
        /// The data.
        name: String,
        /// What they are.
        found: &'static str,
        /// What it needs, as `--data` has it.
        remedy: &'static str,
    },
    /// A space of something else.
    #[error(
        "the space neither classifies images nor models language: to be trained it needs one input [channels, height, width] and an output [classes], or an input tokens[vocab] and an output [vocab]"
    )]
    NoTask,
    /// An operation that only has a cost.
    #[error(
        "the space uses `{name}`, an `extern op`: it says what that costs, not what it computes, so it cannot be trained; count, sample, stats and graph work on it"
    )]
    Extern {
        /// Its name.
        name: String,
    },
}

/// Checks that every operation of a space can be run.
///
/// # Errors
/// When one is declared and not defined.
pub fn check_operations(graph: &Supergraph) -> Result<(), FitError> {
    let nodes = graph
        .regions
        .iter()
        .flat_map(|region| region.graph.node_weights());
    for node in nodes {
        if let Op::Extern { name, .. } = &node.op {
            let name = name.clone();
            return Err(FitError::Extern { name });
        }
    }
    Ok(())
}

/// Checks that a space takes data as they are: images of just this size in just
/// these classes, or text of a vocabulary of this size.
///
/// # Errors
/// When it does not; the message names the `--set` that make it fit, from the
/// parameters of the space that its ports are declared with.
pub fn check(task: Task, ports: &Ports, data: &Data) -> Result<(), FitError> {
    let other = |what, found, remedy| FitError::OtherData {
        what,
        name: data.name().to_owned(),
        found,
        remedy,
    };
    match (task, data) {
        (Task::Other, _) => Err(FitError::NoTask),
        (Task::Classification { image, classes }, Data::Images(data)) => {
            check_images(image, classes, ports, &data.summary())
        }
        (Task::LanguageModel { vocab }, Data::Text(corpus)) => {
            check_text(vocab, ports, &corpus.summary())
        }
        (Task::Classification { .. }, Data::Text(_)) => Err(other(
            "the space classifies images",
            "a text",
            "images, such as --data cifar10:FOLDER",
        )),
        (Task::LanguageModel { .. }, Data::Images(_)) => Err(other(
            "the space models language",
            "a set of images",
            "a text, such as --data text:FOLDER",
        )),
    }
}

fn check_text(vocab: usize, ports: &Ports, data: &CorpusSummary) -> Result<(), FitError> {
    let found = data.vocabulary;
    if found == vocab {
        return Ok(());
    }
    let param = ports.input.first().cloned().flatten();
    let remedy = match param {
        Some(param) => format!("add --set {param}={found}"),
        None => {
            "no parameter of the space sets its vocabulary, so the space itself has to be changed"
                .to_owned()
        }
    };
    Err(FitError::Vocabulary {
        vocab,
        name: data.name.clone(),
        found,
        remedy,
    })
}

fn check_images(
    image: [usize; 3],
    classes: usize,
    ports: &Ports,
    data: &Summary,
) -> Result<(), FitError> {
    let [channels, height, width] = image;
    let [data_channels, data_height, data_width] = data.shape;
    let param = |port: &[Option<String>], dim: usize| port.get(dim).cloned().flatten();
    let from_input = |dim| param(&ports.input, dim);
    // What it is, the space's, the data's, and the parameter it comes from.
    let sizes = [
        ("channels", channels, data_channels, from_input(0)),
        ("height", height, data_height, from_input(1)),
        ("width", width, data_width, from_input(2)),
        ("classes", classes, data.classes, param(&ports.output, 0)),
    ];
    let differing = || sizes.iter().filter(|(_, space, data, _)| space != data);
    if differing().next().is_none() {
        return Ok(());
    }
    let mut sets: Vec<(&str, usize)> = Vec::new();
    let mut fixed = Vec::new();
    for (what, _, wanted, param) in differing() {
        // A parameter that also gives another size must suit that one too.
        let suits = |param: &String| {
            sizes
                .iter()
                .all(|(_, _, data, other)| other.as_ref() != Some(param) || data == wanted)
        };
        match param {
            Some(param) if suits(param) => {
                if !sets.contains(&(param, *wanted)) {
                    sets.push((param, *wanted));
                }
            }
            _ => fixed.push(*what),
        }
    }
    let remedy = if fixed.is_empty() {
        let sets: Vec<String> = sets.iter().map(|(p, n)| format!("--set {p}={n}")).collect();
        format!("add {}", sets.join(" "))
    } else {
        format!(
            "no parameter of the space sets its {} alone, so the space itself has to be changed",
            fixed.join(" and ")
        )
    };
    Err(FitError::Mismatch {
        image,
        classes,
        name: data.name.clone(),
        data_image: data.shape,
        data_classes: data.classes,
        remedy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Synthetic;

    fn ports(params: [&str; 4]) -> Ports {
        let [c, h, w, classes] = params.map(|p| (!p.is_empty()).then(|| p.to_owned()));
        Ports {
            input: vec![c, h, w],
            output: vec![classes],
        }
    }

    fn data(shape: [usize; 3], classes: usize) -> Summary {
        Summary {
            name: "fashion-mnist".to_owned(),
            shape,
            classes,
            train: 1,
            test: 1,
            fingerprint: String::new(),
        }
    }

    #[track_caller]
    fn refused(params: [&str; 4], shape: [usize; 3], classes: usize, expected: &str) {
        let data = data(shape, classes);
        let error = check_images([3, 32, 32], 10, &ports(params), &data).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_space_that_fits_passes() {
        let ports = ports(["", "", "", ""]);
        let data = data([3, 32, 32], 10);
        assert_eq!(check_images([3, 32, 32], 10, &ports, &data), Ok(()));
    }

    #[test]
    fn the_message_has_the_settings_that_make_it_fit() {
        refused(
            ["ch", "size", "size", "classes"],
            [1, 28, 28],
            10,
            "the space takes images [3, 32, 32] and has 10 classes; fashion-mnist has [1, 28, 28] and 10: add --set ch=1 --set size=28",
        );
        refused(
            ["ch", "h", "w", "k"],
            [3, 32, 64],
            100,
            "the space takes images [3, 32, 32] and has 10 classes; fashion-mnist has [3, 32, 64] and 100: add --set w=64 --set k=100",
        );
    }

    #[test]
    fn what_no_setting_can_change_is_named() {
        refused(
            ["", "size", "size", "classes"],
            [1, 28, 28],
            10,
            "the space takes images [3, 32, 32] and has 10 classes; fashion-mnist has [1, 28, 28] and 10: no parameter of the space sets its channels alone, so the space itself has to be changed",
        );
        // One parameter cannot be two numbers.
        refused(
            ["ch", "size", "size", "classes"],
            [3, 28, 32],
            10,
            "the space takes images [3, 32, 32] and has 10 classes; fashion-mnist has [3, 28, 32] and 10: no parameter of the space sets its height alone, so the space itself has to be changed",
        );
    }

    #[test]
    fn other_vocabularies_and_other_data_are_refused() {
        let ports = |param: &str| Ports {
            input: vec![Some(param.to_owned()).filter(|p| !p.is_empty())],
            output: vec![None],
        };
        let text = CorpusSummary {
            name: "ptb".to_owned(),
            vocabulary: 10_000,
            train: 1,
            valid: 1,
            test: 1,
            fingerprint: String::new(),
        };
        assert_eq!(check_text(10_000, &ports(""), &text), Ok(()));
        let message = |param| {
            check_text(50, &ports(param), &text)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            message("vocab"),
            "the space has a vocabulary of 50, and that of ptb has 10000 tokens: add --set vocab=10000"
        );
        assert!(message("").ends_with("the space itself has to be changed"));

        let images = Data::Images(Synthetic::default().make());
        let of = |task| check(task, &ports(""), &images).unwrap_err().to_string();
        assert_eq!(
            of(Task::LanguageModel { vocab: 100 }),
            "the space models language, and synthetic:0 is a set of images: give it a text, such as --data text:FOLDER"
        );
        assert!(of(Task::Other).starts_with("the space neither"));
    }
}
