"""With the real frameworks, where they are installed."""

import json
import pathlib
import tempfile
import unittest
from importlib.util import find_spec

if find_spec("torch"):
    import torch


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def data():
    torch.manual_seed(3)
    x = torch.randn(64, 8)
    return x, (x[:, 0] > 0).long()


@unittest.skipUnless(find_spec("torch"), "PyTorch is not installed")
class Frameworks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_torch(self):
        from atalanta_sensor import TrainingTap

        model = torch.nn.Linear(8, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*data()), batch_size=16, shuffle=True)
        tap = TrainingTap(model, optimizer, path=self.folder / "a", loader=loader, budget=None)
        for x, y in loader:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            tap.step(loss, (x, y))
        expected = sum(float(parameter.grad.norm()) ** 2 for parameter in model.parameters()) ** 0.5
        tap.close()
        start, *steps, end = read(self.folder / "a")
        self.assertEqual((start["dataset_rows"], len(steps), end["sensor_errors"]), (64, 4, 0))
        self.assertAlmostEqual(steps[-1]["grad_norm"] / expected, 1, delta=1e-6)
        self.assertAlmostEqual(steps[-1]["loss"] / float(loss.detach()), 1, delta=1e-6)
        self.assertEqual((steps[-1]["lr"], steps[-1]["optimizer"], steps[-1]["framework"]), (0.5, "SGD", "torch"))
        self.assertEqual(set(steps[-1]["grad_norm_by_layer"]), {"weight", "bias"})

    @unittest.skipUnless(find_spec("lightning"), "Lightning is not installed")
    def test_lightning(self):
        import lightning.pytorch as lightning

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
            default_root_dir=self.folder,
            callbacks=[TrainingSensor(path=self.folder / "a", budget=None)],
        )
        trainer.fit(Module(), loader)
        _, *steps, end = read(self.folder / "a")
        self.assertEqual(end["sensor_errors"], 0, end)
        self.assertEqual([step["epoch"] for step in steps], [0] * 4 + [1] * 4)
        self.assertTrue(all(step["loss"] > 0 and step["batch_size"] == 16 and step["grad_norm"] > 0 for step in steps))

    @unittest.skipUnless(find_spec("transformers"), "Transformers is not installed")
    def test_hugging_face_trainer(self):
        import transformers

        from atalanta_sensor.transformers import TrainingSensor

        config = transformers.BertConfig(
            vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, num_labels=2
        )
        torch.manual_seed(3)
        rows = [{"input_ids": torch.randint(0, 50, (6,)), "labels": torch.tensor(row % 2)} for row in range(32)]
        arguments = transformers.TrainingArguments(
            output_dir=str(self.folder / "out"), num_train_epochs=1, per_device_train_batch_size=8, report_to=[], use_cpu=True
        )
        trainer = transformers.Trainer(
            transformers.BertForSequenceClassification(config),
            arguments,
            train_dataset=rows,
            callbacks=[TrainingSensor(path=self.folder / "a", budget=None)],
        )
        trainer.train()
        _, *steps, end = read(self.folder / "a")
        self.assertEqual(end["sensor_errors"], 0, end)
        self.assertEqual(len(steps), 4)
        self.assertTrue(all(step["loss"] > 0 and step["batch_size"] == 8 and step["grad_norm"] > 0 for step in steps))
        self.assertTrue(all(step["label_counts"] for step in steps))


if __name__ == "__main__":
    unittest.main()
