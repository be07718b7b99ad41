//! Tells the loader where libtorch is, so that nothing need be exported to run
//! what cargo built: `.libtorch` of the project, relative to the executable and,
//! for a target folder elsewhere, absolute. Compiles the one file of C++.

use std::path::{Path, PathBuf};

fn main() -> Result<(), String> {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_TORCH").is_none() {
        return Ok(());
    }
    // torch-sys hands this on to those that depend on it directly.
    let lib = std::env::var("DEP_TCH_LIBTORCH_LIB")
        .map_err(|_| "torch-sys did not say where libtorch is: run `make setup`")?;
    // target/PROFILE/enasc-torch, then target/PROFILE/{deps,examples}/TEST.
    // `libtorch::locate` of the library searches in the same order.
    for folder in [
        "$ORIGIN/../../.libtorch/lib",
        "$ORIGIN/../../../.libtorch/lib",
        lib.as_str(),
    ] {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
    compile(Path::new(&lib))
}

/// Compiles what libtorch's bindings lack, as torch-sys compiles them.
fn compile(lib: &Path) -> Result<(), String> {
    let source = "src/model/onednn.cpp";
    for variable in ["LIBTORCH_INCLUDE", "LIBTORCH_CXX11_ABI"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    println!("cargo:rerun-if-changed={source}");
    let libtorch = std::env::var_os("LIBTORCH_INCLUDE").map(PathBuf::from);
    let libtorch = libtorch.or_else(|| lib.parent().map(PathBuf::from));
    let abi = std::env::var("LIBTORCH_CXX11_ABI");
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .warnings(false) // of libtorch's headers
        .debug(false)
        .include(libtorch.unwrap_or_default().join("include"))
        .define("_GLIBCXX_USE_CXX11_ABI", abi.as_deref().unwrap_or("1"))
        .file(source)
        .try_compile("enasc_onednn")
        .map_err(|why| format!("{source} does not compile: {why}"))
}
