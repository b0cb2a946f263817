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
take prompt ../crates/prompt/src/cues/*.rs ../bench/prompt/trigger_words.txt
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
# Bodies of the listeners; the first byte chooses the protocol (PROTOCOLS in src/listeners.rs).
body() { { printf "\\x0$1"; head -c 16000 "${3:-/dev/stdin}"; } >"$seeds/listeners/$2"; }
mkdir -p "$seeds/listeners"
for file in ../content/sources/*/samples/*.{json,jsonl,log}; do
  body 0 "ingest_$(basename "$(dirname "$(dirname "$file")")")_$(basename "$file")" "$file"
done
head -n 3 ../content/sources/litellm_proxy/samples/standard_logging_payload.jsonl | gzip -n | body 0 ingest_gzip
printf '{"time":1795255200.25,"host":"h","sourcetype":"app","event":{"user":"ann"}}{"event":"text","fields":{"k":"v"}}' | body 1 hec
printf '{"create":{"_index":"a"}}\n{"m":1}\n{"delete":{"_index":"a","_id":"7"}}\n{"index":{}}\n{"m":2}\n' | body 2 bulk
# An ExportTraceServiceRequest with one span: resource_spans { scope_spans { spans { name: "chat", kind: 3 } } }
printf '\x0a\x0c\x12\x0a\x12\x08\x2a\x04chat\x30\x03' | body 3 otlp
printf '<34>Nov 21 22:14:15 host su: one\n57 <165>1 2026-11-21T22:14:15.003Z h app 42 ID [a@1 k="v"] x<13>last' | body 4 syslog
printf '[{"specversion":"1.0","id":"1","source":"/a","type":"t","data":{"n":1}}]' | body 5 cloudevents
# Every target has at least one seed.
for target in fuzz_targets/*.rs; do
  name=$(basename "$target" .rs)
  [ -d "$seeds/$name" ] || { echo "seeds: none for $name" >&2; exit 1; }
done
