#!/usr/bin/env bash
# Puts docs/demo-output.txt into the README; with --check, only says whether it is there.
#   make demo >demo.txt && scripts/readme.sh --from demo.txt
# takes the excerpt from a run first: the summary, the first finding, and the table of all hunts.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = --from ]; then
  awk '
    /^== all hunts/ { show = 1 }
    /^== each hunt/ { if (!show) print "[...]\n"; show = 1 }
    /^== in short/ { show = 0 }
    /hunts find their attack/ { last = $0 }
    show { print }
    show && /^    id / { show = 0; print "" }
    END { print last }' "$2" >docs/demo-output.txt
fi
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
