"""Where records go: a file, or a server by way of a spool on disk. All of it on a thread of its own."""

import fcntl
import json
import logging
import os
import pathlib
import queue
import threading
import time
import urllib.error
import urllib.request

LOG = logging.getLogger("atalanta_sensor")

#: Records that wait for the thread; further ones are dropped and counted.
WAITING = 10_000
#: Bytes that are sent together.
BATCH = 1 << 20
#: Bytes that a spool may hold.
SPOOL_LIMIT = 256 << 20
#: Bytes from which on a segment of a spool is not written to any more.
SEGMENT = 4 << 20
#: Answers that say that the same lines will never be taken.
REFUSALS = (400, 413, 422)
#: File in the spool with the records that a server refused.
REFUSED = "refused.ndjson"


class Sink:
    """Takes records without ever waiting."""

    def __init__(self, target):
        self.target = target
        self.dropped = 0
        self.errors = 0
        self.last_error = None
        self._queue = queue.Queue(WAITING)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="atalanta-sensor", daemon=True)
        self._thread.start()

    def put(self, record):
        """Takes a record, or counts it if there is no room."""
        try:
            self._queue.put_nowait(record)
        except queue.Full:
            self.dropped += 1

    @property
    def refused(self):
        """Records that the server will never take."""
        return getattr(self.target, "refused", 0)

    def close(self, timeout):
        """Gives the thread some time to write what waits."""
        self._closing.set()
        self._thread.join(timeout)

    def _run(self):
        while True:
            closing = self._closing.is_set()
            lines = self._take()
            try:
                self.dropped += self.target.write(lines)
                self.target.send(closing)
            except Exception as error:  # the training must not notice
                self.errors += 1
                self.last_error = repr(error)
                time.sleep(0.2)
            if closing and self._queue.empty():
                self.target.close()
                return

    def _take(self):
        """What waits, at the latest after a fifth of a second."""
        lines = []
        try:
            lines.append(self._queue.get(timeout=0.2))
            while len(lines) < 1000:
                lines.append(self._queue.get_nowait())
        except queue.Empty:
            pass
        return [json.dumps(record, separators=(",", ":"), allow_nan=False, default=str) + "\n" for record in lines]


class File:
    """Appends to a file."""

    def __init__(self, path):
        self._path = pathlib.Path(path)
        self._file = None

    def write(self, lines):
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self._path, "a", encoding="utf-8")
        self._file.writelines(lines)
        self._file.flush()
        return 0

    def send(self, closing):
        pass

    def close(self):
        if self._file is not None:
            self._file.close()


class Server:
    """Sends to a server; what it has not acknowledged is in files that the next run of the same spool sends.

    A spool is a row of segments, files of lines. One that the server has to its end is removed, so that the limit is
    for what waits and not for what has ever passed. Records that the server refuses for good are set aside.
    """

    def __init__(self, address, token=None, spool=None, limit=SPOOL_LIMIT):
        self._url = address.rstrip("/") + "/api/v1/ingest/training_tap"
        self._token = token or os.environ.get("ATALANTA_TOKEN")
        state = os.environ.get("XDG_STATE_HOME") or pathlib.Path.home() / ".local/state"
        self._folder = pathlib.Path(spool or pathlib.Path(state) / "atalanta/training")
        self._limit = limit
        self._segments = []
        self._made = 0
        self._held = 0
        self._retry_at = 0.0
        self._wait = 0.5
        self._looked = False
        #: Records that the server refused for good.
        self.refused = 0

    def write(self, lines):
        dropped = 0
        for line in lines:
            line = line.encode()
            if self._held + len(line) > self._limit:
                dropped += 1
                continue
            self._room().append(line)
            self._held += len(line)
        return dropped

    def _room(self):
        """The segment that is written to."""
        if not self._segments or self._segments[-1].size >= min(SEGMENT, self._limit // 4):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._made += 1
            name = f"{os.getpid()}-{time.time_ns()}-{self._made:06}.ndjson"
            self._segments.append(Spooled(self._folder / name))
        return self._segments[-1]

    def send(self, closing):
        if time.monotonic() < self._retry_at and not closing:
            return
        try:
            while self._segments:
                first = self._segments[0]
                self._send(first)
                first.close()
                self._held -= first.size
                self._segments.pop(0)
            if not self._looked and not closing:
                self._others()
                self._looked = True
            self._wait = 0.5
        except Exception:
            self._retry_at = time.monotonic() + self._wait
            self._wait = min(self._wait * 2, 30.0)
            raise

    def close(self):
        for segment in self._segments:
            segment.close()

    def _others(self):
        """Sends what runs that were killed left."""
        for path in sorted(self._folder.glob("*.ndjson")):
            if path.name == REFUSED or any(path == own.path for own in self._segments):
                continue
            left = Spooled.take_over(path)
            if left is None:
                continue
            try:
                self._send(left)
            finally:
                left.close()

    def _send(self, spooled):
        while True:
            lines = spooled.unsent(BATCH)
            if not lines:
                return
            self._deliver(lines)
            spooled.sent(len(lines))

    def _deliver(self, lines):
        """Sends lines; what is refused for good is cut down to the lines at fault."""
        parts = [lines.splitlines(keepends=True)]
        while parts:
            part = parts.pop()
            try:
                self._post(b"".join(part))
            except urllib.error.HTTPError as error:
                if error.code not in REFUSALS:
                    raise
                if len(part) > 1:
                    half = len(part) // 2
                    parts += [part[half:], part[:half]]
                else:
                    self._refuse(part[0], error)

    def _refuse(self, line, error):
        path = os.open(self._folder / REFUSED, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with open(path, "ab") as file:
            file.write(line)
        self.refused += 1
        if self.refused == 1:
            reason = error.read(500).decode(errors="replace")
            LOG.warning("a record was refused (%s: %s); it is in %s", error.code, reason, self._folder / REFUSED)

    def _post(self, body):
        request = urllib.request.Request(self._url, data=body, method="POST")
        request.add_header("content-type", "application/x-ndjson")
        if self._token:
            request.add_header("authorization", f"Bearer {self._token}")
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()


class Spooled:
    """A file of lines and how much of it was sent; locked by the process that uses it."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self._file = open(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b", buffering=0)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._mark = self.path.with_suffix(".sent")
        try:
            self._at = int(self._mark.read_text())
        except (OSError, ValueError):
            self._at = 0
        self.size = os.fstat(self._file.fileno()).st_size

    @classmethod
    def take_over(cls, path):
        """The file, unless another process uses it."""
        try:
            return cls(path)
        except OSError:
            return None

    def append(self, line):
        try:
            if self._file.write(line) != len(line):
                raise OSError("no room for the whole line")
        except OSError:
            # The next line would be joined to the part that was written.
            os.ftruncate(self._file.fileno(), self.size)
            raise
        self.size += len(line)

    def unsent(self, most):
        """Whole lines that were not sent yet; a line that was torn by the death of its writer is not one."""
        while True:
            data = os.pread(self._file.fileno(), most, self._at)
            end = data.rfind(b"\n") + 1
            if end or len(data) < most:
                return data[:end]
            most *= 2

    def sent(self, count):
        self._at += count
        new = self._mark.with_suffix(".new")
        new.write_text(str(self._at))
        new.replace(self._mark)

    def close(self):
        """Removes the file if all was sent."""
        if not self.unsent(1 << 16):
            self.path.unlink(missing_ok=True)
            self._mark.unlink(missing_ok=True)
        self._file.close()
