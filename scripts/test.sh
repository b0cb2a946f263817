#!/usr/bin/env bash
# All tests: unit, integration and content tests, doc tests, and the recordings against their generator.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}

# The producers' own libraries, against which the listeners are tested.
if ! command -v python3 >/dev/null 2>&1 || ! scripts/clients.sh; then
  echo "test: the listeners are not tested with OpenTelemetry, Elasticsearch and Splunk clients, pip cannot be used" >&2
fi

# Other engines that read the store's files.
if ! command -v python3 >/dev/null 2>&1 || ! scripts/readers.sh; then
  echo "test: the store's files are not read with DuckDB and deltalake, pip cannot be used" >&2
fi

# Object stores over HTTP for tables in S3, Google Cloud Storage and Azure Blob Storage.
if ! command -v python3 >/dev/null 2>&1 || ! scripts/objects.sh; then
  echo "test: tables in object stores are not tested over HTTP, pip cannot be used" >&2
elif ! command -v npm >/dev/null 2>&1 || ! scripts/azurite.sh; then
  echo "test: tables in Azure Blob Storage are not tested over HTTP, npm cannot be used" >&2
fi

# Property tests run with one seed here, so that a commit passes or fails as it did before;
# `make properties` looks for new cases.
export PROPTEST_RNG_SEED="${PROPTEST_RNG_SEED:-20261122}"

# nextest runs the binaries in parallel; compiling it takes longer than it saves, so it is used where it is there.
if "$cargo" nextest --version >/dev/null 2>&1; then
  "$cargo" nextest run --locked --workspace --no-fail-fast
else
  "$cargo" test --locked --workspace --all-targets --no-fail-fast
fi
"$cargo" test --locked --workspace --doc

if command -v python3 >/dev/null 2>&1; then
  python3 content/hunts/sop/make_recordings.py --verify
  python3 content/detections/make_recordings.py --verify
  python3 content/heldout/make_scenarios.py --verify
  scripts/sensor.sh
else
  echo "test: no python3, the recordings were not compared with their generator, the training sensor was not tested" >&2
fi
scripts/readme.sh --check
