"""The engines under test.

DuckDB and chDB (ClickHouse) each live in a child process of their own, so that CPU time and memory of one
query are those of one engine. This module is both the parent's handle (`Engine`) and the child's main loop
(`python engines.py NAME DATA`): one JSON request a line on standard input, one JSON answer a line on
standard output.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

THREADS = 2

# The queries are written once; these macros hold all that differs between the two dialects.
# Text comparisons of XQL ignore case, `~=` does what its pattern says, nulls never match.
DUCKDB_MACROS = """
CREATE MACRO ci_contains(x, part) AS contains(lower(x), part);
CREATE MACRO ci_starts(x, part) AS starts_with(lower(x), part);
CREATE MACRO ci_ends(x, part) AS suffix(lower(x), part);
CREATE MACRO ci_like(x, pattern) AS lower(x) LIKE pattern;
CREATE MACRO re(x, pattern) AS regexp_matches(x, pattern);
CREATE MACRO vals(x) AS array_agg(DISTINCT x) FILTER (x IS NOT NULL);
CREATE MACRO bucket(t) AS make_timestamptz((epoch_us(t) // 3600000000) * 3600000000);
CREATE MACRO hour_of_day(t) AS (epoch_us(t) // 3600000000) % 24;
CREATE MACRO within_hour(a, b) AS epoch_us(b) - epoch_us(a) BETWEEN -999999 AND 3600999999;
CREATE MACRO public_ip(ip) AS NOT (starts_with(ip, '10.') OR starts_with(ip, '192.168.')
    OR regexp_matches(ip, '^172\\.(1[6-9]|2[0-9]|3[01])\\.'));
"""

CLICKHOUSE_MACROS = """
CREATE FUNCTION ci_contains AS (x, part) -> positionCaseInsensitive(x, part) > 0;
CREATE FUNCTION ci_starts AS (x, part) -> startsWith(lower(x), part);
CREATE FUNCTION ci_ends AS (x, part) -> endsWith(lower(x), part);
CREATE FUNCTION ci_like AS (x, pattern) -> x ILIKE pattern;
CREATE FUNCTION re AS (x, pattern) -> match(x, pattern);
CREATE FUNCTION vals AS x -> groupUniqArray(x);
CREATE FUNCTION bucket AS t -> toStartOfHour(t);
CREATE FUNCTION hour_of_day AS t -> toHour(t);
CREATE FUNCTION within_hour AS (a, b) -> toUnixTimestamp64Micro(assumeNotNull(b)) - toUnixTimestamp64Micro(assumeNotNull(a)) BETWEEN -999999 AND 3600999999;
CREATE FUNCTION public_ip AS ip -> NOT (isIPAddressInRange(assumeNotNull(ip), '10.0.0.0/8')
    OR isIPAddressInRange(assumeNotNull(ip), '172.16.0.0/12') OR isIPAddressInRange(assumeNotNull(ip), '192.168.0.0/16'));
"""


@dataclass
class Measure:
    """One run of one query."""

    cpu_ms: float
    wall_ms: float
    peak_mb: float


@dataclass
class Query:
    """One hunt: SQL for the peers, XQL for Atalanta."""

    name: str
    title: str
    sql: str
    xql: Path


class DuckDB:
    """DuckDB over a view of the Parquet files; file footers are cached between queries."""

    def __init__(self, data: str) -> None:
        import duckdb

        self.connection = duckdb.connect()
        self.connection.execute(f"SET threads = {THREADS}; SET TimeZone = 'UTC'; SET parquet_metadata_cache = true;")
        self.connection.execute("SET enable_progress_bar = false;")
        self.connection.execute(DUCKDB_MACROS)
        self.connection.execute(f"CREATE VIEW xdr_data AS SELECT * FROM read_parquet('{data}/*.parquet')")
        self.version = f"DuckDB {duckdb.__version__}"

    def run(self, sql: str, out: str) -> None:
        """Writes the rows as NDJSON."""
        self.connection.execute(f"COPY (\n{sql}\n) TO '{out}' (FORMAT json)")


class ClickHouse:
    """ClickHouse in the process (chDB) over the Parquet files."""

    def __init__(self, data: str) -> None:
        from chdb import session

        self.session = session.Session()
        self.source = f"file('{data}/*.parquet', Parquet)"
        for statement in CLICKHOUSE_MACROS.strip().split(";\n"):
            self.session.query(statement.rstrip(";"))
        version = self.session.query("SELECT version()", "TSV").bytes().decode().strip()
        self.version = f"ClickHouse {version} (chDB)"

    def run(self, sql: str, out: str) -> None:
        """Writes the rows as NDJSON."""
        # A backslash in a ClickHouse literal starts an escape.
        text = sql.replace("\\", "\\\\").replace("FROM xdr_data", f"FROM {self.source}")
        result = self.session.query(f"{text}\nSETTINGS max_threads = {THREADS}", "JSONEachRow")
        Path(out).write_bytes(result.bytes())


def serve(engine: DuckDB | ClickHouse) -> None:
    """Answers requests until standard input ends."""
    print(json.dumps({"version": engine.version}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        Path("/proc/self/clear_refs").write_text("5")  # starts a new peak of resident memory
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        try:
            engine.run(request["sql"], request["out"])
            answer = measured(before, start)
        except Exception as error:  # whatever the engine raises belongs into the report
            answer = {"error": str(error).strip().splitlines()[0]}
        print(json.dumps(answer), flush=True)


def measured(before: resource.struct_rusage, start: float) -> dict[str, float]:
    """CPU of all threads, wall time and peak memory since the start of the query."""
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    status = Path("/proc/self/status").read_text()
    peak = next(int(row.split()[1]) for row in status.splitlines() if row.startswith("VmHWM"))
    return {"cpu_ms": cpu * 1e3, "wall_ms": wall * 1e3, "peak_mb": peak / 1024}


class Peer:
    """Parent's handle of a DuckDB or chDB child."""

    def __init__(self, name: str, data: Path) -> None:
        self.name = name
        command = [sys.executable, __file__, name, str(data)]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version = self.answer()["version"]

    def answer(self) -> dict:
        """The next line of the child; engines may print other things before it."""
        for line in self.child.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"{self.name} ended without an answer")

    def run(self, query: Query, out: Path) -> Measure:
        """Runs the query once and leaves its rows in `out`."""
        self.child.stdin.write(json.dumps({"sql": query.sql, "out": str(out)}) + "\n")
        self.child.stdin.flush()
        answer = self.answer()
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return Measure(**answer)

    def close(self) -> None:
        """Ends the child."""
        self.child.stdin.close()
        self.child.wait()


class Atalanta:
    """Atalanta's own binary, one process a run: start-up, parsing and planning are counted."""

    def __init__(self, binary: Path, data: Path) -> None:
        self.name = "atalanta"
        self.binary, self.data = binary, data
        version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
        self.version = f"{version.stdout.strip()} (one process per run)"

    def command(self, query: Query) -> list[str]:
        """The only place that knows the command line."""
        return [str(self.binary), "query", "--file", str(query.xql), "--data", str(self.data), "--format", "ndjson"]

    def run(self, query: Query, out: Path) -> Measure:
        """Runs the query once and leaves its rows in `out`."""
        with open(out, "wb") as rows, open(os.devnull, "rb") as nothing:
            errors = out.with_suffix(".err")
            with open(errors, "wb") as stderr:
                start = time.perf_counter()
                child = subprocess.Popen(self.command(query), stdin=nothing, stdout=rows, stderr=stderr)
                _, status, usage = os.wait4(child.pid, 0)
                wall = time.perf_counter() - start
                child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            text = errors.read_text(errors="replace").strip().splitlines()
            raise RuntimeError(text[0] if text else f"exit code {child.returncode}")
        cpu = usage.ru_utime + usage.ru_stime
        return Measure(cpu * 1e3, wall * 1e3, usage.ru_maxrss / 1024)

    def close(self) -> None:
        """Nothing is left running."""


def open_engines(names: list[str], data: Path, binary: Path | None) -> list[Peer | Atalanta]:
    """The engines in the order in which they take turns."""
    engines: list[Peer | Atalanta] = []
    for name in names:
        if name != "atalanta":
            engines.append(Peer(name, data))
        elif binary is not None:
            engines.append(Atalanta(binary, data))
    return engines


if __name__ == "__main__":
    serve({"duckdb": DuckDB, "clickhouse": ClickHouse}[sys.argv[1]](sys.argv[2]))
