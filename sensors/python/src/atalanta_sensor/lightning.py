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
        self.step = None

    def on_train_start(self, trainer, module):
        try:
            optimizers = trainer.optimizers
            loader = trainer.train_dataloader
            self.tap = TrainingTap(
                module, optimizers[0] if optimizers else None, loader=loader, framework="lightning", **self.options
            )
        except Exception:  # the training must not notice
            self.tap = None

    def on_before_zero_grad(self, trainer, module, optimizer):
        """The last moment at which the gradients of a step are there, and its loss and batch are known."""
        if self.tap is not None and self.step is not None:
            loss, batch = self.step
            self.step = None
            self.tap.step(loss, batch, epoch=trainer.current_epoch)

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        self.step = (loss, batch)

    def on_train_end(self, trainer, module):
        if self.tap is not None:
            if self.step is not None:
                self.tap.step(*self.step, epoch=trainer.current_epoch)
            self.tap.close()
