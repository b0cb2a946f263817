#!/usr/bin/env bash
# Installs an object store that speaks the protocol of Azure Blob Storage (Azurite, which needs Node.js) into .azurite,
# for crates/cli/tests/it/objects.rs. Ends with 1 where that is impossible, and says why. NPM_SECONDS: how long npm may
# take (300).
set -euo pipefail
cd "$(dirname "$0")/.."
folder=.azurite wanted=scripts/azurite
if [ -x "$folder/node_modules/.bin/azurite-blob" ] && cmp -s "$wanted/package-lock.json" "$folder/installed.json"; then
  exit 0
fi
if [ -n "${SETUP_OFFLINE:-}" ]; then
  echo "$folder: SETUP_OFFLINE is set, nothing is installed" >&2
  exit 1
fi
rm -rf "$folder"
mkdir "$folder"
cp "$wanted/package.json" "$wanted/package-lock.json" "$folder"
if ! timeout --kill-after=10 "${NPM_SECONDS:-300}" \
  npm ci --prefix "$folder" --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null; then
  rm -rf "$folder"
  echo "$folder: npm cannot install $wanted/package.json" >&2
  exit 1
fi
if ! "$folder/node_modules/.bin/azurite-blob" --version >/dev/null 2>&1; then
  rm -rf "$folder"
  echo "$folder: Azurite does not run with node $(node --version)" >&2
  exit 1
fi
cp "$wanted/package-lock.json" "$folder/installed.json"
