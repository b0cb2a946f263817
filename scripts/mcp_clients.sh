#!/usr/bin/env bash
# Installs real MCP servers and clients, pinned, below target/mcp-clients (or the folder given), for the test
# `cargo test -p atalanta-cli --test it tap::real`. Needs npm, and python3 with venv.
set -euo pipefail
cd "$(dirname "$0")/.."
root=${1:-target/mcp-clients}
mkdir -p "$root"
npm install --prefix "$root" --no-audit --no-fund --silent \
  @modelcontextprotocol/server-everything@2026.8.31 @modelcontextprotocol/server-filesystem@2026.8.31
[ -x "$root/venv/bin/python" ] || python3 -m venv "$root/venv"
"$root/venv/bin/pip" install --quiet mcp==2.3.0
echo "mcp_clients: installed in $root"
