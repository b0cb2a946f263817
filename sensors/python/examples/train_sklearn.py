"""A small training with scikit-learn: `python train_sklearn.py [FILE or URL]`."""

import sys

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from atalanta_sensor import TrainingTap


def main(target="steps.jsonl"):
    x, y = load_breast_cancer(return_X_y=True)
    x = StandardScaler().fit_transform(x)
    model = SGDClassifier(loss="log_loss", random_state=7)
    order = np.random.default_rng(7)
    place = {"server": target} if target.startswith("http") else {"path": target}
    tap = TrainingTap(model, dataset_name="breast_cancer", dataset_version="sklearn-1", budget=None, **place)
    for epoch in range(2):
        state = str(order.bit_generator.state)
        rows = order.permutation(len(x))
        for part in np.array_split(rows, 9):
            model.partial_fit(x[part], y[part], classes=[0, 1])
            losses = -np.log(np.clip(model.predict_proba(x[part])[np.arange(len(part)), y[part]], 1e-12, 1))
            tap.step(losses, (x[part], y[part]), ids=part, epoch=epoch, sampler_state=state)
        print(f"epoch {epoch}: loss {log_loss(y, model.predict_proba(x)):.4f}")
    tap.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
