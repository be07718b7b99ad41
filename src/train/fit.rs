//! Whether a space and a data set belong together, and how to make them.

use crate::data::Summary;
use crate::decision::{DecisionSpace, GuardId};
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
    /// A space of language models.
    #[error(
        "the space models language (tokens[{vocab}] to [{vocab}]), and the search of recurrent spaces is not there yet; check, count, sample, stats and graph work on it"
    )]
    LanguageModel {
        /// How many words.
        vocab: usize,
    },
    /// A space of something else.
    #[error(
        "the space does not classify images: to be trained it needs one input [channels, height, width] and an output [classes]"
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
    /// A space whose architectures must fulfil something.
    #[error(
        "the space has a `require`, which the controller does not follow yet; search it without, or train architectures of `enasc sample`, which does"
    )]
    Require,
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

/// Checks that a controller draws nothing but architectures of a space.
///
/// # Errors
/// When the space has requirements.
pub fn check_requirements(decisions: &DecisionSpace) -> Result<(), FitError> {
    if decisions.require == GuardId::ALWAYS {
        Ok(())
    } else {
        Err(FitError::Require)
    }
}

/// Checks that a space classifies images of just this size into just these classes.
///
/// # Errors
/// When it does not; the message names the `--set` that make it fit, from the
/// parameters of the space that its ports are declared with.
pub fn check(task: Task, ports: &Ports, data: &Summary) -> Result<(), FitError> {
    let (image, classes) = match task {
        Task::Classification { image, classes } => (image, classes),
        Task::LanguageModel { vocab } => return Err(FitError::LanguageModel { vocab }),
        Task::Other => return Err(FitError::NoTask),
    };
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

    const MACRO: Task = Task::Classification {
        image: [3, 32, 32],
        classes: 10,
    };

    #[track_caller]
    fn refused(params: [&str; 4], shape: [usize; 3], classes: usize, expected: &str) {
        let error = check(MACRO, &ports(params), &data(shape, classes)).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_space_that_fits_passes() {
        let ports = ports(["", "", "", ""]);
        assert_eq!(check(MACRO, &ports, &data([3, 32, 32], 10)), Ok(()));
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
    fn other_tasks_are_refused() {
        let ports = ports(["", "", "", ""]);
        let data = data([3, 32, 32], 10);
        let words = Task::LanguageModel { vocab: 100 };
        let message = check(words, &ports, &data).unwrap_err().to_string();
        assert!(message.contains("is not there yet"), "{message}");
        assert_eq!(check(Task::Other, &ports, &data), Err(FitError::NoTask));
    }
}
