#!/usr/bin/env bash
# Property tests with a new seed in each round (ROUNDS, 10): what `make test` keeps fixed. A seed that fails is
# printed, and proptest writes its case under proptest-regressions/, to be committed with the fix.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}

for round in $(seq 1 "${ROUNDS:-10}"); do
  PROPTEST_RNG_SEED=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
  export PROPTEST_RNG_SEED
  echo "properties: round $round of ${ROUNDS:-10}, PROPTEST_RNG_SEED=$PROPTEST_RNG_SEED" >&2
  "$cargo" test --quiet --locked --workspace --no-fail-fast --lib --tests
done
