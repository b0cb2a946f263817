#!/usr/bin/env python3
"""Measures what `atalanta tap` adds to MCP messages over pipes, and whether its records arrive, at a fixed rate.

    bench/tap/run.py --atalanta target/release/atalanta [--rate 5000] [--seconds 20] [--out bench/tap/RESULTS.md]

A client sends `tools/call` requests of some 700 bytes, a server answers each with its like; requests and answers
together are `--rate` messages a second. The client speaks to the server alone, through a tap that writes its records to a
file, and through one that sends them to `atalanta serve` on the same machine. Measured is the time between a request and
its answer; what the tap adds is the difference to the first run. At the end every call has to be in the file, and in the
answers of the server, once each. Other work on the machine is in the figures: the load is beside them.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import select
import subprocess
import sys
import tempfile
import time

ANSWERER = """
import os, sys
while True:
    line = sys.stdin.buffer.readline()
    if not line:
        break
    os.write(1, line.replace(b'"method":"tools/call","params"', b'"result"', 1))
"""


def request(number):
    text = "x" * 560
    arguments = {"path": "/srv/data/a.txt", "text": text}
    message = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": "read_file", "arguments": arguments}}
    return (json.dumps(message, separators=(",", ":")) + "\n").encode()


def paced(command, count, pause, environment):
    """Seconds of each round trip, and seconds that all took. One thread, so that the figures are not its scheduler's."""
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    to, back = child.stdin.fileno(), child.stdout.fileno()
    os.write(to, request(0))
    while not os.read(back, 1 << 16).endswith(b"\n"):
        pass
    messages = [request(number) for number in range(1, count + 1)]
    sent, times, rest = [], [], b""
    started = time.perf_counter()
    while len(times) < count:
        now = time.perf_counter()
        while len(sent) < count and started + len(sent) * pause <= now:
            sent.append(time.perf_counter())
            os.write(to, messages[len(sent) - 1])
        due = started + len(sent) * pause if len(sent) < count else now + 5
        if not select.select([back], [], [], max(0.0, due - time.perf_counter()))[0]:
            if len(sent) == count:
                sys.exit(f"{count - len(times)} answers did not come within five seconds")
            continue
        rest += os.read(back, 1 << 20)
        lines = rest.split(b"\n")
        rest = lines.pop()
        arrived = time.perf_counter()
        times += [arrived - sent[len(times) + place] for place in range(len(lines))]
    took = time.perf_counter() - started
    child.stdin.close()
    child.wait(60)
    return times, took


class Server:
    def __init__(self, binary, folder):
        config = pathlib.Path(folder, "serve.toml")
        config.write_text("")
        command = [binary, "serve", "--config", str(config), "--data-dir", str(pathlib.Path(folder, "data"))]
        self.binary = binary
        self.log = pathlib.Path(folder, "serve.log")
        self.process = subprocess.Popen([*command, "--listen", "127.0.0.1:0"], stderr=open(self.log, "w"))
        end = time.monotonic() + 60
        while not (found := re.search(r"listening address=(127\.\S+)", self.log.read_text())):
            if time.monotonic() > end:
                sys.exit("the server did not start")
            time.sleep(0.05)
        self.url = f"http://{found.group(1)}"

    def calls(self):
        """Calls that are stored with their answer, and how many different ids they have."""
        query = 'filter event_class = TOOL_CALL and duration_ms != null | comp count() as n, count_distinct(mcp_request_id) as ids'
        done = subprocess.run(
            [self.binary, "query", query, "--server", self.url, "--format", "json"], capture_output=True, text=True
        )
        rows = json.loads(done.stdout or "[]")
        return (rows[0]["n"], rows[0]["ids"]) if rows else (0, 0)


def percentile(times, share):
    ordered = sorted(times)
    return ordered[int((len(ordered) - 1) * share)] * 1e6


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--atalanta", required=True)
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--out")
    options = parser.parse_args()
    binary = os.path.abspath(options.atalanta)
    count, pause = options.rate * options.seconds // 2, 2 / options.rate
    answerer = [sys.executable, "-c", ANSWERER]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        environment = {**os.environ, "ATALANTA_SPOOL": str(pathlib.Path(folder, "spool"))}
        server = Server(binary, folder)
        try:
            alone, _ = paced(answerer, count, pause, environment)
            record = pathlib.Path(folder, "record.ndjson")
            to_file, _ = paced([binary, "tap", "--out", str(record), "--", *answerer], count, pause, environment)
            written = sum('"message":{' in line for line in open(record))
            tap = [binary, "tap", "--server", server.url, "--label", "bench", "--", *answerer]
            behind, took = paced(tap, count, pause, environment)
            ended = time.monotonic()
            # A tap ends with its server after a second; what it could not send by then the next one of its spool sends.
            tap[tap.index("--") + 1 :] = ["sleep", "60"]
            next_tap = subprocess.Popen(tap, stdin=subprocess.DEVNULL, env=environment)
            while server.calls()[1] < count + 1 and time.monotonic() < ended + 60:
                time.sleep(0.2)
            next_tap.terminate()
            late, (rows, ids) = time.monotonic() - ended, server.calls()
        finally:
            server.process.terminate()
            server.process.wait(60)
    report(options, (alone, to_file, behind), took, late, written, rows, ids, count)


def report(options, runs, took, late, written, rows, ids, count):
    alone, to_file, behind = runs
    added = [percentile(times, at) - percentile(alone, at) for times in (to_file, behind) for at in (0.5, 0.99)]
    load = os.getloadavg()[0]
    shown = lambda at: " | ".join(f"{percentile(times, at):,.0f}" for times in runs)
    lines = [
        f"| measured on {platform.machine()}, {os.cpu_count()} cores, load {load:.1f} | server alone | tap, to a file | tap, to a server |",
        "|---|---:|---:|---:|",
        f"| messages a second for {options.seconds} s | {options.rate:,} | {options.rate:,} | {2 * count / took:,.0f} |",
        *(
            f"| round trip, {name}, µs | {shown(at)} |"
            for name, at in [("median", 0.5), ("99th percentile", 0.99), ("99.9th percentile", 0.999), ("highest", 1.0)]
        ),
        f"| added: median, 99th percentile, µs | | {added[0]:,.0f}, {added[1]:,.0f} | {added[2]:,.0f}, {added[3]:,.0f} |",
        f"| messages recorded | | {written:,} of {2 * count + 2:,} | |",
        f"| calls with their answers in the server | | | {ids:,} of {count + 1:,} |",
        f"| of these more than once | | | {rows - ids:,} |",
        f"| seconds until the last could be queried | | | {late:.1f} |",
    ]
    text = "# Tap: what it adds to MCP messages over pipes\n\nMade with `bench/tap/run.py`.\n\n" + "\n".join(lines) + "\n"
    print(text)
    if options.out:
        pathlib.Path(options.out).write_text(text)
    kept_up = 2 * count / took > 0.98 * options.rate
    whole = written == 2 * count + 2 and ids == count + 1 and rows == ids
    sys.exit(0 if whole and kept_up and added[1] < 1000 else 1)


if __name__ == "__main__":
    main()
