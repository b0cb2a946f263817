#!/usr/bin/env bash
# Tests of the training sensor (sensors/python): what needs nothing but Python always, what needs NumPy and scikit-learn
# in .sensor, where pip can install them. What was not tested is said.
set -euo pipefail
cd "$(dirname "$0")/.."
python=python3
if scripts/venv.sh .sensor sensors/python/tests/requirements.txt; then
  python=../../.sensor/bin/python
fi
cd sensors/python
PYTHONPATH=src "$python" -m unittest discover -s tests -v 2>&1 | {
  # Without -v nobody would see what was skipped, with it everything that passed is in the way.
  grep -v ' \.\.\. ok$' || true
}
