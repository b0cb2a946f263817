"""Compares the rows that two engines wrote as NDJSON, whatever they call and how they print the columns."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime, timezone
from pathlib import Path

TIME = re.compile(r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?( ?UTC|Z|[+-]\d\d(:?\d\d)?)?$")


def micros(text: str) -> int:
    """Microseconds since 1970 of a time stamp; without a zone it is UTC."""
    text = re.sub(r" ?UTC$|Z$", "+00:00", text)
    text = re.sub(r"([+-]\d\d)$", r"\1:00", text)
    head, _, fraction = text.partition(".")
    if fraction:
        digits = re.match(r"\d+", fraction).group()
        text = f"{head}.{digits[:6]:0<6}{fraction[len(digits):]}"
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1_000_000 + moment.microsecond


def plain(value: object) -> object:
    """One spelling for equal values."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(f"{value:.9g}")
    if isinstance(value, str) and TIME.match(value):
        return micros(value)
    if isinstance(value, list):
        return sorted((plain(item) for item in value if item is not None), key=repr)
    return value


def digest(path: Path) -> tuple[int, str]:
    """Number of rows, and a hash of them that depends neither on their order nor on column names."""
    total, count = 0, 0
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if not line.strip():
                continue
            values = [plain(value) for value in json.loads(line).values()]
            kept = sorted(repr(value) for value in values if value is not None and value != [])
            row = hashlib.blake2b("\0".join(kept).encode(), digest_size=16).digest()
            total = (total + int.from_bytes(row, "little")) % (1 << 128)
            count += 1
    return count, f"{total:032x}"
