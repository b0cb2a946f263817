"""Digests of samples, batches and weights; needs NumPy."""

import hashlib
import unittest
from importlib.util import find_spec

from atalanta_sensor import digest

if find_spec("numpy"):
    import numpy as np


@unittest.skipUnless(find_spec("numpy"), "NumPy is not installed")
class Digests(unittest.TestCase):
    def test_the_digest_of_a_sample_depends_on_its_content_alone(self):
        x, y = np.arange(12.0).reshape(4, 3), np.array([0, 1, 0, 1])
        whole = digest.sample_digests((x, y))
        order = [2, 0, 3, 1]
        self.assertEqual([whole[row] for row in order], digest.sample_digests((x[order], y[order])))
        flipped = y.copy()
        flipped[2] = 1
        other = digest.sample_digests((x, flipped))
        self.assertEqual([row for row in range(4) if whole[row] != other[row]], [2])
        self.assertEqual(digest.sample_digests({"x": np.asfortranarray(x), "y": y}), whole)

    def test_the_root_is_a_binary_tree(self):
        a, b, c = (hashlib.sha256(bytes([n])).digest() for n in range(3))
        pair = hashlib.sha256(a + b).digest()
        self.assertEqual(digest.merkle_root([a, b, c]), hashlib.sha256(pair + c).hexdigest())
        self.assertEqual(digest.merkle_root([a]), a.hex())
        self.assertIsNone(digest.merkle_root([]))

    def test_statistics_of_numbers_that_are_not_finite(self):
        found = digest.stats([1.0, 3.0, float("nan"), float("inf")])
        self.assertEqual((found["mean"], found["min"], found["max"], found["nonfinite"]), (2.0, 1.0, 3.0, 2))
        self.assertIsNone(digest.number(float("nan")))

    def test_labels_are_told_from_values(self):
        x = np.zeros((3, 2))
        self.assertEqual(digest.labels_of((x, np.array([1, 0, 1]))), [1, 0, 1])
        self.assertEqual(digest.labels_of({"x": x, "labels": ["a", "b", "a"]}), ["a", "b", "a"])
        self.assertIsNone(digest.labels_of((x, np.array([0.5, 0.25, 0.1]))))
        self.assertIsNone(digest.labels_of((x, x)))


if __name__ == "__main__":
    unittest.main()
