#!/usr/bin/env bash
# Puts docs/demo-output.txt into the README; with --check, only says whether it is there.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=$(awk '
  /^<!-- \/demo-output -->$/ { inside = 0 }
  !inside { print }
  /^<!-- demo-output: / {
    inside = 1
    print "```text"
    while ((getline line < "docs/demo-output.txt") > 0) print line
    print "```"
  }' README.md)
if [ "${1:-}" = --check ]; then
  [ "$wanted" = "$(cat README.md)" ] || { echo "README.md: the demo's output is not that of docs/demo-output.txt: run scripts/readme.sh" >&2; exit 1; }
else
  printf '%s\n' "$wanted" >README.md
fi
