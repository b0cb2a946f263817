#!/usr/bin/env bash
# Prepares a machine: needs a Rust toolchain and a C compiler, takes what else makes work faster if it can be had.
#
# Optional tools that are missing are installed with apt where that works without a password; where it does not,
# the build and the tests do without them. SETUP_OFFLINE=1 installs nothing.
#   scripts/setup.sh [fuzz]     with `fuzz`, also what the fuzz targets need
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
has() { command -v "$1" >/dev/null 2>&1; }

apt_updated=
install() {
  [ -z "${SETUP_OFFLINE:-}" ] && has apt-get || return 1
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    has sudo && sudo -n true 2>/dev/null || return 1
    as_root=(sudo -n)
  fi
  if [ -z "$apt_updated" ]; then
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive timeout 120 apt-get update -qq >/dev/null 2>&1 || true
    apt_updated=1
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive timeout 300 \
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}

# Needed: Rust.
if ! has cargo || ! has rustc; then
  if [ -x "$HOME/.cargo/bin/cargo" ]; then
    say "cargo is in ~/.cargo/bin but not in PATH: run '. ~/.cargo/env' and try again" >&2
  else
    say "no Rust toolchain found: install Rust 1.95 or later from https://rustup.rs and try again" >&2
  fi
  exit 1
fi
version=$(rustc --version | sed -n 's/^rustc \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
read -r major minor <<<"$version"
if [ "${major:-0}" -lt 1 ] || { [ "$major" -eq 1 ] && [ "${minor:-0}" -lt 95 ]; }; then
  say "found $(rustc --version), expected 1.95 or later: run 'rustup update stable' and try again" >&2
  exit 1
fi

# Needed: a C compiler, which also links. zstd and the allocator are C.
if ! has cc && ! has gcc && ! has clang; then
  say "installing a C compiler"
  install build-essential || true
fi
if ! has cc && ! has gcc && ! has clang; then
  say "no C compiler found: install gcc or clang (Debian: apt-get install build-essential) and try again" >&2
  exit 1
fi

# Optional: Python checks that the recordings are what their generator writes, and runs the benchmark.
if ! has python3; then
  install python3 || say "python3 cannot be had: the check of the recordings' generator is left out"
fi

# Optional: a server for the tests of catalogs in Postgres, which start one of their own; the package's is not wanted.
if ! has initdb && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
  install postgresql || say "postgresql cannot be had: catalogs in Postgres are not tested"
fi

# Wanted by the fuzz targets only: libFuzzer is C++.
if [ "${1:-}" = fuzz ] && ! has c++ && ! has g++ && ! has clang++; then
  install g++ || say "no C++ compiler can be had: the fuzz targets cannot be built"
fi

# Optional: mold links the test binaries in less than half the time (docs/decisions/0002). A cargo configuration
# that somebody wrote by hand is left alone.
has mold || install mold || say "mold cannot be had: the default linker is used"
mark='# written by scripts/setup.sh'
config=.cargo/config.toml
if [ ! -e "$config" ] || head -n 1 "$config" | grep -qF "$mark"; then
  wanted=
  if has mold; then
    host=$(rustc -vV | sed -n 's/^host: //p')
    wanted=$(printf '%s; not under version control\n[target.%s]\nrustflags = ["-C", "link-arg=-fuse-ld=mold"]' "$mark" "$host")
  fi
  if [ -z "$wanted" ]; then
    rm -f "$config"
  elif [ ! -e "$config" ] || [ "$(cat "$config")" != "$wanted" ]; then
    mkdir -p .cargo
    printf '%s\n' "$wanted" >"$config"
  fi
fi

# Optional: rustfmt and clippy come with the default toolchain, not with the minimal one.
for tool in rustfmt clippy; do
  case $tool in rustfmt) binary=cargo-fmt ;; *) binary=cargo-clippy ;; esac
  if ! "$binary" --version >/dev/null 2>&1 && has rustup && [ -z "${SETUP_OFFLINE:-}" ]; then
    rustup component add "$tool" >/dev/null 2>&1 || say "$tool cannot be had: make test needs it"
  fi
done
