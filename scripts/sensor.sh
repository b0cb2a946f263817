#!/usr/bin/env bash
# Tests of the training sensor (sensors/python): what needs nothing but Python always, what needs NumPy and scikit-learn
# in .sensor, where pip can install them. What was not tested is said.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=sensors/python/tests/requirements.txt
python=python3
if [ -z "${SETUP_OFFLINE:-}" ] && ! cmp -s "$wanted" .sensor/requirements.txt; then
  rm -rf .sensor
  if python3 -m venv .sensor >/dev/null 2>&1 &&
    timeout 300 .sensor/bin/pip install --quiet --disable-pip-version-check --only-binary=:all: -r "$wanted"; then
    cp "$wanted" .sensor/requirements.txt
  else
    rm -rf .sensor
    echo "sensor: pip cannot install $wanted" >&2
  fi
fi
if cmp -s "$wanted" .sensor/requirements.txt; then
  python=.sensor/bin/python
fi
cd sensors/python
[ "$python" = python3 ] || python=../../$python
PYTHONPATH=src "$python" -m unittest discover -s tests -v 2>&1 | {
  # Without -v nobody would see what was skipped, with it everything that passed is in the way.
  grep -v ' \.\.\. ok$' || true
}
