#!/usr/bin/env bash
# Builds the fuzz targets with the stable toolchain and runs them, each for FUZZ_SECONDS.
#   fuzz/run.sh [TARGET...]     FUZZ_SECONDS=60 FUZZ_JOBS=<cores>
# First every seed is replayed, which is the same each time; then inputs are explored at random until the time is up.
# A target that fails leaves its input in fuzz/artifacts/TARGET/ and prints how to repeat it. The exit code is 1 or
# 123 if a seed fails or the build does, 4 if exploring found an input that fails, 3 if nothing could be run.
set -euo pipefail
cd "$(dirname "$0")"

seconds=${FUZZ_SECONDS:-60}
jobs=${FUZZ_JOBS:-$(nproc 2>/dev/null || echo 2)}
host=$(rustc -vV | sed -n 's/^host: //p')
target_dir=${CARGO_TARGET_DIR:-$PWD/target}

# libFuzzer is C++; without a compiler for it there is nothing to run, and that is said.
if ! command -v "${CXX:-c++}" >/dev/null && ! command -v g++ >/dev/null && ! command -v clang++ >/dev/null; then
  echo "fuzz: no C++ compiler (c++, g++ or clang++), which libFuzzer needs; nothing was fuzzed" >&2
  exit 3
fi

# The flags with which cargo-fuzz instruments code, without a sanitizer: those need a nightly toolchain, and the
# code under test forbids `unsafe`. With --target, build scripts and macros stay uninstrumented.
flags="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
flags+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
flags+=" -Cllvm-args=-sanitizer-coverage-trace-compares"
if command -v mold >/dev/null; then flags+=" -Clink-arg=-fuse-ld=mold"; fi
RUSTFLAGS="$flags" cargo build --release --locked --target "$host" --target-dir "$target_dir"

./seeds.sh

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for file in fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi

fuzz_one() {
  local name=$1
  mkdir -p "artifacts/$name" "corpus/$name"
  local log="artifacts/$name.log"
  local common=("$target_dir/$host/release/$name" -timeout=60 -rss_limit_mb=2048 -max_len=16384
    -artifact_prefix="artifacts/$name/")
  if ! "${common[@]}" -runs=0 "corpus/seeds/$name" >"$log" 2>&1; then
    printf 'fuzz: %-20s FAILED on a seed\n' "$name"
    tail -n 20 "$log"
    return 1
  fi
  local run=("${common[@]}" -max_total_time="$seconds" "corpus/$name" "corpus/seeds/$name")
  if "${run[@]}" >"$log" 2>&1; then
    printf 'fuzz: %-20s ok, %s inputs\n' "$name" "$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log")"
  else
    printf 'fuzz: %-20s FAILED\n' "$name"
    grep -aE 'panicked at|^[^=]*ERROR|Test unit written' -A1 "$log" | head -20
    printf '  repeat with: (cd fuzz && %s/%s/release/%s artifacts/%s/<the file>)\n' "$target_dir" "$host" "$name" "$name"
    # The input itself, for machines that do not outlive the run.
    find "artifacts/$name" -type f -size -64k -exec base64 {} +
    touch artifacts/found
  fi
}
export -f fuzz_one
export seconds target_dir host
rm -f artifacts/found
printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I{} bash -c 'fuzz_one {}'
[ ! -e artifacts/found ] || exit 4
