# `make demo` builds the release binary and hunts over the recordings; `make test` passes every check.
# Both do their own set-up (scripts/setup.sh). See CONTRIBUTING.md.

CARGO ?= cargo
RELEASE := $(or $(CARGO_TARGET_DIR),target)/release/atalanta

.PHONY: help setup demo test lint unit properties kafka fuzz bench speed live attacks fmt docs

help:
	@echo "make demo    build the release binary, hunt over all recordings, print the findings"
	@echo "make test    format, clippy, all tests, the recordings' check"
	@echo "make properties  the property tests with new seeds (ROUNDS); make test keeps one seed"
	@echo "make kafka   the tests of topics, which the usual build leaves out"
	@echo "make fuzz    every fuzz target for a minute (FUZZ_SECONDS, FUZZ_JOBS)"
	@echo "make bench   20 million events against DuckDB and ClickHouse (bench/README.md)"
	@echo "make speed   how fast each source is mapped: docs/sources/speed.md (release build)"
	@echo "make live    the sources' pages with real LiteLLM, MLflow, OpenTelemetry and training (2 GB of packages; LIVE)"
	@echo "make attacks all recorded attacks against a server, with times; docs/detections.md, docs/held-out.md (release build)"
	@echo "make fmt     format the code"
	@echo "make docs    write docs/reference/ and docs/sources/ anew from the code"

setup:
	@scripts/setup.sh

demo: setup
	$(CARGO) build --release --locked -p atalanta-cli
	@ATALANTA="$(RELEASE)" scripts/demo.sh

test: lint unit

lint: setup
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

unit: setup
	@scripts/test.sh

properties: setup
	@scripts/properties.sh

kafka: setup
	$(CARGO) test --locked --workspace --features atalanta-cli/kafka --lib kafka

fuzz:
	@scripts/setup.sh fuzz
	@fuzz/run.sh

bench: setup
	$(CARGO) build --release --locked -p atalanta-cli
	$(MAKE) -C bench bench ATALANTA="$(abspath $(RELEASE))"

speed: setup
	$(CARGO) build --release --locked -p atalanta-cli
	@ATALANTA="$(RELEASE)" scripts/speed.sh

live: setup
	$(CARGO) build --release --locked -p atalanta-cli
	@ATALANTA="$(abspath $(RELEASE))" scripts/live/run.sh $(LIVE)

attacks: setup
	$(CARGO) build --release --locked -p atalanta-cli
	ATALANTA_PROGRAM="$(abspath $(RELEASE))" ATALANTA_TIMING=1 $(CARGO) test --locked --workspace --test it -- \
	  attacks:: recall_and_false_alarms held_out:: --test-threads 1 --nocapture

fmt:
	$(CARGO) fmt --all

docs:
	UPDATE_DOCS=1 $(CARGO) test --locked -p atalanta-schema -p atalanta-xql -p atalanta-engine --test it reference
	UPDATE_DOCS=1 $(CARGO) test --locked -p atalanta-engine --test it compat
	UPDATE_DOCS=1 $(CARGO) test --locked -p atalanta-xql --test it grammar
	UPDATE_DOCS=1 $(CARGO) test --locked -p atalanta-sources --lib pages
	UPDATE_DOCS=1 $(CARGO) test --locked -p atalanta-sigma page_of_codes
	UPDATE_DOCS=1 $(CARGO) test --locked --workspace --bin atalanta -- manual the_page_of_commands
