# The commands of this project. Each does its own set-up; `make` alone lists them.
# After `make setup`, plain cargo commands work too, with nothing exported.

step = @printf '\n==> %s\n' "$(1)"

# cargo-nextest is quicker where it is there, but runs no documentation tests.
tests = $(if $(shell cargo nextest --version 2>/dev/null),cargo nextest run --no-fail-fast,cargo test --no-fail-fast --lib --bins --tests)

.PHONY: help setup build test bench gpu-check fuzz data demo clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## Put libtorch at .libtorch (fetched once per user; see .ci/libtorch)
	$(call step,libtorch)
	@.ci/libtorch

# `enasc` is built without the feature `torch`, so that it links no libtorch and
# answers in milliseconds; a build of both at once leaves that to the linker.
build: setup ## Build target/release/enasc and enasc-torch
	$(call step,release build)
	cargo build --release --bin enasc-torch
	cargo build --release --no-default-features --bin enasc
	@! readelf -d target/release/enasc | grep -q libtorch

# Both feature sets share one dev profile, so that each dependency is compiled once
# for all steps (clippy and doc need its metadata, the tests its code).
# One test per core, each with one thread: libtorch's threads would otherwise fight.
test: export OMP_NUM_THREADS ?= 1
test: setup ## Pass every check: format, clippy, documentation, all tests
	$(call step,format)
	cargo fmt --check
	$(call step,clippy without libtorch)
	cargo clippy --no-default-features --all-targets -- -D warnings
	$(call step,clippy)
	cargo clippy --all-targets -- -D warnings
	$(call step,documentation)
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps
	$(call step,tests without libtorch)
	$(tests) --no-default-features
	$(call step,tests)
	$(tests)
	$(call step,documentation tests)
	cargo test --doc
	$(call step,every check passed)

# Ratios hold for one machine in one run; on a busy one, BENCH="--threads 1" and the
# lines of processor time are what to read.
bench: setup ## Time a step of every training beside eager PyTorch (3 GB to fetch once)
	$(call step,benchmark)
	@benches/speed/run $(BENCH)

# Without a GPU it says so; GPU_CHECK="--device cpu" runs its checks on the CPU. The run
# part needs no cargo: see .ci/gpu-check.
gpu-check: setup ## Check that a GPU is used, and time the searches on it beside eager PyTorch
	$(call step,executables)
	@.ci/gpu-check build
	@.ci/gpu-check $(GPU_CHECK)

fuzz: ## Try the compiler on texts at random, for FUZZ_SECONDS (600)
	FUZZ_SECONDS=$${FUZZ_SECONDS:-600} cargo test --release --no-default-features --test main \
		-- --nocapture fuzz::no_text

data: ## Put Fashion-MNIST into data/fashion-mnist
	$(call step,Fashion-MNIST)
	@.ci/fashion-mnist

demo: build data ## Search, derive and retrain on Fashion-MNIST, beside a random architecture
	$(call step,demo)
	@examples/demo.sh

clean: ## Remove what was built; libtorch, data and runs stay
	cargo clean
