import hashlib

import numpy as np

from atalanta_sensor import digest


def test_the_digest_of_a_sample_depends_on_its_content_alone():
    x, y = np.arange(12.0).reshape(4, 3), np.array([0, 1, 0, 1])
    whole = digest.sample_digests((x, y))
    order = [2, 0, 3, 1]
    assert [whole[row] for row in order] == digest.sample_digests((x[order], y[order]))
    flipped = y.copy()
    flipped[2] = 1
    other = digest.sample_digests((x, flipped))
    assert [row for row in range(4) if whole[row] != other[row]] == [2]
    assert digest.sample_digests({"x": np.asfortranarray(x), "y": y}) == whole


def test_the_root_is_a_binary_tree():
    a, b, c = (hashlib.sha256(bytes([n])).digest() for n in range(3))
    pair = hashlib.sha256(a + b).digest()
    assert digest.merkle_root([a, b, c]) == hashlib.sha256(pair + c).hexdigest()
    assert digest.merkle_root([a]) == a.hex()
    assert digest.merkle_root([]) is None


def test_statistics_of_numbers_that_are_not_finite():
    found = digest.stats([1.0, 3.0, float("nan"), float("inf")])
    assert (found["mean"], found["min"], found["max"], found["nonfinite"]) == (2.0, 1.0, 3.0, 2)
    assert digest.number(float("nan")) is None


def test_labels_are_told_from_values():
    x = np.zeros((3, 2))
    assert digest.labels_of((x, np.array([1, 0, 1]))) == [1, 0, 1]
    assert digest.labels_of({"x": x, "labels": ["a", "b", "a"]}) == ["a", "b", "a"]
    assert digest.labels_of((x, np.array([0.5, 0.25, 0.1]))) is None
    assert digest.labels_of((x, x)) is None
