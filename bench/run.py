"""Runs every benchmark query in every engine and writes RESULTS.md and results.json.

The engines take turns query by query, so that noise of the machine hits all of them. CPU time is user plus
system time of all threads. Rows are written as NDJSON by every engine and compared.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import tempfile
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from engines import THREADS, Measure, Query, open_engines
from rows import digest

HERE = Path(__file__).resolve().parent
HUNTS = HERE.parent / "content" / "hunts" / "sop"
FLOORS = {"s1-common-substring": "action_process_command_line", "s2-common-regex": "action_process_command_line"}


@dataclass
class Outcome:
    """One query in one engine: the run with the median CPU time, the rows, or the error."""

    measure: Measure | None = None
    rows: int | None = None
    digest: str | None = None
    error: str | None = None


@dataclass
class Result:
    """One query in all engines."""

    name: str
    title: str
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def agreement(self) -> str:
        """Whether the engines that answered returned the same rows."""
        done = [outcome for outcome in self.outcomes.values() if outcome.error is None]
        if len({outcome.rows for outcome in done}) > 1:
            return "COUNTS DIFFER"
        return "same rows" if len({outcome.digest for outcome in done}) == 1 else "same count, VALUES DIFFER"


def sort_key(path: Path) -> tuple:
    """2.9 comes before 2.10; needles and others after the hunts."""
    number = path.stem.split("-")[0]
    parts = number.split(".")
    if parts[0].isdigit():
        return (0, *(int(part) for part in parts), path.stem)
    return (1, 0, 0, path.stem)


def load_queries(pattern: str) -> list[Query]:
    """The SQL files with the XQL that each must equal."""
    queries = []
    for path in sorted((HERE / "queries").glob(f"{pattern}.sql"), key=sort_key):
        title, _, sql = path.read_text().partition("\n")
        own = path.with_suffix(".xql")
        xql = own if own.exists() else HUNTS / path.stem / "repaired.xql"
        queries.append(Query(path.stem, title.removeprefix("-- "), sql, xql))
    return queries


def run_query(query: Query, engines: list, repeat: int, folder: Path) -> Result:
    """One warming turn, then the measured turns; each turn visits every engine."""
    result = Result(query.name, query.title)
    measures: dict[str, list[Measure]] = {engine.name: [] for engine in engines}
    for turn in range(repeat + 1):
        for engine in engines:
            outcome = result.outcomes.setdefault(engine.name, Outcome())
            if outcome.error is not None:
                continue
            try:
                measure = engine.run(query, folder / f"{engine.name}.ndjson")
            except RuntimeError as error:
                outcome.error = str(error)
                continue
            if turn > 0:
                measures[engine.name].append(measure)
    for name, outcome in result.outcomes.items():
        if outcome.error is None:
            outcome.measure = sorted(measures[name], key=lambda one: one.cpu_ms)[repeat // 2]
            outcome.rows, outcome.digest = digest(folder / f"{name}.ndjson")
    return result


def decode_floors(binary: Path, data: Path) -> dict[str, float]:
    """CPU ms to read and decode each column that a floor is asked for."""
    floors = {}
    for column in sorted(set(FLOORS.values())):
        command = [binary, "micro", "decode", "--data", data, "--column", column]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        floors[column] = json.loads(run.stdout)["cpu_ms"]
    return floors


def checker(binary: Path) -> str:
    """Time to parse, resolve and check a query of 50 stages."""
    run = subprocess.run([binary, "micro", "check"], capture_output=True, text=True, check=True)
    figures = json.loads(run.stdout)
    steps = ", ".join(f"{step} {figures[f'{step}_us'] / 1e3:.2f}" for step in ("parse", "resolve", "logic"))
    return f"{figures['stages']} stages in {figures['median_us'] / 1e3:.2f} ms (median; of it {steps})"


def machine(data: Path) -> dict[str, str]:
    """What a reader needs to judge the figures."""
    files = list(data.glob("*.parquet"))
    cpu = next((row.split(":")[1].strip() for row in open("/proc/cpuinfo") if row.startswith("model name")), "?")
    memory = next(int(row.split()[1]) for row in open("/proc/meminfo") if row.startswith("MemTotal")) / 2**20
    commit = subprocess.run(["git", "-C", HERE, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit.stdout.strip(),
        "machine": f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}",
        "load": f"{os.getloadavg()[0]:.1f} at the start",
        "data": f"{len(files)} files, {sum(file.stat().st_size for file in files) / 1e9:.2f} GB",
        "threads": str(THREADS),
    }


def ratios(results: list[Result], name: str, value: str) -> list[tuple[float, str]]:
    """The engine's cost as a multiple of DuckDB's, for each query that both answered."""
    pairs = []
    for result in results:
        own, peer = result.outcomes.get(name), result.outcomes.get("duckdb")
        if own and peer and own.measure and peer.measure:
            ratio = getattr(own.measure, value) / max(getattr(peer.measure, value), 0.1)
            pairs.append((ratio, result.name))
    return pairs


def summary(results: list[Result], names: list[str]) -> list[str]:
    """Geometric mean and worst query of each engine against DuckDB, over the 35 hunts."""
    hunts = [result for result in results if result.name[0].isdigit()]
    lines = [
        "| engine | hunts | CPU / DuckDB, geometric mean | worst | wall / DuckDB, geometric mean | highest peak MB |",
        "|---|---|---|---|---|---|",
    ]
    for name in names:
        cpu, wall = ratios(hunts, name, "cpu_ms"), ratios(hunts, name, "wall_ms")
        if not cpu:
            continue
        peaks = [one.outcomes[name].measure.peak_mb for one in results if one.outcomes[name].measure]
        worst = max(cpu)
        means = [math.exp(statistics.fmean(math.log(max(ratio, 1e-6)) for ratio, _ in pairs)) for pairs in (cpu, wall)]
        lines.append(f"| {name} | {len(cpu)} | {means[0]:.2f} | {worst[0]:.2f} ({worst[1]}) | {means[1]:.2f} | {max(peaks):.0f} |")
    return lines


def cells(outcome: Outcome | None, duckdb: Outcome | None) -> str:
    """CPU, wall and memory of one engine, with the CPU ratio to DuckDB."""
    if outcome is None or outcome.measure is None:
        return "failed | | " if outcome else " | | "
    measure, ratio = outcome.measure, ""
    if duckdb is not None and outcome is not duckdb and duckdb.measure:
        ratio = f" ({measure.cpu_ms / max(duckdb.measure.cpu_ms, 0.1):.2f})"
    return f"{measure.cpu_ms:.0f}{ratio} | {measure.wall_ms:.0f} | {measure.peak_mb:.0f}"


def table(results: list[Result], names: list[str]) -> list[str]:
    """One line a query."""
    columns = " | ".join(f"{name} CPU ms | wall ms | peak MB" for name in names)
    lines = [f"| query | rows | rows agree | {columns} |", "|---|---|---|" + "---|---|---|" * len(names)]
    for result in results:
        duckdb = result.outcomes.get("duckdb")
        rows = next((one.rows for one in result.outcomes.values() if one.rows is not None), "")
        costs = " | ".join(cells(result.outcomes.get(name), duckdb) for name in names)
        lines.append(f"| {result.name} {result.title} | {rows} | {result.agreement()} | {costs} |")
    return lines


def floor_lines(results: list[Result], names: list[str], floors: dict[str, float]) -> list[str]:
    """Cost of whole-column matches as a multiple of decoding that column."""
    lines = []
    for result in results:
        floor = floors.get(FLOORS.get(result.name, ""))
        if floor is None:
            continue
        for name in names:
            measure = result.outcomes[name].measure
            if measure:
                lines.append(f"* {result.name}, {name}: {measure.cpu_ms / floor:.2f} times the decode floor of {floor:.0f} CPU ms")
    return lines


def problems(results: list[Result]) -> list[str]:
    """Errors and disagreements in full, so that none is overlooked."""
    lines = []
    for result in results:
        for name, outcome in result.outcomes.items():
            if outcome.error:
                lines.append(f"* {result.name}, {name}: {outcome.error}")
        if "DIFFER" in result.agreement():
            counts = ", ".join(f"{name} {outcome.rows}" for name, outcome in result.outcomes.items())
            lines.append(f"* {result.name}: {result.agreement().lower()} ({counts})")
    return lines


def write_report(results: list[Result], engines: list, about: dict, floors: dict, out: Path) -> None:
    """RESULTS.md for people, results.json for programs."""
    names = [engine.name for engine in engines]
    lines = ["# Benchmark results", "", "Written by `bench/run.py`; see README.md for how to read it.", ""]
    lines += [f"* {key}: {value}" for key, value in about.items()]
    lines += [f"* engine: {engine.version}" for engine in engines]
    lines += ["", "## Summary over the hunts", "", *summary(results, names)]
    lines += ["", "## Every query", "", *table(results, names)]
    for title, body in (("Decode floor", floor_lines(results, names, floors)), ("Problems", problems(results))):
        lines += ["", f"## {title}", "", *(body or ["None."])]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(lines) + "\n")
    record = {"about": about, "engines": [engine.version for engine in engines], "floors": floors}
    record["results"] = [asdict(result) for result in results]
    out.with_name("results.json").write_text(json.dumps(record, indent=1) + "\n")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=HERE / "data", help="folder of Parquet files")
    parser.add_argument("--atalanta", type=Path, help="Atalanta's release binary")
    parser.add_argument("--tools", type=Path, help="the atalanta-bench binary, for the decode floor")
    parser.add_argument("--engines", default="duckdb,clickhouse,atalanta", help="comma separated")
    parser.add_argument("--queries", default="*", help="glob on the names of the queries")
    parser.add_argument("--repeat", type=int, default=3, help="measured runs of each query")
    parser.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    return parser.parse_args()


def main() -> int:
    """Runs the benchmark; 1 if an engine failed or rows differ."""
    options = arguments()
    about = machine(options.data)
    floors = decode_floors(options.tools, options.data) if options.tools else {}
    if options.tools:
        about["parse and check"] = checker(options.tools)
    engines = open_engines(options.engines.split(","), options.data.resolve(), options.atalanta)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for query in load_queries(options.queries):
            result = run_query(query, engines, options.repeat, Path(folder))
            results.append(result)
            costs = "  ".join(
                f"{name} {one.measure.cpu_ms:.0f} ms" if one.measure else f"{name} FAILED: {one.error}"
                for name, one in result.outcomes.items()
            )
            rows = [one.rows for one in result.outcomes.values()]
            print(f"{query.name:22} {rows} {result.agreement()}  {costs}", flush=True)
    for engine in engines:
        engine.close()
    write_report(results, engines, about, floors, options.out)
    return 1 if problems(results) else 0


if __name__ == "__main__":
    raise SystemExit(main())
