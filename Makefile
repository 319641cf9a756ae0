# What people type. Each is a line over scripts/, where it is told how it goes.
.PHONY: run test check bench docs

run: ; @scripts/run
test: ; @scripts/test
check: ; @scripts/check
bench: ; @scripts/bench
docs: ; @cargo doc --workspace --no-deps --locked
