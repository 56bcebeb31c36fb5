# Owns: the commands that a developer types. Must not: search interpreters or fill environments (tools/ does).
#
# All environments share one folder of Rust's output and, for tests, one profile: of the dependencies PyO3 alone is
# compiled anew for another interpreter. An environment's file `installed` is as new as the sources in it.

export CARGO_TARGET_DIR ?= $(CURDIR)/target
SOURCES := $(wildcard Cargo.* build.rs pyproject.toml) $(shell find src codetracer_python_recorder policies -type f \
	-name '*.rs' -o -name '*.py' -o -name '*.pyi' -o -name '*.toml')
# The profile `quick`; and the same with arithmetic and unsafe code checked, and with failures that can be asked for.
QUICK := --profile quick
SELF := profile.quick.package.codetracer-python-recorder
CHECKED := $(QUICK) --features faults --config $(SELF).debug-assertions=true --config $(SELF).overflow-checks=true
# The code compiles for these versions, too, of which there need not be an interpreter.
NEWER := 3.14 3.15
RECORDED := $(if $(SCRIPT),'$(SCRIPT)' $(ARGS),--config examples/recorder.toml examples/shop)

.DEFAULT_GOAL := help
.PHONY: help run test test-rust test-checked stress lint bench bench-check wheels clean
.SECONDARY:

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

run: .venv/installed ## record the example and show the trace; yours: make run SCRIPT=path ARGS="…"
	@rm -rf trace-out; status=0; .venv/bin/codetracer-python-recorder --trace-dir trace-out $(RECORDED) || status=$$?; \
	test -d trace-out || exit $$status; .venv/bin/codetracer-python-recorder trace dump trace-out | grep -v '^#' | head -n 70; \
	echo '… all of it: .venv/bin/codetracer-python-recorder trace dump trace-out'; exit $$status

test: ## Rust and Python tests on every supported interpreter found
	@interpreters=$$(tools/interpreters) || exit; status=0; \
	versions=$$(echo "$$interpreters" | cut -d ' ' -f 1); \
	$(MAKE) --no-print-directory -j 2 $$(printf '.venv-%s/installed ' $$versions) .venv-checked/installed || exit; \
	for part in $$versions rust checked; do $(MAKE) --no-print-directory test-$$part || status=1; done; exit $$status

test-rust: .venv-checked/installed
	PYO3_PYTHON=$(CURDIR)/.venv-checked/bin/python cargo test $(CHECKED)

test-checked: .venv-checked/installed
	FAULTS=1 .venv-checked/bin/pytest -n auto tests/test_faults.py tests/test_corpus.py

stress: .venv-any/installed ## the tests that need many rounds, at full length: an hour
	STRESS=1 PYO3_PYTHON=$(CURDIR)/.venv-any/bin/python cargo test $(QUICK) --test trace
	STRESS=1 .venv-any/bin/pytest tests/test_stress.py tests/test_properties.py tests/test_cpython.py

test-%: .venv-%/installed
	.venv-$*/bin/pytest -n auto --dist worksteal

lint: .venv-lint/installed ## formats, lints and types of Rust, Python and sh
	cargo fmt --check
	PYO3_PYTHON=$(CURDIR)/.venv-lint/bin/python cargo clippy --all-targets -- -D warnings
	@for version in $(NEWER); do tools/interpreter-config $$version >"$(CARGO_TARGET_DIR)/python$$version.config" && \
	PYO3_CONFIG_FILE="$(CARGO_TARGET_DIR)/python$$version.config" cargo clippy --lib -- -D warnings || exit; done
	.venv-lint/bin/ruff check
	.venv-lint/bin/ruff format --check
	.venv-lint/bin/mypy
	.venv-lint/bin/shellcheck tools/* .ci/run
	.venv-lint/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

bench: .venv/installed ## time and memory beside plain Python and rivals; ARGS=--help shows what can be chosen
	.venv/bin/python bench/run.py --cache "$(CARGO_TARGET_DIR)/bench" $(if $(REPORT),--report) $(if $(FLOOR),--floor "$(FLOOR)") $(ARGS)

bench-check: .venv-3.13/installed ## fails where a fixed program takes more instructions than before; ARGS=--write commits to new counts
	.venv-3.13/bin/python bench/instructions.py $(ARGS)

wheels: .venv-wheels/installed ## release archives for every interpreter found, into dist
	@PATH="$(CURDIR)/.venv-wheels/bin:$$PATH" tools/wheels

clean: ## remove environments, build output and traces
	rm -rf .venv .venv-* dist target trace-out

.venv/installed: $(SOURCES)
	@tools/environment .venv any --package

.venv-lint/installed: pyproject.toml
	@tools/environment .venv-lint any --group lint --group test

.venv-wheels/installed: pyproject.toml
	@tools/environment .venv-wheels any --group wheels

.venv-checked/installed: $(SOURCES)
	@MATURIN_PEP517_ARGS="$(CHECKED)" tools/environment .venv-checked any --package --group test

.venv-%/installed: $(SOURCES)
	@MATURIN_PEP517_ARGS="$(QUICK)" tools/environment .venv-$* $* --package --group test
