"""Steps of real trainings with NumPy and scikit-learn."""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
from importlib.util import find_spec

from atalanta_sensor import TrainingTap

if find_spec("numpy"):
    import numpy as np

PACKAGE = pathlib.Path(__file__).parent.parent


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@unittest.skipUnless(find_spec("numpy") and find_spec("sklearn"), "NumPy or scikit-learn is not installed")
class Steps(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = pathlib.Path(folder.name) / "steps.jsonl"

    def test_a_real_training_leaves_a_record_of_each_step(self):
        program = [sys.executable, PACKAGE / "examples/train_sklearn.py", self.out]
        subprocess.run(program, check=True, timeout=120, env={"PYTHONPATH": str(PACKAGE / "src")})
        start, *steps, end = read(self.out)
        self.assertEqual((start["event"], end["event"], len(steps)), ("start", "end", 18))
        self.assertEqual((end["sensor_errors"], end["records_dropped"], end["steps_recorded"]), (0, 0, 18))
        for number, step in enumerate(steps, 1):
            self.assertEqual((step["step"], step["epoch"]), (number, (number - 1) // 9))
            self.assertEqual(len(step["batch_digest"]), 64)
            self.assertEqual(len(step["sample_sha256"]), step["batch_size"])
            self.assertEqual(sum(step["label_counts"].values()), step["batch_size"])
            self.assertEqual(len(step["sample_ids"]), step["batch_size"])
            self.assertEqual(step["loss_stats"]["n"], step["batch_size"])
        self.assertEqual(len({step["sampler_digest"] for step in steps[:9]}), 1)
        self.assertNotEqual(len({step["sampler_digest"] for step in steps}), 1)
        self.assertTrue(all(step["update_norm"] > 0 for step in steps[1:]))
        first, second = ({id: sha for step in part for id, sha in zip(step["sample_ids"], step["sample_sha256"])}
                         for part in (steps[:9], steps[9:]))
        self.assertEqual(first, second, "the same sample has the same digest in every epoch")
        self.assertNotEqual(end["weights_sha256"], steps[0]["weights_sha256"])

    def test_a_changed_sample_is_seen(self):
        x, y = np.random.default_rng(1).normal(size=(8, 3)), np.array([0, 1] * 4)
        tap = TrainingTap(path=self.out, budget=None)
        tap.step(0.5, (x, y))
        x[3, 1] += 1e-9
        tap.step(0.5, (x, y))
        tap.close()
        _, one, two, _ = read(self.out)
        self.assertNotEqual(one["batch_digest"], two["batch_digest"])
        pairs = zip(one["sample_sha256"], two["sample_sha256"])
        self.assertEqual([row for row, (before, after) in enumerate(pairs) if before != after], [3])

    def test_the_tap_keeps_to_its_share_of_the_time(self):
        x = np.zeros((2000, 50))
        tap = TrainingTap(path=self.out, budget=0.01)
        start = time.monotonic()
        for _ in range(150):
            time.sleep(0.005)
            tap.step(1.0, (x, np.zeros(2000, dtype=int)))
        elapsed = time.monotonic() - start
        tap.close()
        self.assertTrue(tap.skipped > 0 and tap.recorded > 0)
        longest = tap._spent / tap.recorded
        self.assertLessEqual(tap._spent, 0.01 * elapsed + 0.25 + 3 * longest)


if __name__ == "__main__":
    unittest.main()
