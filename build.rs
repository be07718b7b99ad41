//! Tells the loader where libtorch is, so that nothing need be exported to run
//! what cargo built: `.libtorch` of the project, relative to the executable and,
//! for a target folder elsewhere, absolute.

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
    Ok(())
}
