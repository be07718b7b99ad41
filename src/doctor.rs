//! The facts that a search depends on: `enasc doctor`.
//!
//! Everything is found out without libtorch, so that it can be told where libtorch
//! is what is missing.

use crate::libtorch::{self, FoundBy, Libtorch};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The version of enasc.
    pub version: &'static str,
    /// The features that this executable was built with.
    pub features: Vec<&'static str>,
    /// The executable that searches and trains, where it stands beside this one.
    pub torch_executable: Option<PathBuf>,
    /// The libtorch that it will load.
    pub libtorch: Option<Libtorch>,
    /// Whether an NVIDIA device can be used.
    pub cuda: Cuda,
    /// The threads there are.
    pub threads: Threads,
    /// The memory of the machine, where the system tells.
    pub memory: Option<Memory>,
    /// The disk that the current folder lies on, where the system tells.
    pub disk: Option<Disk>,
}

/// Whether an NVIDIA device can be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cuda {
    /// Whether nothing is in its way. That a device is there and free is known only
    /// when libtorch asks for it.
    pub available: bool,
    /// What is in its way, or what speaks for it.
    pub reason: String,
    /// What the driver says of its version; empty for one that does not say.
    pub driver: Option<String>,
}

/// The threads that libtorch may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Threads {
    /// What the system gives to this program.
    pub available: usize,
    /// `OMP_NUM_THREADS`, where set.
    pub omp_num_threads: Option<String>,
}

/// Memory in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// All there is.
    pub total: u64,
    /// What programs can still have.
    pub available: u64,
}

impl Memory {
    /// That of this machine, where the system tells.
    pub(crate) fn now() -> Option<Self> {
        let text = std::fs::read_to_string("/proc/meminfo").ok()?;
        memory(&text)
    }
}

/// Disk space in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disk {
    /// The current folder.
    pub folder: PathBuf,
    /// What can still be written.
    pub available: u64,
}

/// The name of the executable that searches and trains.
pub const TORCH_EXECUTABLE: &str = "enasc-torch";

/// Gathers the facts.
#[must_use]
pub fn examine() -> Report {
    let exe = std::env::current_exe().unwrap_or_default();
    let sibling = exe.with_file_name(TORCH_EXECUTABLE);
    let torch_executable = sibling.is_file().then_some(sibling);
    let libtorch = libtorch::find(torch_executable.as_deref().unwrap_or(&exe));
    Report {
        version: env!("CARGO_PKG_VERSION"),
        features: if cfg!(feature = "torch") {
            vec!["torch"]
        } else {
            Vec::new()
        },
        cuda: cuda(
            libtorch.as_ref(),
            driver(Path::new("/")),
            std::env::var("CUDA_VISIBLE_DEVICES").ok().as_deref(),
        ),
        torch_executable,
        libtorch,
        threads: Threads {
            available: std::thread::available_parallelism().map_or(1, usize::from),
            omp_num_threads: std::env::var("OMP_NUM_THREADS").ok(),
        },
        memory: Memory::now(),
        disk: disk(),
    }
}

impl Report {
    /// What keeps `enasc search` from running, one sentence each; nothing when it
    /// can run.
    #[must_use]
    pub fn obstacles(&self) -> Vec<String> {
        let mut obstacles = Vec::new();
        if self.torch_executable.is_none() {
            obstacles.push(format!(
                "{TORCH_EXECUTABLE} is not beside this executable: build it with `make build`"
            ));
        }
        match &self.libtorch {
            None => obstacles.push("there is no libtorch: run `make setup`".to_owned()),
            Some(Libtorch {
                version: Some(version),
                lib,
                ..
            }) if version != libtorch::VERSION => obstacles.push(format!(
                "the libtorch in {} is of version {version}, and {} is needed: run `make setup`",
                lib.display(),
                libtorch::VERSION
            )),
            Some(_) => {}
        }
        obstacles
    }
}

/// What the driver says of itself; `None` without one. `root` is `/`.
fn driver(root: &Path) -> Option<String> {
    if let Ok(text) = std::fs::read_to_string(root.join("proc/driver/nvidia/version")) {
        let line = text.lines().next().unwrap_or_default();
        let line = line.strip_prefix("NVRM version: ").unwrap_or(line);
        return Some(line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    // Containers and Windows' subsystem show less.
    let traces = ["dev/nvidiactl", "usr/lib/wsl/lib/libcuda.so.1"];
    let found = traces.iter().any(|trace| root.join(trace).exists());
    found.then(String::new)
}

fn cuda(libtorch: Option<&Libtorch>, driver: Option<String>, visible: Option<&str>) -> Cuda {
    let obstacle = match (libtorch, &driver) {
        (None, _) => Some("there is no libtorch"),
        (Some(_), None) => Some("there is no NVIDIA driver"),
        (Some(libtorch), Some(_)) if !libtorch.cuda => Some(
            "there is an NVIDIA driver, but this libtorch is for the CPU alone: `ENASC_LIBTORCH=cuda make setup` fetches one with CUDA",
        ),
        _ if visible.is_some_and(|v| v.trim().is_empty() || v.trim_start().starts_with('-')) => {
            Some("CUDA_VISIBLE_DEVICES hides every device")
        }
        _ => None,
    };
    Cuda {
        available: obstacle.is_none(),
        reason: obstacle
            .unwrap_or("there are an NVIDIA driver and a libtorch with CUDA")
            .to_owned(),
        driver,
    }
}

/// Reads the text of `/proc/meminfo`.
fn memory(text: &str) -> Option<Memory> {
    let kibibytes = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        let number: u64 = line.split_whitespace().next()?.parse().ok()?;
        number.checked_mul(1024)
    };
    Some(Memory {
        total: kibibytes("MemTotal:")?,
        available: kibibytes("MemAvailable:")?,
    })
}

fn disk() -> Option<Disk> {
    let folder = std::env::current_dir().ok()?;
    let available = fs4::available_space(&folder).ok()?;
    Some(Disk { folder, available })
}

/// Bytes as people count them: `21.9 GiB`, `310.4 MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, bytes) = match self.0 {
            0..0x10_0000 => ("KiB", 1u64 << 10),
            0x10_0000..0x4000_0000 => ("MiB", 1 << 20),
            _ => ("GiB", 1 << 30),
        };
        write!(f, "{:.1} {unit}", self.0 as f64 / bytes as f64)
    }
}

/// One fact a line, the words in a column of their own.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let features = match self.features.as_slice() {
            [] => "none".to_owned(),
            features => features.join(", "),
        };
        let torch_executable = match &self.torch_executable {
            Some(path) => path.display().to_string(),
            None => format!("no {TORCH_EXECUTABLE} beside this executable"),
        };
        let libtorch = match &self.libtorch {
            None => "none".to_owned(),
            Some(found) => format!(
                "{} in {} (found by {})",
                found.version.as_deref().unwrap_or("of unknown version"),
                found.lib.display(),
                match found.found_by {
                    FoundBy::Environment => "LD_LIBRARY_PATH",
                    FoundBy::Executable => "the executable",
                }
            ),
        };
        let driver = match self.cuda.driver.as_deref() {
            Some(driver) if !driver.is_empty() => format!(" ({driver})"),
            _ => String::new(),
        };
        let cuda = format!(
            "{}: {}{driver}",
            if self.cuda.available { "yes" } else { "no" },
            self.cuda.reason
        );
        let threads = match &self.threads.omp_num_threads {
            Some(n) => format!("{}; OMP_NUM_THREADS is {n}", self.threads.available),
            None => self.threads.available.to_string(),
        };
        let memory = match self.memory {
            Some(Memory { total, available }) => {
                format!("{}, {} available", Bytes(total), Bytes(available))
            }
            None => "unknown".to_owned(),
        };
        let disk = match &self.disk {
            Some(Disk { folder, available }) => {
                format!("{} available in {}", Bytes(*available), folder.display())
            }
            None => "unknown".to_owned(),
        };
        for (name, fact) in [
            ("enasc", self.version),
            ("features", &features),
            ("search by", &torch_executable),
            ("libtorch", &libtorch),
            ("CUDA", &cuda),
            ("threads", &threads),
            ("memory", &memory),
            ("disk", &disk),
        ] {
            writeln!(f, "{name:<10} {fact}")?;
        }
        for obstacle in self.obstacles() {
            writeln!(f, "problem    {obstacle}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn libtorch(cuda: bool) -> Libtorch {
        Libtorch {
            lib: "/opt/torch/lib".into(),
            found_by: FoundBy::Executable,
            version: Some("2.11.0".into()),
            cuda,
        }
    }

    fn report() -> Report {
        Report {
            version: "0.1.0",
            features: vec!["torch"],
            torch_executable: Some("/opt/enasc-torch".into()),
            cuda: cuda(Some(&libtorch(false)), None, None),
            libtorch: Some(libtorch(false)),
            threads: Threads {
                available: 2,
                omp_num_threads: None,
            },
            memory: Some(Memory {
                total: 24 << 30,
                available: 3 << 29,
            }),
            disk: Some(Disk {
                folder: "/home/me".into(),
                available: 80 << 30,
            }),
        }
    }

    #[test]
    fn a_report_is_one_fact_a_line() {
        assert_eq!(
            report().to_string(),
            "\
enasc      0.1.0
features   torch
search by  /opt/enasc-torch
libtorch   2.11.0 in /opt/torch/lib (found by the executable)
CUDA       no: there is no NVIDIA driver
threads    2
memory     24.0 GiB, 1.5 GiB available
disk       80.0 GiB available in /home/me
"
        );
    }

    #[test]
    fn bytes_are_counted_in_the_unit_that_suits_them() {
        let text = |bytes| Bytes(bytes).to_string();
        assert_eq!(text(512), "0.5 KiB");
        assert_eq!(text(12 << 20), "12.0 MiB");
        assert_eq!(text((1 << 30) - 1), "1024.0 MiB");
        assert_eq!(text(3 << 29), "1.5 GiB");
    }

    #[test]
    fn what_is_missing_is_said_with_its_remedy() {
        let mut bare = report();
        assert_eq!(bare.obstacles(), [""; 0]);
        bare.torch_executable = None;
        bare.libtorch = None;
        bare.cuda = cuda(None, None, None);
        let text = bare.to_string();
        assert!(
            text.contains("libtorch   none\nCUDA       no: there is no libtorch\n"),
            "{text}"
        );
        assert!(
            text.contains("problem    there is no libtorch: run `make setup`\n"),
            "{text}"
        );
        assert!(text.contains("build it with `make build`\n"), "{text}");
        bare.libtorch = Some(Libtorch {
            version: Some("2.9.1".into()),
            ..libtorch(false)
        });
        assert!(bare.obstacles()[1].contains("is of version 2.9.1, and 2.11.0 is needed"));
    }

    #[test]
    fn cuda_needs_libtorch_with_it_a_driver_and_a_visible_device() {
        let check = |libtorch: Option<Libtorch>, driver: Option<&str>, visible, reason: &str| {
            let cuda = cuda(libtorch.as_ref(), driver.map(str::to_owned), visible);
            assert!(cuda.reason.contains(reason), "{cuda:?}");
            cuda.available
        };
        assert!(!check(None, Some("x"), None, "no libtorch"));
        assert!(!check(Some(libtorch(true)), None, None, "no NVIDIA driver"));
        assert!(!check(
            Some(libtorch(false)),
            Some("x"),
            None,
            "for the CPU alone"
        ));
        for hidden in ["", "-1", " "] {
            assert!(!check(
                Some(libtorch(true)),
                Some("x"),
                Some(hidden),
                "CUDA_VISIBLE_DEVICES"
            ));
        }
        assert!(check(
            Some(libtorch(true)),
            Some("x"),
            Some("0"),
            "libtorch with CUDA"
        ));
        assert!(check(
            Some(libtorch(true)),
            Some("x"),
            None,
            "libtorch with CUDA"
        ));
    }

    #[test]
    fn the_driver_is_seen_by_what_it_leaves() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(driver(root.path()), None);
        std::fs::create_dir_all(root.path().join("dev")).unwrap();
        std::fs::write(root.path().join("dev/nvidiactl"), "").unwrap();
        assert_eq!(driver(root.path()).as_deref(), Some(""));
        let folder = root.path().join("proc/driver/nvidia");
        std::fs::create_dir_all(&folder).unwrap();
        let text = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27\nGCC version: 12\n";
        std::fs::write(folder.join("version"), text).unwrap();
        let expected = "NVIDIA UNIX x86_64 Kernel Module 580.65.06 Sun Jul 27";
        assert_eq!(driver(root.path()).as_deref(), Some(expected));
    }

    #[test]
    fn meminfo_is_read_in_kibibytes() {
        let text = "MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable:    500 kB\n";
        let expected = Memory {
            total: 1_024_000,
            available: 512_000,
        };
        assert_eq!(memory(text), Some(expected));
        assert_eq!(memory("MemTotal: many kB\n"), None);
    }

    #[test]
    fn this_machine_can_be_examined() {
        let report = examine();
        assert_eq!(report.version, env!("CARGO_PKG_VERSION"));
        assert!(report.threads.available >= 1);
        assert!(report.disk.is_some());
        let json = serde_json::to_value(&report).unwrap();
        assert!(json["cuda"]["reason"].is_string());
        if cfg!(target_os = "linux") {
            assert!(report.memory.unwrap().total > 0);
        }
    }
}
