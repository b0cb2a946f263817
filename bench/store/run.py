#!/usr/bin/env python3
"""Measures text maps: their bytes and CPU time, and queries for needles beside DuckDB over the same Parquet files.

    make -C bench store            (data of ROWS and FILES, tools and server in release)
    bench/store/run.py --atalanta ../target/release/atalanta --tools target/release/atalanta-bench --data data/20000000

Loads the rows into a data folder (kept between runs), lets `store verify` count the maps' bytes, and asks the needle
queries of `bench/queries` of a server that has just started (first), then once more (again: nothing new has arrived).
Wall time is the client's, CPU time the server's; DuckDB's are those of its process. Rows are compared by number.
"""

import argparse
import http.client
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
QUERIES = HERE.parent / "queries"
sys.path.insert(0, str(HERE.parent))

from engines import DUCKDB_MACROS, THREADS  # noqa: E402


def cpu_of(pid):
    """Seconds of CPU time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Server:
    """A server over the data folder; queries by HTTP."""

    def __init__(self, binary, folder, scratch):
        config = Path(scratch) / "serve.toml"
        config.write_text(f"[query]\nthreads = {THREADS}\n")
        command = [binary, "serve", "--config", str(config), "--data-dir", str(folder), "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        for line in self.process.stderr:
            found = re.search(rb"listening address=127\.0\.0\.1:(\d+)", line)
            if found:
                self.connection = http.client.HTTPConnection("127.0.0.1", int(found.group(1)), timeout=600)
                break
        else:
            sys.exit("the server did not start")
        threading.Thread(target=lambda: [None for _ in self.process.stderr], daemon=True).start()

    def ask(self, query):
        """(rows, ms of wall time, ms of CPU time)."""
        before, started = cpu_of(self.process.pid), time.monotonic()
        self.connection.request("POST", "/api/v1/query", json.dumps({"query": query}))
        answer = self.connection.getresponse()
        body = answer.read()
        took = (time.monotonic() - started) * 1000
        if answer.status != 200:
            sys.exit(f"status {answer.status}: {body[:500]!r}")
        return len(json.loads(body)["rows"]), took, (cpu_of(self.process.pid) - before) * 1000

    def pages(self):
        """Sums of pages so far: read, skipped by maps, skipped by memory."""
        self.connection.request("GET", "/metrics")
        text = self.connection.getresponse().read().decode()
        names = ["read", "skipped_by_maps", "skipped_by_memory"]
        return [int(re.search(rf"^atalanta_pages_{name}_total (\d+)", text, re.M).group(1)) for name in names]

    def stop(self):
        self.process.terminate()
        self.process.wait()


def duckdb_times(files, sql, repeat):
    """(rows, ms of wall time, ms of CPU time), medians after a warming run."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET threads = {THREADS}; SET TimeZone = 'UTC'; SET parquet_metadata_cache = true;")
    connection.execute(DUCKDB_MACROS)
    connection.execute(f"CREATE VIEW xdr_data AS SELECT * FROM read_parquet({files!r}, union_by_name = true)")
    walls, cpus = [], []
    for turn in range(repeat + 1):
        cpu, started = time.process_time(), time.monotonic()
        connection.execute(f"CREATE OR REPLACE TEMP TABLE answer AS {sql}")
        if turn:
            walls.append((time.monotonic() - started) * 1000)
            cpus.append((time.process_time() - cpu) * 1000)
    rows = connection.execute("SELECT count(*) FROM answer").fetchone()[0]
    return rows, statistics.median(walls), statistics.median(cpus)


def load(options, folder):
    """Fills the data folder unless it is there; what that took."""
    if (folder / "catalog.sqlite").exists():
        return None
    command = [options.tools, "load", "--data", options.data, "--into", str(folder)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(options, folder, name, files):
    """One query: a dict of figures."""
    xql = (QUERIES / f"{name}.xql").read_text()
    sql = (QUERIES / f"{name}.sql").read_text()
    first, again = [], []
    with tempfile.TemporaryDirectory() as scratch:
        for _ in range(options.repeat):
            server = Server(options.atalanta, folder, scratch)
            server.ask("dataset = xdr_data | limit 1")  # Footers are read; no page of the query is.
            before = server.pages()
            first.append(server.ask(xql))
            middle = server.pages()
            again.append(server.ask(xql))
            after = server.pages()
            server.stop()
    median = lambda runs, at: statistics.median(run[at] for run in runs)
    rows, wall, cpu = duckdb_times(files, sql, options.repeat)
    if any(run[0] != rows for run in first + again):
        sys.exit(f"{name}: DuckDB has {rows} rows, here are {first} and {again}")
    pages = [[b - a for a, b in zip(*pair)] for pair in ((before, middle), (middle, after))]
    return {
        "query": name, "rows": rows, "first_ms": median(first, 1), "first_cpu_ms": median(first, 2),
        "again_ms": median(again, 1), "again_cpu_ms": median(again, 2), "duckdb_ms": wall, "duckdb_cpu_ms": cpu,
        "first_pages": pages[0], "again_pages": pages[1],
    }


def report(loaded, costs, verified, results):
    """The figures as Markdown."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M")
    lines = ["# Text maps", "", f"`bench/store/run.py`, {now} UTC, {platform.processor() or platform.machine()}, "
             f"{THREADS} threads.", ""]
    if loaded:
        lines += [f"Load: {loaded['rows']:,} rows, {loaded['files']} files, {loaded['bytes'] / 1e6:.0f} MB, "
                  f"{loaded['cpu_s']:.0f} s of CPU time.", ""]
    share = 100 * costs["map_bytes"] / costs["bytes"]
    part = 100 * costs["maps_us_per_row"] / (costs["write_us_per_row"] + costs["maps_us_per_row"])
    lines += [f"Maps: {costs['maps_us_per_row']:.2f} µs of CPU time a row beside {costs['write_us_per_row']:.2f} µs of "
              f"writing Parquet ({part:.0f} % of both), {share:.1f} % of the bytes for all columns together.", "",
              f"`store verify`: {verified}", "",
              "| query | rows | first ms (CPU) | again ms (CPU) | DuckDB ms (CPU) | first / DuckDB | pages read, first | again |",
              "|---|---|---|---|---|---|---|---|"]
    for one in results:
        lines.append(
            f"| {one['query']} | {one['rows']} | {one['first_ms']:.0f} ({one['first_cpu_ms']:.0f}) "
            f"| {one['again_ms']:.0f} ({one['again_cpu_ms']:.0f}) | {one['duckdb_ms']:.0f} ({one['duckdb_cpu_ms']:.0f}) "
            f"| 1/{one['duckdb_ms'] / one['first_ms']:.1f} | {one['first_pages'][0]} of {sum(one['first_pages'])} "
            f"| {one['again_pages'][0]} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atalanta", required=True, help="the binary")
    parser.add_argument("--tools", required=True, help="atalanta-bench")
    parser.add_argument("--data", required=True, help="folder of Parquet files")
    parser.add_argument("--folder", default=None, help="data folder to load into; kept")
    parser.add_argument("--queries", default="n1*", help="which of bench/queries")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--out", default=None, help="file of the report")
    options = parser.parse_args()
    folder = Path(options.folder or f"{options.data.rstrip('/')}-store")
    loaded = load(options, folder)
    costs = json.loads(subprocess.run([options.tools, "maps", "--data", options.data], check=True,
                                      capture_output=True, text=True).stdout)
    checked = subprocess.run([options.atalanta, "store", "verify", "--data-dir", str(folder)], check=True,
                             capture_output=True, text=True).stderr
    verified = next((line.strip() for line in checked.splitlines() if "text maps" in line), "no maps")
    files = sorted(str(path) for path in folder.glob("tables/main/xdr_data/**/*.parquet"))
    names = sorted(path.stem for path in QUERIES.glob(f"{options.queries}.xql"))
    text = report(loaded, costs, verified, [measure(options, folder, name, files) for name in names])
    print(text)
    if options.out:
        Path(options.out).write_text(text)


if __name__ == "__main__":
    main()
