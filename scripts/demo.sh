#!/usr/bin/env bash
# Hunts over the recordings of this repository and prints what is found.
#
# First the report of all hunts over all attack recordings and source samples in one run; then, for each hunt, its
# own attack recording and the benign twin. Findings are what is wanted here: the exit code is 0 when every hunt
# finds its attack and stays silent on its twin, else 1.
set -euo pipefail
cd "$(dirname "$0")/.."
atalanta=${ATALANTA:-target/release/atalanta}
# The recordings lie on this day; what `now` is must not depend on when the demo runs.
now=2026-11-21T00:00:00Z
shopt -s nullglob

report=$(mktemp) lines=$(mktemp) log=$(mktemp)
trap 'rm -f "$report" "$lines" "$log"' EXIT
page_folder=$(dirname "$atalanta")/../demo

# Runs a command whose exit code 1 means findings; sets `code`.
code=0
findings() {
  code=0
  "$@" || code=$?
  if [ "$code" -gt 1 ]; then
    printf 'demo: exit code %s from: %s\n' "$code" "$*" >&2
    exit 1
  fi
}

attacks=(content/hunts/sop/*/attack*)
samples=(content/sources/*/samples/*.{json,jsonl,log})
printf '== all hunts over %s attack recordings and %s samples of the sources\n\n' "${#attacks[@]}" "${#samples[@]}"
findings "$atalanta" hunt sop --now "$now" --data "${attacks[@]}" "${samples[@]}" --output "$report"
cat "$report"
mkdir -p "$page_folder"
findings "$atalanta" hunt sop --now "$now" --data "${attacks[@]}" "${samples[@]}" \
  --format html --output "$page_folder/report.html" 2>"$log"

printf '\n== each hunt over its own attack recording and the benign twin\n\n'
printf '%-7s %-40s %8s %8s\n' hunt title attack twin
missed=0
count_findings() {
  findings "$atalanta" hunt "$1" --now "$now" --format ndjson --data "$2" >"$lines" 2>"$log"
  number=$(wc -l <"$lines" | tr -d ' ')
}
hunts=0
while read -r folder; do
  id=$(basename "$folder")
  title=$(sed -n 's/^title: *"\{0,1\}\([^"]*\)"\{0,1\} *$/\1/p' "$folder/hunt.yaml")
  on_attack=("$folder"/attack*) on_twin=("$folder"/benign*)
  count_findings "$id" "${on_attack[0]}" && attack=$number
  count_findings "$id" "${on_twin[0]}" && twin=$number
  note=
  if [ "$attack" -eq 0 ]; then note='  missed its attack'; fi
  if [ "$twin" -gt 0 ]; then note+='  fires on its twin'; fi
  if [ -n "$note" ]; then missed=$((missed + 1)); fi
  printf '%-7s %-40.40s %8s %8s%s\n' "$id" "$title" "$attack" "$twin" "$note"
  hunts=$((hunts + 1))
done < <(printf '%s\n' content/hunts/sop/*/hunt.yaml | xargs -n 1 dirname | sort -V)

printf '\n== in short\n\n'
sed -n '1,/^  took/p' "$report"
printf '\nthe same report as a page: %s\n' "$(cd "$page_folder" && pwd)/report.html"
printf '%s of %s hunts find their attack and stay silent on the benign twin\n' "$((hunts - missed))" "$hunts"
[ "$missed" -eq 0 ]
