"""Callback for Lightning: `Trainer(callbacks=[TrainingSensor(server="http://127.0.0.1:7280")])`."""

try:
    from lightning.pytorch.callbacks import Callback
except ImportError:
    from pytorch_lightning.callbacks import Callback

from .tap import TrainingTap


class TrainingSensor(Callback):
    """Takes the options of TrainingTap."""

    def __init__(self, **options):
        self.options = options
        self.tap = None

    def on_train_start(self, trainer, module):
        try:
            optimizers = trainer.optimizers
            loader = trainer.train_dataloader
            self.tap = TrainingTap(
                module, optimizers[0] if optimizers else None, loader=loader, framework="lightning", **self.options
            )
        except Exception:  # the training must not notice
            self.tap = None

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        """Gradients stay until the next batch clears them."""
        if self.tap is not None:
            loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
            self.tap.step(loss, batch, epoch=trainer.current_epoch)

    def on_train_end(self, trainer, module):
        if self.tap is not None:
            self.tap.close()
