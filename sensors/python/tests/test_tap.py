import json
import pathlib
import subprocess
import sys
import time

import numpy as np
import pytest
from sklearn.linear_model import SGDClassifier

from atalanta_sensor import TrainingTap

EXAMPLES = pathlib.Path(__file__).parent.parent / "examples"


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def wait_for(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it did not happen within ten seconds"
        time.sleep(0.02)


def test_a_real_training_leaves_a_record_of_each_step(tmp_path):
    out = tmp_path / "steps.jsonl"
    subprocess.run([sys.executable, EXAMPLES / "train_sklearn.py", out], check=True, timeout=120)
    start, *steps, end = read(out)
    assert (start["event"], end["event"], len(steps)) == ("start", "end", 18)
    assert (end["sensor_errors"], end["records_dropped"], end["steps_recorded"]) == (0, 0, 18)
    for number, step in enumerate(steps, 1):
        assert step["step"] == number and step["epoch"] == (number - 1) // 9
        assert len(step["batch_digest"]) == 64 and len(step["sample_sha256"]) == step["batch_size"]
        assert sum(step["label_counts"].values()) == step["batch_size"] == len(step["sample_ids"])
        assert step["loss_stats"]["n"] == step["batch_size"]
    assert len({step["sampler_digest"] for step in steps[:9]}) == 1 != len({step["sampler_digest"] for step in steps})
    assert all(step["update_norm"] > 0 for step in steps[1:])
    first = {id: sha for step in steps[:9] for id, sha in zip(step["sample_ids"], step["sample_sha256"])}
    second = {id: sha for step in steps[9:] for id, sha in zip(step["sample_ids"], step["sample_sha256"])}
    assert first == second, "the same sample has the same digest in every epoch"
    assert end["weights_sha256"] != steps[0]["weights_sha256"]


def test_a_changed_sample_is_seen(tmp_path):
    x, y = np.random.default_rng(1).normal(size=(8, 3)), np.array([0, 1] * 4)
    tap = TrainingTap(path=tmp_path / "a", budget=None)
    tap.step(0.5, (x, y))
    x[3, 1] += 1e-9
    tap.step(0.5, (x, y))
    tap.close()
    _, one, two, _ = read(tmp_path / "a")
    assert one["batch_digest"] != two["batch_digest"]
    pairs = zip(one["sample_sha256"], two["sample_sha256"])
    assert [row for row, (before, after) in enumerate(pairs) if before != after] == [3]


class Hostile:
    """Fails wherever it is touched."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __len__(self):
        raise RuntimeError("len")


def test_nothing_breaks_the_training(tmp_path):
    tap = TrainingTap(Hostile(), Hostile(), path=tmp_path / "a", loader=Hostile(), budget=None)
    tap.step(Hostile(), Hostile(), ids=Hostile(), grads={"a": Hostile()})
    tap.step(float("nan"), None, lr=0.1)
    tap.close()
    assert tap.errors > 0
    assert read(tmp_path / "a")[-1]["sensor_errors"] > 0


def test_a_place_that_cannot_be_written_breaks_nothing():
    tap = TrainingTap(path="/proc/no/such/place.jsonl", budget=None)
    for _ in range(5):
        tap.step(1.0)
    tap.close(timeout=1)
    assert tap._sink.errors > 0


def test_the_tap_keeps_to_its_share_of_the_time(tmp_path):
    x = np.zeros((2000, 50))
    tap = TrainingTap(path=tmp_path / "a", budget=0.01)
    start = time.monotonic()
    for _ in range(150):
        time.sleep(0.005)
        tap.step(1.0, (x, np.zeros(2000, dtype=int)))
    elapsed = time.monotonic() - start
    tap.close()
    assert tap.skipped > 0 and tap.recorded > 0
    longest = tap._spent / tap.recorded
    assert tap._spent <= 0.01 * elapsed + 0.25 + 3 * longest


def test_records_arrive_at_the_server(listener, tmp_path):
    model = SGDClassifier()
    tap = TrainingTap(model, server=listener.url, token="t-1", spool=tmp_path, budget=None)
    x, y = np.random.default_rng(1).normal(size=(8, 3)), np.array([0, 1] * 4)
    model.partial_fit(x, y, classes=[0, 1])
    tap.step(0.7, (x, y))
    tap.close()
    assert [record.get("event", "step") for record in listener.records] == ["start", "step", "end"]
    assert listener.tokens[0] == "Bearer t-1"
    assert list(tmp_path.glob("*")) == [], "a spool that was sent is removed"


def test_an_outage_delays_records_and_loses_none(listener, tmp_path):
    listener.refuse = True
    tap = TrainingTap(server=listener.url, spool=tmp_path, budget=None)
    for _ in range(3):
        tap.step(1.0)
    wait_for(lambda: tap._sink.errors > 0)
    listener.refuse = False
    tap.close()
    assert [record.get("step") for record in listener.records] == [None, 1, 2, 3, None]


@pytest.mark.parametrize("torn", [b"", b'{"torn'])
def test_what_a_killed_training_left_is_sent_by_the_next(listener, tmp_path, torn):
    program = (
        "import os, time; from atalanta_sensor import TrainingTap;"
        f"tap = TrainingTap(server='http://127.0.0.1:9', spool={str(tmp_path)!r}, run_id='killed', budget=None);"
        "[tap.step(1.0) for _ in range(5)];"
        "time.sleep(1.5); os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", program], timeout=60)
    assert ended.returncode == -9
    left = next(tmp_path.glob("*.ndjson"))
    with left.open("ab") as file:
        file.write(torn)
    tap = TrainingTap(server=listener.url, spool=tmp_path, run_id="next", budget=None)
    tap.step(1.0)
    wait_for(lambda: sum(record["run_id"] == "killed" for record in listener.records) == 6)
    tap.close()
