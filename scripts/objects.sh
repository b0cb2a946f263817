#!/usr/bin/env bash
# Installs object stores over HTTP that speak S3 (moto's server) and the protocol of Google Cloud Storage
# (fake-gcs-server), and DuckDB with what it needs to read tables in S3, into .objects, for
# crates/cli/tests/it/objects.rs. Ends with 1 where that is impossible. scripts/azurite.sh has the third kind.
set -euo pipefail
exec "$(dirname "$0")/venv.sh" .objects scripts/objects/requirements.txt --no-deps
