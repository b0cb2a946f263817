#!/usr/bin/env bash
# Property tests with a new seed in each round (ROUNDS, 10): what `make test` keeps fixed. A seed that fails is
# printed, and proptest writes its case under proptest-regressions/, to be committed with the fix.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}

# The crates whose tests hold properties, from their source.
mapfile -t crates < <(grep -rl --include='*.rs' 'proptest!' crates | cut -d/ -f2 | sort -u)
packages=()
for crate in "${crates[@]}"; do packages+=(-p "atalanta-$crate"); done

for round in $(seq 1 "${ROUNDS:-10}"); do
  PROPTEST_RNG_SEED=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
  export PROPTEST_RNG_SEED
  echo "properties: round $round of ${ROUNDS:-10}, PROPTEST_RNG_SEED=$PROPTEST_RNG_SEED" >&2
  "$cargo" test --quiet --locked --no-fail-fast "${packages[@]}" --lib --tests >/dev/null
done
