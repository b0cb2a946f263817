#!/usr/bin/env python3
"""Rates of conformance over public texts: see README.md beside this file.

  run.py --atalanta BIN --corpora DIR [--packs DIR] [--compat COMPAT.md]

Reads what the collecting scripts left in DIR, checks all texts of a file in one process, breaks well-formed texts
and requires an error for each, runs rule packs against their test data, and writes the rates between the markers
of COMPAT.md. Nothing of the texts themselves is written but ids and messages.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

BEGIN, END = "<!-- conformance:begin -->", "<!-- conformance:end -->"
COUNTED = {"query", "rule"}
# Why a value of a pack differs, where that has been looked into.
REASONS = {
    "PrismaCloud xdm.source.user.username": "its rules are of a later version than its test data: in them the line that "
    "took the name from `userIdentity` is a comment",
}
STAGES = "filter|alter|fields|comp|sort|limit|dedup|join|union|bin|arrayexpand|windowcomp|view|top"
# A string that ends where a word, a brace, a percent sign or another string begins: the writer did not escape a quote in
# it.
UNESCAPED = re.compile(r'"[^"\n]*"(?=[\w{}%\\$*\'"]|\s+"|\|\')')


def records(path):
    """The texts of a file as (id, kind, text, ambiguous)."""
    out = []
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        text = record.get("text") or record.get("query")
        kind = record.get("kind", "query")
        if text and kind in COUNTED:
            out.append((record["id"], kind, text, bool(record.get("ambiguous"))))
    return out


def check(binary, texts):
    """What `atalanta check --jsonl` says about (kind, text) pairs, in order."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        for number, (kind, text) in enumerate(texts):
            file.write(json.dumps({"id": str(number), "kind": kind, "text": text}) + "\n")
        file.flush()
        done = subprocess.run([binary, "check", "--jsonl", file.name], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"check --jsonl failed: {done.stderr}")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    if len(found) != len(texts):
        sys.exit(f"check --jsonl answered {len(found)} of {len(texts)} texts")
    return found


def code_spans(text):
    """The parts of a text outside of strings and comments, as (start, end).

    A backslash before a quote is read in the way that leaves the parentheses balanced, as the parser does.
    """
    spans = []
    for inner in (r'(?:\\\\"|\\.|[^"\\])*', r'[^"]*'):
        token = re.compile(rf'"""(?:\\.|[^\\])*?"""|"{inner}"|//[^\n]*|/\*.*?\*/', re.S)
        spans, at = [], 0
        for match in token.finditer(text):
            spans.append((at, match.start()))
            at = match.end()
        spans.append((at, len(text)))
        code = "".join(text[start:end] for start, end in spans)
        if code.count("(") == code.count(")") and '"' not in code:
            break
    return spans


def broken(text, rng):
    """Ways to break a well-formed query, as (what was done, text)."""
    inside = lambda pattern: [
        (m.start() + a, m.end() + a) for a, b in code_spans(text) for m in re.finditer(pattern, text[a:b], re.I)
    ]
    out = []
    for what, pattern in [
        ("a closing parenthesis dropped", r"\)"),
        ("an opening parenthesis dropped", r"\("),
        ("a stage word dropped", rf"(?<=\|)\s*(?:{STAGES})\b(?!\s*=)"),
        ("the right operand of a comparison dropped", r"(?:!=|>=|<=|~=)\s*(?:\w+|$)"),
        ("a pipe doubled", r"\|"),
    ]:
        places = inside(pattern)
        if not places:
            continue
        start, end = rng.choice(places)
        if what.startswith("the right"):
            operator = re.match(r"!=|>=|<=|~=", text[start:end]).group()
            rest = text[end:]
            # An operand that is a string stands outside of the code; drop it too.
            rest = re.sub(r'^\s*("""(?:\\.|[^\\])*?"""|"(?:\\"|[^"])*")', "", rest)
            out.append((what, text[:start] + operator + " " + rest))
        elif what.startswith("a pipe"):
            out.append((what, text[:start] + "| |" + text[end:]))
        else:
            out.append((what, text[:start] + text[end:]))
    return out


def corpus(binary, path, rng, misses):
    """The figures of one file."""
    rows = records(path)
    found = check(binary, [(kind, text) for _, kind, text, _ in rows])
    figures = Counter(texts=len(rows))
    sound = []
    for (ident, kind, text, ambiguous), one in zip(rows, found):
        # Only the converter is known to leave quotes unescaped; elsewhere a text that does not parse is a miss.
        converted = path.parent.name == "sigma-xql"
        malformed = not one["parses"] and (ambiguous or converted and UNESCAPED.search(text))
        if malformed:
            figures["not well formed"] += 1
            continue
        figures["parse"] += one["parses"]
        figures["plan"] += one["plans"]
        if one["plans"] and kind == "query":
            sound.append(text)
        if not one["plans"]:
            first = one["problems"][0]
            misses.append((path.stem, ident, f"{first['code']} in line {first['line']}: {first['message']}"))
    figures["well formed"] = figures["texts"] - figures["not well formed"]
    sample = sound if len(sound) <= 300 else rng.sample(sound, 300)
    cases = [case for text in sample for case in broken(text, rng)]
    refused = check(binary, [("query", text) for _, text in cases])
    figures["broken"] = len(cases)
    figures["refused"] = sum(not one["parses"] for one in refused)
    by_kind = Counter(what for (what, _), one in zip(cases, refused) if one["parses"])
    for what, count in sorted(by_kind.items()):
        misses.append((path.stem, f"{count} broken texts", f"accepted although {what}"))
    return figures


def packs(binary, folder, misses):
    """Rules files of packs without an error, and values that match test data: (files, clean, packs, events, agree, differ)."""
    figures = Counter()
    files = sorted(folder.rglob("*.xif"))
    for rules, found in zip(files, check(binary, [("rule", one.read_text(encoding="utf-8")) for one in files])):
        figures["files"] += 1
        figures["clean"] += found["plans"]
        if not found["plans"]:
            misses.append(("packs", rules.stem, "an error in the rules file"))
    for testdata in sorted(folder.rglob("*_testdata.json")):
        rules = testdata.with_name(testdata.name.removesuffix("_testdata.json") + ".xif")
        if not rules.exists():
            continue
        command = [binary, "model", "--testdata", testdata, "--rules", rules, "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        figures["packs"] += 1
        if done.returncode not in (0, 1):
            misses.append(("packs", rules.stem, done.stderr.strip().splitlines()[-1]))
            continue
        answer = json.loads(done.stdout)
        totals = answer["totals"]
        figures["events"] += totals["events"]
        figures["agree"] += totals["matched"]
        figures["differ"] += totals["mismatched"]
        for event in answer["events"]:
            for one in event["mismatched"]:
                reason = REASONS.get(f"{rules.stem} {one['field']}", "not looked into")
                misses.append(("packs", f"{rules.stem} {event['id']}", f"{one['field']} differs: {reason}"))
    return figures


def rate(part, whole):
    return f"{part} of {whole}" + (f" ({100 * part / whole:.1f} %)" if whole else "")


def page(rows, packs_figures, misses):
    """The section of COMPAT.md."""
    lines = [
        BEGIN,
        "",
        "Made by `bench/conformance/run.py`. *Parse*: no syntax error. *Plan*: no error at all against the schemas of",
        "the datasets. *Refused*: a well-formed query with one thing broken in it (a parenthesis, a stage word, an",
        "operand, a pipe) is an error. Texts that are not well formed, a quote in a value that its writer did not",
        "escape, are counted apart.",
        "",
        "| corpus | texts | not well formed | parse | plan | broken texts refused |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    total = Counter()
    for name, figures in rows:
        total.update(figures)
        lines.append(line(name, figures))
    lines.append(line("**all**", total))
    if packs_figures["files"]:
        lines += ["", f"Rules files of packs without an error: {rate(packs_figures['clean'], packs_figures['files'])}."]
    if packs_figures["packs"]:
        compared = packs_figures["agree"] + packs_figures["differ"]
        lines += [
            "",
            f"Rule packs with test data: {packs_figures['packs']} packs, {packs_figures['events']} events, expected "
            f"values that match: {rate(packs_figures['agree'], compared)}.",
        ]
    lines += ["", "What falls short, and why:", ""]
    lines += [f"* {name}, {what}: {why}" for name, what, why in misses] or ["* nothing"]
    return "\n".join(lines + ["", END])


def line(name, f):
    return (
        f"| {name} | {f['texts']} | {f['not well formed']} | {rate(f['parse'], f['well formed'])} "
        f"| {rate(f['plan'], f['well formed'])} | {rate(f['refused'], f['broken'])} |"
    )


def write(compat, section):
    """Replaces the section between the markers, or appends it."""
    text = compat.read_text(encoding="utf-8") if compat.exists() else "# Compatibility\n"
    if BEGIN in text and END in text:
        before, rest = text.split(BEGIN, 1)
        text = before + section + rest.split(END, 1)[1]
    else:
        text = text.rstrip("\n") + "\n\n## Rates over public texts\n\n" + section + "\n"
    compat.write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atalanta", required=True, help="the binary")
    parser.add_argument("--corpora", required=True, type=Path, help="what the collecting scripts wrote")
    parser.add_argument("--packs", type=Path, help="folder of rule packs: X.xif, X_testdata.json, X_schema.json")
    parser.add_argument("--compat", type=Path, help="COMPAT.md to write the rates into; else they are printed")
    args = parser.parse_args()
    rng = random.Random(3)
    misses, rows = [], []
    files = sorted(path for name in ("queries", "rules", "sigma-xql") for path in (args.corpora / name).glob("*.jsonl"))
    if not files:
        sys.exit(f"{args.corpora}: no corpora there")
    for path in files:
        name = f"sigma-xql/{path.stem}" if path.parent.name == "sigma-xql" else path.stem
        rows.append((name, corpus(args.atalanta, path, rng, misses)))
    found = packs(args.atalanta, args.packs, misses) if args.packs else Counter()
    section = page(rows, found, misses)
    if args.compat:
        write(args.compat, section)
    else:
        print(section)


if __name__ == "__main__":
    main()
