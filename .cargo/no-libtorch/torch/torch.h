// Found only where `.libtorch` is missing: see .cargo/config.toml. An include that
// fails is the one error at which every compiler stops at once.
#include "libtorch is missing: run 'make setup', or build with --no-default-features"
