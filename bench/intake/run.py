#!/usr/bin/env python3
"""Measures the way of records from HTTP to durable, mapped rows on one core.

    bench/intake/run.py --atalanta target/release/atalanta [--seconds 20] [--out bench/intake/RESULTS.md]

Starts a server of its own on one core (`taskset`) and sends NDJSON bodies from another: samples of an inference
gateway's access log with times and request ids of their own, through `POST /api/v1/ingest/envoy_access`. Measured are
events and bytes per second as fast as the server takes them, by the clock and by the server's CPU time (other programs
on the machine disturb the first, hardly the second); the time until an answer at half that rate; the time at half that
rate from before an event is sent until a webhook has its alert, with the rules inside the program and one more that is
true for such events; and the time until an acknowledged event is in the answer of a query. If `duckdb` and `chdb` can be imported (`make -C bench setup`, then
`bench/.venv/bin/python`), what they need to read the same file and write it as Parquet stands beside it.
"""

import argparse
import http.client
import http.server
import json
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "content/sources/envoy_access/samples/inference_inbound.json.log"
PATH = "/api/v1/ingest/envoy_access"
MARK_PATH = "/api/v1/ingest/bench_mark_raw"
MARK_RULE = """id: bench-mark
title: "A mark of the measurement"
severity: low
atlas: [AML.T0051]
description: "Fires on each event that the measurement marks."
entities: [mark]
daily_limit: 100000
xql: |
  dataset = bench_mark_raw | filter kind = "alert"
"""


def bodies(count, events, seed):
    """Bodies of so many events each, with ids that do not repeat."""
    random.seed(seed)
    lines = [line for line in SAMPLE.read_text().splitlines() if line.strip()]
    out = []
    for _ in range(count):
        body = []
        for _ in range(events):
            line = random.choice(lines)
            second = random.randrange(86400)
            stamp = f"2026-11-21T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.{random.randrange(1000):03}Z"
            line = re.sub(r'"start_time": ?"[^"]*"', f'"start_time":"{stamp}"', line)
            line = re.sub(r'("(?:x_)?request_id": ?")[^"]*"', lambda m: f'{m.group(1)}{random.getrandbits(128):032x}"', line)
            body.append(line)
        out.append(("\n".join(body) + "\n").encode())
    return out


class Receiver:
    """A webhook that notes when the alert of a mark came."""

    def __init__(self):
        came = self.came = {}

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                text = self.rfile.read(int(self.headers["content-length"])).decode()
                for mark in re.findall(r"alert-mark-[0-9]+", text):
                    came.setdefault(mark, time.monotonic())
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def address(self):
        return f"http://127.0.0.1:{self.http.server_address[1]}/"


class Server:
    def __init__(self, binary, folder, core, receiver):
        rule = Path(folder) / "rules/bench-mark"
        rule.mkdir(parents=True)
        (rule / "rule.yaml").write_text(MARK_RULE)
        config = Path(folder) / "serve.toml"
        config.write_text(f"""[log]
filter = "info"
[detect]
rules = ["{rule.parent}"]
[[outputs]]
name = "bench"
kind = "webhook"
address = "{receiver.address()}"
""")
        command = ["taskset", "-c", str(core), binary, "serve", "--config", str(config)]
        command += ["--data-dir", str(Path(folder) / "lake"), "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        for line in self.process.stderr:
            found = re.search(rb"listening address=127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                break
        else:
            sys.exit("the server did not start")
        threading.Thread(target=lambda: [None for _ in self.process.stderr], daemon=True).start()

    def cpu(self):
        """Seconds of CPU time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self):
        """MiB of resident memory at most."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", text).group(1)) / 1024

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def post(connection, body):
    """The status of a request."""
    connection.request("POST", PATH, body)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def flood(server, seconds, connections, events):
    """As much as the server takes: (events, bytes, refused, seconds, CPU seconds)."""
    stop = time.monotonic() + seconds
    totals = [[0, 0, 0] for _ in range(connections)]

    def send(number):
        connection, own = server.connect(), bodies(8, events, number)
        turn = 0
        while time.monotonic() < stop:
            body = own[turn % len(own)]
            turn += 1
            status = post(connection, body)
            if status == 200:
                totals[number][0] += events
                totals[number][1] += len(body)
            elif status in (429, 503):
                totals[number][2] += 1
                time.sleep(0.05)
            else:
                sys.exit(f"status {status}")

    threads = [threading.Thread(target=send, args=(number,)) for number in range(connections)]
    started, cpu = time.monotonic(), server.cpu()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, cpu = time.monotonic() - started, server.cpu() - cpu
    sums = [sum(column) for column in zip(*totals)]
    return (*sums, took, cpu)


def paced(server, seconds, rate, connections, events):
    """Times of answers in ms when so many events a second are sent over several connections, each counted from when
    its body was due."""
    times, failed = [], []
    started = time.monotonic()

    def send(number):
        connection, own = server.connect(), bodies(8, events, 99 + number)
        turn = number
        while True:
            due = started + turn * events / rate
            if due > started + seconds or failed:
                return
            time.sleep(max(0.0, due - time.monotonic()))
            status = post(connection, own[turn % len(own)])
            if status != 200:
                failed.append(status)
            times.append((time.monotonic() - due) * 1000)
            turn += connections

    threads = [threading.Thread(target=send, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        sys.exit(f"status {failed[0]} at half load")
    return sorted(times)


def alerted(server, receiver, seconds, rate):
    """Times in ms from before marked events are sent, four a second, until their alerts came, while so many other events
    a second come."""
    sent = {}
    stop = time.monotonic() + seconds

    def mark():
        connection = server.connect()
        while time.monotonic() < stop:
            name = f"alert-mark-{len(sent)}"
            sent[name] = time.monotonic()
            connection.request("POST", MARK_PATH, json.dumps({"kind": "alert", "mark": name}).encode())
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                sys.exit(f"status {answer.status} for a marked event")
            time.sleep(0.25)

    thread = threading.Thread(target=mark)
    thread.start()
    paced(server, seconds, rate, 4, 100)
    thread.join()
    patience = time.monotonic() + 30
    while len(receiver.came) < len(sent) and time.monotonic() < patience:
        time.sleep(0.05)
    lost = [name for name in sent if name not in receiver.came]
    if lost:
        sys.exit(f"{len(lost)} of {len(sent)} marked events had no alert after 30 s: {lost[0]}")
    return sorted((receiver.came[name] - start) * 1000 for name, start in sent.items())


def peers(events, core):
    """What ClickHouse and DuckDB need to read the same NDJSON and write it as Parquet, without a log, on one core: name
    and seconds of CPU time for an event. A peer that is not installed is left out."""
    found = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        source, target = Path(folder) / "records.ndjson", Path(folder) / "out.parquet"
        source.write_bytes(b"".join(bodies(1, events, 7)))
        duckdb = (f"import duckdb; c = duckdb.connect(); c.execute('SET threads = 1'); "
                  f"c.execute(\"COPY (SELECT * FROM read_ndjson('{source}')) TO '{target}' (FORMAT parquet, COMPRESSION zstd)\")")
        chdb = (f"import chdb; chdb.query(\"SELECT * FROM file('{source}', JSONEachRow) INTO OUTFILE '{target}' TRUNCATE "
                f"FORMAT Parquet SETTINGS max_threads = 1, output_format_parquet_compression_method = 'zstd'\")")
        for name, module, program in (("DuckDB", "duckdb", duckdb), ("ClickHouse (chdb)", "chdb", chdb)):
            times = []
            for text in (f"import {module}", program):
                before = os.times()
                done = subprocess.run(["taskset", "-c", str(core), sys.executable, "-c", text], capture_output=True)
                after = os.times()
                if done.returncode:
                    break
                times.append(after.children_user + after.children_system - before.children_user - before.children_system)
            else:
                found.append((name, (times[1] - times[0]) / events))
    return found


def visible(server, rounds):
    """Times in ms from an answer until a query has the event."""
    connection, times = server.connect(), []
    for number in range(rounds):
        body = json.dumps({"mark": f"m{number}"}).encode()
        connection.request("POST", "/api/v1/ingest/bench_mark_raw", body)
        connection.getresponse().read()
        started = time.monotonic()
        query = json.dumps({"query": f'dataset = bench_mark_raw | filter mark = "m{number}"'}).encode()
        while True:
            connection.request("POST", "/api/v1/query", query)
            if json.loads(connection.getresponse().read()).get("rows"):
                break
        times.append((time.monotonic() - started) * 1000)
    return sorted(times)


def at(values, share):
    return values[min(len(values) - 1, int(len(values) * share))]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--atalanta", default=str(ROOT / "target/release/atalanta"))
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--events", type=int, default=1000, help="events of a body")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[1:] or cores)
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        receiver = Receiver()
        server = Server(args.atalanta, folder, cores[0], receiver)
        flood(server, 2, 2, args.events)
        events, size, refused, took, cpu = flood(server, args.seconds, 4, args.events)
        rate = events / took
        answers = paced(server, args.seconds, rate / 2, 4, 100)
        alerts = alerted(server, receiver, args.seconds, rate / 2)
        seen = visible(server, 20)
        peak = server.peak()
        server.stop()
    rows = [
        ("record", f"{size / max(events, 1):,.0f} bytes"),
        ("events a second, by the clock", f"{rate:,.0f}"),
        ("MB a second, by the clock", f"{size / took / 1e6:.1f}"),
        ("events a second of the server's CPU time", f"{events / cpu:,.0f}"),
        ("MB a second of the server's CPU time", f"{size / cpu / 1e6:.1f}"),
        ("share of the core that the server had", f"{cpu / took:.2f}"),
        ("requests refused with 503 meanwhile", f"{refused:,}"),
        ("answer at half that rate, 100 events a body, median", f"{at(answers, 0.5):.1f} ms"),
        ("the same, 99th percentile", f"{at(answers, 0.99):.1f} ms"),
        (f"alert of an event at half that rate, median of {len(alerts)}", f"{at(alerts, 0.5):.0f} ms"),
        ("the same, 99th percentile", f"{at(alerts, 0.99):.0f} ms"),
        ("event in the answer of a query after its acknowledgement, median", f"{at(seen, 0.5):.1f} ms"),
        ("the same, highest of 20", f"{seen[-1]:.1f} ms"),
        ("peak of resident memory", f"{peak:,.0f} MiB"),
    ]
    for name, seconds in peers(100_000, cores[0]):
        rows.append((f"{name}: the same records to Parquet, without a log or a mapping", f"{1 / seconds:,.0f} events/s, {size / events / seconds / 1e6:.1f} MB/s of CPU time"))
    load = os.getloadavg()[0]
    text = f"| measured on {platform.machine()}, one core, load {load:.1f} | |\n|---|---|\n"
    text += "".join(f"| {name} | {value} |\n" for name, value in rows)
    print(text)
    if args.out:
        args.out.write_text("# Intake: HTTP NDJSON to durable, mapped rows on one core\n\nMade with `bench/intake/run.py`.\n\n" + text)


if __name__ == "__main__":
    main()
