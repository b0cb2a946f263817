#!/usr/bin/env python3
"""Writes the attack recordings and benign twins of the 35 hunts, and their descriptions.

    make_recordings.py            write all files (running it again changes nothing)
    make_recordings.py --check    write nothing; test each pair against the hunt's conditions
    make_recordings.py --verify   write nothing; compare with the files on disk

Deterministic: seeds and times are fixed, no clock, no network, standard library only.
Compressed files depend on the machine's zlib; `--verify` compares what is inside them.
"""

import gzip
import shutil
import sys
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from generator import check, correlation, files, llm, network, process  # noqa: E402
from generator.recording import encode  # noqa: E402


def build():
    recordings = [make() for module in (llm, process, files, network, correlation) for make in module.HUNTS]
    recordings.sort(key=lambda r: [int(part) for part in r.hunt.replace("-", ".").split(".")])
    if [r.hunt for r in recordings] != list(sorted(check.CONDITIONS, key=lambda h: [int(p) for p in h.replace("-", ".").split(".")])):
        raise SystemExit("error: the recordings are not one for each of the 35 hunts")
    return recordings


def side_files(side, streams):
    """File name, relative to the hunt's folder, and bytes of each stream of one side."""
    found = {}
    for stream in streams:
        data, compressed = encode(stream.text())
        name = f"{side}/{stream.name}.ndjson" if stream.name else f"{side}.ndjson"
        found[name + ".gz" if compressed else name] = data
    return found


def listing(names, streams):
    return "; ".join(f"`{name}` {len(stream.records)}" for name, stream in zip(names, streams))


def describe(r, attack, benign):
    text = [f"# {r.hunt} {r.title}: the recording and its twin", "",
            "Made by `../make_recordings.py`; these are not captures of a real incident. Formats, key names and typical values "
            "follow records of the real producers; people, hosts and addresses are invented (reserved names and ranges).", "",
            f"- **Format:** {r.format}", f"- **Attack** (records: {listing(attack, r.attack)}): {r.attack_story}",
            f"- **Benign twin** (records: {listing(benign, r.benign)}): {r.benign_story}",
            f"- **Where the signal is:** {r.signal}", f"- **What makes the twin hard:** {r.hard}"]
    if r.note:
        text.append(f"- **To know:** {r.note}")
    return "\n".join(text) + "\n"


def overview(recordings):
    text = ["# Recordings of the 35 hunts", "",
            "Each hunt's folder holds an attack recording, a benign twin and `recording.md`. All are written by "
            "`make_recordings.py` (fixed seeds; `--check` tests the hunts' conditions on them, `--verify` compares them with the "
            "files). All events lie on 2026-11-20 UTC. Noise of the same people and hosts is in both sides.", "",
            "A twin is silent for its own hunt. Another hunt may fire on it, because many of the 35 ask for little: a release that "
            "writes tool files is what 2.2-1 reports, whatever the intent.", "",
            "Left out of the LiteLLM records: the price list `model_map_value` (7 KB of constants in a real record, null here).", "",
            "| hunt | format | attack | benign | what makes the twin hard |", "|---|---|---:|---:|---|"]
    for r in recordings:
        attack, benign = (sum(len(s.records) for s in side) for side in (r.attack, r.benign))
        text.append(f"| [{r.hunt}]({r.hunt}/recording.md) {r.title} | {r.format} | {attack} | {benign} | {r.hard} |")
    return "\n".join(text) + "\n"


def all_files(recordings):
    found = {}
    for r in recordings:
        attack, benign = side_files("attack", r.attack), side_files("benign", r.benign)
        for name, data in {**attack, **benign}.items():
            found[f"{r.hunt}/{name}"] = data
        found[f"{r.hunt}/recording.md"] = describe(r, attack, benign).encode()
    found["RECORDINGS.md"] = overview(recordings).encode()
    return found


def write(recordings):
    for r in recordings:
        for side in ("attack", "benign"):
            for old in HERE.glob(f"{r.hunt}/{side}*"):
                shutil.rmtree(old) if old.is_dir() else old.unlink()
    found = all_files(recordings)
    for name, data in found.items():
        path = HERE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    print(f"{len(found)} files, {sum(map(len, found.values()))} bytes")


def plain(data):
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def verify(recordings):
    differing = [name for name, data in all_files(recordings).items()
                 if not (HERE / name).is_file() or plain((HERE / name).read_bytes()) != plain(data)]
    for name in differing:
        print(f"{name}: differs from what the generator writes")
    return 1 if differing else 0


def run_checks(recordings):
    failed = 0
    for r in recordings:
        attack, benign = check.findings(r.hunt, r.attack), check.findings(r.hunt, r.benign)
        others = {side: check.cross([h for h in check.CONDITIONS if h != r.hunt], streams)
                  for side, streams in (("attack", r.attack), ("benign", r.benign))}
        good = attack >= 1 and benign == 0
        failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {r.hunt:7} attack {attack:3} benign {benign:3}  other hunts: {others}")
    return 1 if failed else 0


def main():
    recordings = build()
    if "--check" in sys.argv[1:]:
        return run_checks(recordings)
    if "--verify" in sys.argv[1:]:
        return verify(recordings)
    write(recordings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
