# Owns: the commands that a developer types. Must not: search interpreters or fill environments (tools/ does).
#
# Every environment has a folder of Rust's output to itself: PyO3 is compiled for one interpreter, known by its path.
# An environment's file `installed` is as new as the sources in it.

export CARGO_TARGET_DIR ?= $(CURDIR)/target
SOURCES := $(wildcard Cargo.* build.rs pyproject.toml) $(shell find src codetracer_python_recorder policies -type f \
	-name '*.rs' -o -name '*.py' -o -name '*.pyi' -o -name '*.toml')
RECORDED := $(if $(SCRIPT),'$(SCRIPT)' $(ARGS),--config examples/recorder.toml examples/shop)

.DEFAULT_GOAL := help
.PHONY: help run test test-debug stress lint bench wheels clean
.SECONDARY:

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

run: .venv/installed ## record the example and show the trace; yours: make run SCRIPT=path ARGS="…"
	@status=0; .venv/bin/codetracer-python-recorder --trace-dir trace-out $(RECORDED) || status=$$?; \
	.venv/bin/codetracer-python-recorder trace dump trace-out | grep -v '^#' | head -n 70; \
	echo '… all of it: .venv/bin/codetracer-python-recorder trace dump trace-out'; exit $$status

test: ## Rust and Python tests on every supported interpreter found
	@interpreters=$$(tools/interpreters) || exit; status=0; \
	for version in $$(echo "$$interpreters" | cut -d ' ' -f 1); do \
		$(MAKE) --no-print-directory test-$$version || status=1; \
	done; $(MAKE) --no-print-directory test-debug || status=1; exit $$status

test-debug: .venv-debug/installed
	FAULTS=1 .venv-debug/bin/pytest -n auto tests/test_faults.py tests/test_corpus.py

stress: .venv-any/installed ## the tests that need many rounds, at full length: an hour
	STRESS=1 .venv-any/bin/pytest tests/test_stress.py tests/test_properties.py tests/test_cpython.py

test-%: .venv-%/installed
	CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/venv-$* PYO3_PYTHON=$(CURDIR)/.venv-$*/bin/python cargo test
	MATURIN_PEP517_ARGS="--profile quick" .venv-$*/bin/pytest -n auto

lint: .venv-lint/installed ## formats, lints and types of Rust, Python and sh
	cargo fmt --check
	CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/venv-lint PYO3_PYTHON=$(CURDIR)/.venv-lint/bin/python \
		cargo clippy --all-targets -- -D warnings
	.venv-lint/bin/ruff check
	.venv-lint/bin/ruff format --check
	.venv-lint/bin/mypy
	.venv-lint/bin/shellcheck tools/* .ci/run
	.venv-lint/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

bench: .venv/installed ## time and memory beside plain Python and rivals; ARGS=--help shows what can be chosen
	.venv/bin/python bench/run.py --cache "$(CARGO_TARGET_DIR)/bench" $(if $(REPORT),--report) $(if $(FLOOR),--floor "$(FLOOR)") $(ARGS)

wheels: .venv-wheels/installed ## release archives for every interpreter found, into dist
	@PATH="$(CURDIR)/.venv-wheels/bin:$$PATH" tools/wheels

clean: ## remove environments, build output and traces
	rm -rf .venv .venv-* dist target trace-out

.venv/installed: $(SOURCES)
	@tools/environment .venv any .

.venv-lint/installed: pyproject.toml
	@tools/environment .venv-lint any --group lint --group test

.venv-wheels/installed: pyproject.toml
	@tools/environment .venv-wheels any --group wheels

.venv-debug/installed: $(SOURCES)
	@MATURIN_PEP517_ARGS="--profile dev --features faults" tools/environment .venv-debug any . --group test

.venv-%/installed: $(SOURCES)
	@MATURIN_PEP517_ARGS="--profile quick" tools/environment .venv-$* $* . --group test
