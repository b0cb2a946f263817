#!/usr/bin/env bash
# Installs an object store that speaks S3 over HTTP (moto's server) and DuckDB with what it needs to read tables there
# (crates/cli/tests/it/objects.rs) into .objects. Ends with 1 where that is impossible.
set -euo pipefail
exec "$(dirname "$0")/venv.sh" .objects scripts/objects/requirements.txt --no-deps
