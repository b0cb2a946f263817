"""A recording: two streams of raw records, and the words that explain them."""

import gzip
import io
import json
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

DAY = datetime(2026, 11, 20, tzinfo=timezone.utc)

# Above this size a stream is stored compressed.
GZIP_ABOVE_BYTES = 200_000


def at(clock, plus=0.0):
    """The instant `HH:MM[:SS]` of the day of all recordings, `plus` seconds later."""
    parts = [float(p) for p in clock.split(":")] + [0.0]
    return DAY + timedelta(seconds=parts[0] * 3600 + parts[1] * 60 + parts[2] + plus)


class Stream:
    """Records of one producer in one file, kept in the order of their times.

    `rng` is seeded by hunt, side and file name, so that a change in one hunt
    leaves all the other files as they are.
    """

    def __init__(self, hunt, side, name, producer):
        self.name = name
        self.producer = producer
        self.rng = random.Random(f"atalanta/{hunt}/{side}/{name}")
        self.records = []

    def add(self, when, record):
        self.records.append((when, len(self.records), record))

    def spread(self, start, end, count):
        """`count` instants between two clock times, evenly spaced with jitter."""
        first, last = at(start), at(end)
        step = (last - first) / count
        return [first + step * i + step * self.rng.uniform(0.05, 0.9) for i in range(count)]

    def ordered(self):
        return [r for _, _, r in sorted(self.records, key=lambda item: item[:2])]

    def text(self):
        lines = []
        for record in self.ordered():
            separators = (", ", ": ") if self.producer == "litellm" else (",", ":")
            lines.append(json.dumps(record, ensure_ascii=False, separators=separators))
        return "".join(line + "\n" for line in lines)


@dataclass
class Recording:
    """Everything about one hunt's pair; the texts end up in `recording.md`."""

    hunt: str
    title: str
    format: str
    attack_story: str
    benign_story: str
    signal: str
    hard: str
    note: str = ""
    attack: list = field(default_factory=list)
    benign: list = field(default_factory=list)

    def stream(self, side, producer, name=""):
        """A new stream of the pair: `attack.ndjson`, or `attack/NAME.ndjson` with a name."""
        streams = self.attack if side == "attack" else self.benign
        stream = Stream(self.hunt, side, name, producer)
        streams.append(stream)
        return stream

    def both(self, producer):
        return self.stream("attack", producer), self.stream("benign", producer)


def encode(text):
    """The file's bytes and whether they are compressed; no clock, no file name inside."""
    raw = text.encode("utf-8")
    if len(raw) <= GZIP_ABOVE_BYTES:
        return raw, False
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=out, mtime=0) as file:
        file.write(raw)
    return out.getvalue(), True
