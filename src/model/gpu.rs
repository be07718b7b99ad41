//! What a graphics card says of itself.
//!
//! libtorch's C interface does not pass this on, so the driver is asked, whose functions
//! have been the same since CUDA 3.2.

use std::ffi::{CStr, c_char, c_int};

/// A graphics card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    /// Its name, such as `NVIDIA GeForce RTX 4090`.
    pub name: String,
    /// All the memory that it has, in bytes.
    pub memory: u64,
}

impl Gpu {
    /// The first CUDA device that this process sees; `None` without one, and where the
    /// driver does not tell.
    #[must_use]
    pub fn first() -> Option<Self> {
        ask()
    }
}

#[cfg(unix)]
#[expect(unsafe_code, reason = "the driver has no safe form")]
fn ask() -> Option<Gpu> {
    type Init = unsafe extern "C" fn(u32) -> c_int;
    type Get = unsafe extern "C" fn(*mut c_int, c_int) -> c_int;
    type Name = unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_int;
    type Memory = unsafe extern "C" fn(*mut usize, c_int) -> c_int;

    // SAFETY: the name is a C string, and the driver's initialisers are those that
    // libtorch's part for CUDA would run. The handle is kept: the driver is not to go.
    let library = unsafe { libc::dlopen(c"libcuda.so.1".as_ptr(), libc::RTLD_NOW) };
    if library.is_null() {
        return None;
    }
    // SAFETY: the handle is that of a library that stays, the name a C string.
    let find = |name: &CStr| unsafe { libc::dlsym(library, name.as_ptr()) };
    let found = [
        find(c"cuInit"),
        find(c"cuDeviceGet"),
        find(c"cuDeviceGetName"),
        find(c"cuDeviceTotalMem_v2"),
    ];
    if found.iter().any(|symbol| symbol.is_null()) {
        return None;
    }
    let [init, get, get_name, get_memory] = found;
    // SAFETY: none is null, and the types are those of cuda.h, where a CUdevice is an int.
    let (init, get, get_name, get_memory) = unsafe {
        (
            std::mem::transmute::<*mut libc::c_void, Init>(init),
            std::mem::transmute::<*mut libc::c_void, Get>(get),
            std::mem::transmute::<*mut libc::c_void, Name>(get_name),
            std::mem::transmute::<*mut libc::c_void, Memory>(get_memory),
        )
    };
    let (mut device, mut name, mut memory) = (0, [0u8; 256], 0usize);
    // SAFETY: each pointer is to a place of the type and the length that are named.
    let answered = unsafe {
        init(0) == 0
            && get(&raw mut device, 0) == 0
            && get_name(name.as_mut_ptr().cast(), name.len() as c_int, device) == 0
            && get_memory(&raw mut memory, device) == 0
    };
    let name = CStr::from_bytes_until_nul(&name).ok()?;
    answered.then(|| Gpu {
        name: name.to_string_lossy().into_owned(),
        memory: memory as u64,
    })
}

#[cfg(not(unix))]
fn ask() -> Option<Gpu> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_that_libtorch_uses_has_a_name_and_memory() {
        let usable = crate::model::choose(crate::model::DeviceRequest::Cuda).is_ok();
        let gpu = Gpu::first();
        assert!(gpu.is_some() || !usable);
        assert!(gpu.is_none_or(|gpu| !gpu.name.is_empty() && gpu.memory > 1 << 20));
    }
}
