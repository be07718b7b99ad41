//! How the process keeps its memory.

/// Keeps freed memory for the next tensor, for the rest of the process.
///
/// Every step of a training frees and takes again the same large tensors. The C
/// library gives memory of that size back to the system each time, which then
/// hands it out page by page, zeroed: a fifth of the time of a step of the macro
/// space went there (235 against 185 steps in the same half minute, one thread).
///
/// Does nothing where the C library has no such settings.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "mallopt has no safe form")]
    // SAFETY: the settings are those of the manual; no pointer is involved.
    unsafe {
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
    }
}
