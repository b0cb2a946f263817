"""docs/sources/training_tap.md with the program that the page names: every step of a small training with scikit-learn,
its loss, what it changed, and the digests of what went in."""

import pathlib
import sys

from walk import ROOT, walk

QUERY = 'filter event_class = TRAINING_STEP and training_step != null | sort asc training_epoch, asc training_step'


def main():
    program = ROOT / "sensors/python/examples/train_sklearn.py"
    with walk("sensor", token=True) as at:
        variables = {"PYTHONPATH": str(ROOT / "sensors/python/src"), "XDG_STATE_HOME": str(at.folder / "state")}
        at.run([sys.executable, str(program), at.url], ATALANTA_TOKEN=at.token, **variables)
        steps = at.rows("the steps", QUERY, 18)
        if len(steps) != 18:
            sys.exit(f"sensor: {len(steps)} rows of two epochs with nine steps")
        for row in steps:
            # Before its first step the model has no weights that could change.
            first = (row["training_epoch"], row["training_step"]) == (steps[0]["training_epoch"], steps[0]["training_step"])
            changed = None if first else lambda n: n > 0
            at.expect(
                row, training_loss=lambda n: n >= 0, training_update_norm=changed, parse_status="ok",
                training_batch_digest=lambda text: len(text) == 64, dataset_name="breast_cancer", dataset_version="sklearn-1",
            )
        if not any(row["training_loss"] > 0 for row in steps):
            sys.exit("sensor: no step has a loss")
        if len({row["training_batch_digest"] for row in steps}) != 18:
            sys.exit("sensor: two batches have the same digest")
        at.survives(QUERY, 18)
        left = list(pathlib.Path(at.folder / "state").rglob("*.ndjson"))
        if left:
            sys.exit(f"sensor: {left} was not sent")


if __name__ == "__main__":
    main()
