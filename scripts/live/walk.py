"""A server of its own for a walk, and questions to it. A walk does what a source's page says with the real producer
and ends with 1 as soon as a row lacks what the page promises."""

import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
ATALANTA = os.environ.get("ATALANTA", str(ROOT / "target/release/atalanta"))
TOKEN = "walk-token-0123456789"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, condition, seconds=60):
    """Waits until the condition gives something, and gives it back."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            sys.exit(f"{what}: not seen within {seconds} seconds")
        time.sleep(0.2)


def answers(url):
    """Whether somebody answers at an address."""
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except OSError as error:
        return hasattr(error, "code")
    return True


class Walk:
    """`atalanta serve` in a folder of its own; with `token` it takes nothing without it."""

    def __init__(self, folder, name, config="", token=False):
        self.folder, self.name, self.token = pathlib.Path(folder), name, TOKEN if token else None
        self.grpc = f"127.0.0.1:{free_port()}"
        self.programs = []
        text = f'[otlp]\ngrpc = "{self.grpc}"\n{config}'
        if token:
            text += f'[[tokens]]\nname = "walk"\nsecret = "{TOKEN}"\nrights = ["ingest", "query"]\n'
        (self.folder / "serve.toml").write_text(text)
        self.url = None
        self.serve("127.0.0.1:0")

    def serve(self, listen):
        """Starts the server; `url` is where it is."""
        self.log = self.folder / "serve.log"
        command = [ATALANTA, "serve", "--config", "serve.toml", "--data-dir", "data", "--listen", listen]
        self.server = subprocess.Popen(command, cwd=self.folder, stderr=open(self.log, "w"))
        found = wait_for("the server's address", lambda: re.search(r"listening address=(\S+:\d+)", self.log.read_text()))
        self.url = f"http://{found.group(1)}"

    def start(self, command, **variables):
        """A program that runs until the walk ends, with its output in a file."""
        log = open(self.folder / f"program-{len(self.programs)}.log", "w")
        environment = {**os.environ, **variables}
        self.programs.append(subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log))
        return pathlib.Path(log.name)

    def run(self, command, **variables):
        """A program that has to succeed; what it printed."""
        done = subprocess.run(
            command, cwd=self.folder, env={**os.environ, **variables}, capture_output=True, text=True, timeout=300
        )
        if done.returncode:
            sys.exit(f"{self.name}: {command[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def query(self, text):
        """Rows of a query, as `atalanta query --server` prints them."""
        command = [ATALANTA, "query", text, "--server", self.url, "--format", "json"]
        environment = {**os.environ, "ATALANTA_TOKEN": self.token or ""}
        if not self.token:
            environment.pop("ATALANTA_TOKEN")
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        if done.returncode:
            sys.exit(f"{self.name}: {text}: {done.stderr}")
        return json.loads(done.stdout or "[]")

    def rows(self, what, text, count, seconds=60):
        """Waits until a query has so many rows."""
        end = time.monotonic() + seconds
        while len(rows := self.query(text)) < count:
            if time.monotonic() > end:
                seen = "".join(f"\n  {json.dumps(row)[:300]}" for row in rows)
                sys.exit(f"{self.name}: {what}: {len(rows)} of {count} rows within {seconds} seconds{seen}")
            time.sleep(0.2)
        return rows

    def expect(self, row, **wanted):
        """The values that a row must have; a function says whether a value is right."""
        for name, value in wanted.items():
            found = row.get(name)
            right = found is not None and value(found) if callable(value) else found == value
            if not right:
                shown = "another value" if callable(value) else repr(value)
                sys.exit(f"{self.name}: {name} is {found!r}, expected {shown}, in {json.dumps(row)[:2000]}")

    def survives(self, text, count):
        """Kills the server, starts it again at its address, and looks that the rows are still there, once each."""
        self.server.kill()
        self.server.wait()
        self.serve(self.url.removeprefix("http://"))
        found = len(self.query(text))
        if found != count:
            sys.exit(f"{self.name}: {found} rows after kill -9, {count} before: {text}")

    def nowhere(self, secret):
        """Looks that a secret is in no file of the data folder."""
        for path in (self.folder / "data").rglob("*"):
            if path.is_file() and secret.encode() in path.read_bytes():
                sys.exit(f"{self.name}: {path} holds a credential")

    def stop(self):
        for program in [*self.programs, self.server]:
            program.terminate()
        for program in [*self.programs, self.server]:
            try:
                program.wait(20)
            except subprocess.TimeoutExpired:
                program.kill()


@contextlib.contextmanager
def walk(name, config="", token=False):
    """A walk that says at its end that it went well."""
    with tempfile.TemporaryDirectory(prefix=f"atalanta-{name}-", ignore_cleanup_errors=True) as folder:
        running = Walk(folder, name, config, token)
        try:
            yield running
        except BaseException:
            for log in sorted(running.folder.glob("*.log")):
                print(f"--- the end of {log.name}:\n{log.read_text()[-2000:]}", file=sys.stderr)
            raise
        finally:
            running.stop()
        print(f"{name}: as its page says")
