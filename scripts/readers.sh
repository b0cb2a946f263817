#!/usr/bin/env bash
# Installs the other engines with which the store's files are read (crates/cli/tests/it/readers.rs) into .readers:
# DuckDB with its DuckLake extension, deltalake. Ends with 1 where that is impossible.
set -euo pipefail
exec "$(dirname "$0")/venv.sh" .readers scripts/readers/requirements.txt --no-deps
