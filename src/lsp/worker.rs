//! The thread that runs spaces: the one thing that takes longer than an editor waits.

use std::sync::{Arc, mpsc};
use std::thread;

use crossbeam_channel::Receiver;
use lsp_types::Url;

use crate::Options;
use crate::ide::Analysis;

/// A text to be compiled.
pub(super) struct Job {
    pub url: Url,
    /// Which state of the text it is.
    pub state: u64,
    pub name: String,
    pub text: Arc<str>,
    pub options: Options,
}

/// A text that was.
pub(super) struct Done {
    pub url: Url,
    pub state: u64,
    pub analysis: Arc<Analysis>,
}

/// The thread. It ends with the program, or when this is dropped and it has done what
/// it was given.
pub(super) struct Worker {
    jobs: mpsc::Sender<Job>,
    /// What it has done.
    pub done: Receiver<Done>,
    is_busy: bool,
}

impl Worker {
    pub fn start() -> Self {
        let (jobs, given) = mpsc::channel::<Job>();
        let (finished, done) = crossbeam_channel::unbounded();
        thread::spawn(move || {
            for job in given {
                let analysis = Arc::new(Analysis::of(&job.name, &job.text, job.options));
                let done = Done {
                    url: job.url,
                    state: job.state,
                    analysis,
                };
                if finished.send(done).is_err() {
                    return;
                }
            }
        });
        Self {
            jobs,
            done,
            is_busy: false,
        }
    }

    pub fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Gives it a text. One at a time, so that the next is the newest there is.
    pub fn give(&mut self, job: Job) {
        self.is_busy = self.jobs.send(job).is_ok();
    }

    /// To be called with everything that it has done.
    pub fn took(&mut self) {
        self.is_busy = false;
    }
}
