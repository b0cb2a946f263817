"""With the real frameworks, where they are installed."""

import json

import pytest

torch = pytest.importorskip("torch")


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def data():
    torch.manual_seed(3)
    x = torch.randn(64, 8)
    return x, (x[:, 0] > 0).long()


def test_torch(tmp_path):
    from atalanta_sensor import TrainingTap

    model = torch.nn.Linear(8, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*data()), batch_size=16, shuffle=True)
    tap = TrainingTap(model, optimizer, path=tmp_path / "a", loader=loader, budget=None)
    for x, y in loader:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        tap.step(loss, (x, y))
    expected = sum(float(parameter.grad.norm()) ** 2 for parameter in model.parameters()) ** 0.5
    tap.close()
    start, *steps, end = read(tmp_path / "a")
    assert start["dataset_rows"] == 64 and len(steps) == 4 and end["sensor_errors"] == 0
    assert steps[-1]["grad_norm"] == pytest.approx(expected, rel=1e-6)
    assert steps[-1]["loss"] == pytest.approx(float(loss.detach()), rel=1e-6)
    assert (steps[-1]["lr"], steps[-1]["optimizer"], steps[-1]["framework"]) == (0.5, "SGD", "torch")
    assert set(steps[-1]["grad_norm_by_layer"]) == {"weight", "bias"}


def test_lightning(tmp_path):
    lightning = pytest.importorskip("lightning.pytorch")
    from atalanta_sensor.lightning import TrainingSensor

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(8, 2)

        def training_step(self, batch, _):
            return torch.nn.functional.cross_entropy(self.layer(batch[0]), batch[1])

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*data()), batch_size=16)
    trainer = lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        default_root_dir=tmp_path,
        callbacks=[TrainingSensor(path=tmp_path / "a", budget=None)],
    )
    trainer.fit(Module(), loader)
    _, *steps, end = read(tmp_path / "a")
    assert end["sensor_errors"] == 0, end
    assert [step["epoch"] for step in steps] == [0] * 4 + [1] * 4
    assert all(step["loss"] > 0 and step["batch_size"] == 16 and step["grad_norm"] > 0 for step in steps)


def test_hugging_face_trainer(tmp_path):
    transformers = pytest.importorskip("transformers")
    from atalanta_sensor.transformers import TrainingSensor

    config = transformers.BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, num_labels=2
    )
    torch.manual_seed(3)
    rows = [{"input_ids": torch.randint(0, 50, (6,)), "labels": torch.tensor(row % 2)} for row in range(32)]
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path / "out"), num_train_epochs=1, per_device_train_batch_size=8, report_to=[], use_cpu=True
    )
    trainer = transformers.Trainer(
        transformers.BertForSequenceClassification(config),
        arguments,
        train_dataset=rows,
        callbacks=[TrainingSensor(path=tmp_path / "a", budget=None)],
    )
    trainer.train()
    _, *steps, end = read(tmp_path / "a")
    assert end["sensor_errors"] == 0, end
    assert len(steps) == 4
    assert all(step["loss"] > 0 and step["batch_size"] == 8 and step["grad_norm"] > 0 for step in steps)
    assert all(step["label_counts"] for step in steps)
