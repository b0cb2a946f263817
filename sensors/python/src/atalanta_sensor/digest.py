"""Digests and statistics of tensors, arrays and plain values, without importing what may not be there."""

import hashlib
import json
import math


def to_array(value):
    """A tensor as an array on the host; other values as they are."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if str(getattr(value, "dtype", "")) == "torch.bfloat16":
            value = value.float()
        return value.numpy()
    return value


def to_bytes(value):
    """Bytes that stand for a value: type and shape matter, memory layout does not."""
    value = to_array(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if hasattr(value, "tobytes") and hasattr(value, "dtype"):
        return f"{value.dtype}{tuple(value.shape)}".encode() + value.tobytes()
    if isinstance(value, dict):
        return b"".join(str(key).encode() + b"=" + to_bytes(value[key]) for key in sorted(value, key=str))
    if isinstance(value, (list, tuple)):
        return b"[" + b",".join(to_bytes(item) for item in value) + b"]"
    return json.dumps(value, sort_keys=True, default=str).encode()


def sha256(value):
    """SHA-256 of a value, 64 hexadecimal digits."""
    return hashlib.sha256(to_bytes(value)).hexdigest()


def columns(batch):
    """The parts of a batch that hold one row for each sample: a tuple or dictionary of tensors, or one of them."""
    if isinstance(batch, dict):
        return [batch[key] for key in sorted(batch, key=str)]
    if isinstance(batch, (list, tuple)) and batch and all(hasattr(part, "__len__") for part in batch):
        lengths = {len(part) for part in batch if not _is_scalar(part)}
        if len(lengths) == 1 and not all(isinstance(part, (str, bytes)) for part in batch):
            return list(batch)
    return [batch]


def _is_scalar(part):
    return hasattr(part, "shape") and len(part.shape) == 0


def sample_digests(batch):
    """SHA-256 of each sample of a batch, over its row in every part."""
    parts = [to_array(part) for part in columns(batch)]
    parts = [part for part in parts if hasattr(part, "__len__") and not _is_scalar(part)]
    if not parts:
        return []
    count = min(len(part) for part in parts)
    digests = []
    for row in range(count):
        digest = hashlib.sha256()
        for part in parts:
            digest.update(to_bytes(part[row]))
        digests.append(digest.digest())
    return digests


def merkle_root(digests):
    """Root of the binary tree over the digests in their order; the last of an odd level goes up as it is."""
    level = list(digests)
    if not level:
        return None
    while len(level) > 1:
        pairs = [hashlib.sha256(level[at] + level[at + 1]).digest() for at in range(0, len(level) - 1, 2)]
        level = pairs + ([level[-1]] if len(level) % 2 else [])
    return level[0].hex()


def labels_of(batch):
    """The labels of a batch: its member `labels`, `label` or `y`, or the second of two parts, if they are few whole numbers or words."""
    labels = None
    if isinstance(batch, dict):
        labels = next((batch[key] for key in ("labels", "label", "y", "target") if key in batch), None)
    elif isinstance(batch, (list, tuple)) and len(batch) == 2:
        labels = batch[1]
    labels = to_array(labels)
    if labels is None or getattr(labels, "ndim", 1) != 1:
        return None
    if hasattr(labels, "tolist"):
        labels = labels.tolist()
    if not isinstance(labels, list) or not all(isinstance(label, (int, str, bool)) for label in labels):
        return None
    return labels


def counts(labels, most=100):
    """How often each label occurs."""
    found = {}
    for label in labels:
        found[str(label)] = found.get(str(label), 0) + 1
    return found if len(found) <= most else None


def number(value):
    """A finite float, or None."""
    if value is None:
        return None
    try:
        value = float(to_array(value))
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def values(value):
    """A one-dimensional tensor, array or list of numbers as a list of floats, else None."""
    value = to_array(value)
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)) and all(isinstance(item, (int, float)) for item in value):
        return [float(item) for item in value]
    return None


def stats(numbers):
    """Count, mean, spread and quantiles of finite numbers."""
    finite = sorted(item for item in numbers if math.isfinite(item))
    if not finite:
        return None
    mean = math.fsum(finite) / len(finite)
    variance = math.fsum((item - mean) ** 2 for item in finite) / len(finite)
    at = lambda share: finite[min(len(finite) - 1, int(share * len(finite)))]
    found = {"n": len(numbers), "mean": mean, "std": math.sqrt(variance), "min": finite[0], "p50": at(0.5)}
    found.update({"p90": at(0.9), "p99": at(0.99), "max": finite[-1], "nonfinite": len(numbers) - len(finite)})
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in found.items()}


def norm(value):
    """Euclidean norm of a tensor or array."""
    if hasattr(value, "detach"):
        return float(value.detach().float().norm())
    return math.sqrt(float((value * value).sum()))
