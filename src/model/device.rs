//! Where to compute: the CPU, or CUDA where there is one.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use tch::{Cuda, Device, Kind, Tensor};

use super::ModelError;
use super::error::first_line;

/// What a user asks for with `--device`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceRequest {
    /// The CPU.
    Cpu,
    /// The first CUDA device, or an error.
    Cuda,
    /// The first CUDA device where there is one, else the CPU.
    #[default]
    Auto,
}

impl fmt::Display for DeviceRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Auto => "auto",
        })
    }
}

impl FromStr for DeviceRequest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda),
            "auto" => Ok(Self::Auto),
            _ => Err(format!("`{text}` is no device: cpu, cuda or auto")),
        }
    }
}

/// Loads libtorch's part for CUDA, once. Where there is none the program goes
/// on with the CPU.
///
/// To be called before anything else of libtorch: at its first use it looks
/// whether that part is there, and never again.
///
/// # Errors
/// Why it cannot be loaded, in the loader's words.
pub fn load_cuda() -> Result<(), String> {
    static LOADED: OnceLock<Result<(), String>> = OnceLock::new();
    LOADED.get_or_init(open_library).clone()
}

/// Not linked but opened at run time, so that one executable serves machines
/// with and without it.
#[cfg(unix)]
#[expect(unsafe_code, reason = "dlopen has no safe form")]
fn open_library() -> Result<(), String> {
    let name = c"libtorch_cuda.so";
    // SAFETY: the name is a C string; the library's initialisers are those
    // that linking to it would run.
    let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    if !handle.is_null() {
        return Ok(());
    }
    // SAFETY: after a failure dlerror gives a C string, or null where another
    // thread asked first.
    let why = unsafe {
        let text = libc::dlerror();
        (!text.is_null()).then(|| {
            std::ffi::CStr::from_ptr(text)
                .to_string_lossy()
                .into_owned()
        })
    };
    Err(why.unwrap_or_else(|| "it cannot be opened".to_owned()))
}

#[cfg(not(unix))]
fn open_library() -> Result<(), String> {
    Err("CUDA is supported on Linux alone".to_owned())
}

/// The device that a request means on this machine. Call it before anything
/// else of libtorch (see [`load_cuda`]).
///
/// # Errors
/// When CUDA is asked for and there is none: what is missing.
pub fn choose(request: DeviceRequest) -> Result<Device, ModelError> {
    if request == DeviceRequest::Cpu {
        return Ok(Device::Cpu);
    }
    match find_cuda() {
        Ok(device) => Ok(device),
        Err(_) if request == DeviceRequest::Auto => Ok(Device::Cpu),
        Err(why) => Err(ModelError::NoCuda { why }),
    }
}

fn find_cuda() -> Result<Device, String> {
    load_cuda().map_err(|why| {
        if why.contains("libtorch_cuda.so: cannot open shared object file") {
            "this libtorch is the one for CPUs (it has no libtorch_cuda.so)".to_owned()
        } else {
            format!("libtorch_cuda.so cannot be loaded ({why})")
        }
    })?;
    if Cuda::is_available() {
        return Ok(Device::Cuda(0));
    }
    // Only the attempt to use it says what is missing.
    let attempt = Tensor::f_zeros([1], (Kind::Float, Device::Cuda(0)));
    Err(attempt.err().map_or_else(
        || "libtorch finds no device".to_owned(),
        |why| first_line(&why),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_as_they_are_written() {
        for request in [DeviceRequest::Cpu, DeviceRequest::Cuda, DeviceRequest::Auto] {
            assert_eq!(request.to_string().parse(), Ok(request));
        }
        assert_eq!(
            "gpu".parse::<DeviceRequest>(),
            Err("`gpu` is no device: cpu, cuda or auto".to_owned())
        );
    }

    #[test]
    fn the_cpu_is_always_there() {
        assert_eq!(choose(DeviceRequest::Cpu).unwrap(), Device::Cpu);
        assert!(choose(DeviceRequest::Auto).is_ok());
    }

    #[test]
    fn cuda_without_its_library_says_what_is_missing_and_what_to_do() {
        if load_cuda().is_ok() {
            return; // Here it may be there.
        }
        let error = choose(DeviceRequest::Cuda).unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no CUDA device to use: this libtorch is the one for CPUs \
             (it has no libtorch_cuda.so); `--device cpu` runs without"
        );
    }
}
