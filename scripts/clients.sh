#!/usr/bin/env bash
# Installs the clients with which the listeners are tested (crates/cli/tests/it/clients.rs) into .clients: the SDK and
# exporters of OpenTelemetry, the Elasticsearch client, a Splunk logging handler. Ends with 1 where that is impossible.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=scripts/clients/requirements.txt
if [ -x .clients/bin/python ] && cmp -s "$wanted" .clients/requirements.txt; then
  exit 0
fi
if [ -n "${SETUP_OFFLINE:-}" ]; then
  echo "clients: SETUP_OFFLINE is set, nothing is installed" >&2
  exit 1
fi
rm -rf .clients
if ! python3 -m venv .clients >/dev/null 2>&1 ||
  ! timeout 300 .clients/bin/pip install --quiet --disable-pip-version-check --only-binary=:all: --no-deps -r "$wanted"; then
  rm -rf .clients
  echo "clients: pip cannot install $wanted" >&2
  exit 1
fi
cp "$wanted" .clients/requirements.txt
