#!/usr/bin/env bash
# Installs Python packages into a virtual environment at the root of the repository, once for each list of them.
#   scripts/venv.sh .NAME REQUIREMENTS [PIP OPTION...]
# Ends with 1 where that is impossible, and says why. VENV_SECONDS: how long pip may take (300).
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1 wanted=$2
shift 2
if [ -x "$folder/bin/python" ] && cmp -s "$wanted" "$folder/requirements.txt"; then
  exit 0
fi
if [ -n "${SETUP_OFFLINE:-}" ]; then
  echo "$folder: SETUP_OFFLINE is set, nothing is installed" >&2
  exit 1
fi
rm -rf "$folder"
if ! python3 -m venv "$folder" >/dev/null 2>&1 ||
  ! timeout "${VENV_SECONDS:-300}" "$folder/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: "$@" -r "$wanted"; then
  rm -rf "$folder"
  echo "$folder: pip cannot install $wanted" >&2
  exit 1
fi
cp "$wanted" "$folder/requirements.txt"
