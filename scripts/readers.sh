#!/usr/bin/env bash
# Installs the other engines with which the store's files are read (crates/cli/tests/it/readers.rs) into .readers:
# DuckDB with its DuckLake extension, deltalake. Ends with 1 where that is impossible.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=scripts/readers/requirements.txt
if [ -x .readers/bin/python ] && cmp -s "$wanted" .readers/requirements.txt; then
  exit 0
fi
if [ -n "${SETUP_OFFLINE:-}" ]; then
  echo "readers: SETUP_OFFLINE is set, nothing is installed" >&2
  exit 1
fi
rm -rf .readers
if ! python3 -m venv .readers >/dev/null 2>&1 ||
  ! timeout 300 .readers/bin/pip install --quiet --disable-pip-version-check --only-binary=:all: --no-deps -r "$wanted"; then
  rm -rf .readers
  echo "readers: pip cannot install $wanted" >&2
  exit 1
fi
cp "$wanted" .readers/requirements.txt
