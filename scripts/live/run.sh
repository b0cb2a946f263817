#!/usr/bin/env bash
# Walks through sources' pages with the real producers: scripts/live/run.sh [litellm|mlflow|genai|openinference|sensor …]
# Each has an environment of its own in .live, made by scripts/venv.sh; all of them take about 2 GB. Ends with 1 when a
# row lacks what the page promises, or when a producer cannot be installed. ATALANTA names the binary.
set -euo pipefail
cd "$(dirname "$0")/../.."
export ATALANTA=${ATALANTA:-$PWD/target/release/atalanta}
[ -x "$ATALANTA" ] || { echo "live: $ATALANTA is not there: make live builds it" >&2; exit 1; }
case $ATALANTA in /*) ;; *) ATALANTA=$PWD/$ATALANTA ;; esac

walks=("$@")
[ $# -gt 0 ] || walks=(litellm mlflow genai openinference sensor)
failed=0
for name in "${walks[@]}"; do
  case $name in
    litellm) words=(litellm_walk.py) ;;
    mlflow) words=(mlflow_walk.py) ;;
    genai | openinference) words=(otel_walk.py "$name") ;;
    sensor) words=(sensor_walk.py) ;;
    *)
      echo "live: $name: expected litellm, mlflow, genai, openinference or sensor" >&2
      exit 1
      ;;
  esac
  # Large packages; --no-deps, as every package is named with its version.
  if ! VENV_SECONDS=1500 scripts/venv.sh ".live/$name" "scripts/live/$name.txt" --no-deps ||
    ! ".live/$name/bin/python" "scripts/live/${words[0]}" "${words[@]:1}"; then
    echo "live: $name failed" >&2
    failed=1
  fi
done
exit "$failed"
