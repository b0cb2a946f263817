#!/usr/bin/env bash
# Fills fuzz/corpus/seeds/TARGET from content/: queries, rules files, samples of the sources, recordings.
set -euo pipefail
cd "$(dirname "$0")"
seeds=corpus/seeds
rm -rf "$seeds"

# Copies the files, at most the first 16 KiB of each.
take() {
  local target=$1 file name
  shift
  mkdir -p "$seeds/$target"
  for file in "$@"; do
    name=$(printf '%s' "${file#../}" | tr '/ ' '__')
    head -c 16384 "$file" >"$seeds/$target/$name"
  done
}

# Also cuts the first lines of the files into small inputs, which mutate better than long ones.
take_lines() {
  local target=$1 file name
  take "$@"
  shift
  for file in "$@"; do
    name=$(printf '%s' "${file#../}" | tr '/ ' '__')
    head -n 60 "$file" | head -c 200000 | split -l 3 -a 3 - "$seeds/$target/$name."
  done
}

shopt -s nullglob
queries=(../content/hunts/sop/*/*.xql ../bench/queries/*.xql)
rules=(../content/sources/*/*.xif)
for target in lexer parser check fix format lsp; do take "$target" "${queries[@]}"; done
take rules "${rules[@]}"
take sigma ../crates/sigma/tests/rules/*.yml ../content/sigma/*.yaml
take lexer "${rules[@]}"
take format "${rules[@]}"

for description in ../content/sources/*/source.yaml; do
  decoder=$(sed -n 's/^decoder: *//p' "$description")
  samples=("$(dirname "$description")"/samples/*.{json,jsonl,log,dvc,lock,sig} "$(dirname "$description")"/samples/*/*/*.json)
  take_lines "decode_$decoder" "${samples[@]}"
  take records "${samples[@]}"
done
take records ../content/hunts/sop/2.*/attack.ndjson
# Compressed files are cut too: a truncated stream is an input like any other.
for file in ../content/sources/*/samples/*.jsonl; do
  name=$(basename "$(dirname "$(dirname "$file")")")_$(basename "$file").gz
  head -n 2 "$file" | gzip -n >"$seeds/records/$name"
done
printf 'name,value\n"a ""b"", c",1\nd,\n' >"$seeds/records/table.csv"
# Every target has at least one seed.
for target in fuzz_targets/*.rs; do
  name=$(basename "$target" .rs)
  [ -d "$seeds/$name" ] || { echo "seeds: none for $name" >&2; exit 1; }
done
