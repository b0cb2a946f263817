#!/usr/bin/env bash
# Installs the clients with which the listeners are tested (crates/cli/tests/it/clients.rs) into .clients: the SDK and
# exporters of OpenTelemetry, the Elasticsearch client, a Splunk logging handler. Ends with 1 where that is impossible.
set -euo pipefail
exec "$(dirname "$0")/venv.sh" .clients scripts/clients/requirements.txt --no-deps
