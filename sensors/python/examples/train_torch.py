"""A small training with PyTorch: `python train_torch.py [FILE or URL]`."""

import sys

import torch
from torch.utils.data import DataLoader, TensorDataset

from atalanta_sensor import TrainingTap


def main(target="steps.jsonl"):
    torch.manual_seed(7)
    x = torch.randn(512, 16)
    y = (x[:, 0] + 0.5 * x[:, 1] > 0).long()
    loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
    model = torch.nn.Sequential(torch.nn.Linear(16, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    place = {"server": target} if target.startswith("http") else {"path": target}
    tap = TrainingTap(model, optimizer, loader=loader, dataset_name="toy", dataset_version="1", budget=None, **place)
    for epoch in range(3):
        tap.epoch(epoch)
        for batch in loader:
            losses = torch.nn.functional.cross_entropy(model(batch[0]), batch[1], reduction="none")
            optimizer.zero_grad()
            losses.mean().backward()
            optimizer.step()
            tap.step(losses, batch)
        print(f"epoch {epoch}: loss {losses.mean():.4f}")
    tap.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
