"""Callback for the Hugging Face Trainer: `Trainer(…, callbacks=[TrainingSensor(server="http://127.0.0.1:7280")])`."""

from transformers import TrainerCallback

from .tap import TrainingTap


class TrainingSensor(TrainerCallback):
    """Takes the options of TrainingTap. Batches and losses are seen by hooks on the model's forward pass."""

    def __init__(self, **options):
        self.options = options
        self.tap = None
        self.hooks = []
        self.batch = self.loss = None

    def on_train_begin(self, args, state, control, model=None, optimizer=None, train_dataloader=None, **others):
        try:
            self.tap = TrainingTap(model, optimizer, loader=train_dataloader, framework="transformers", **self.options)
            before = model.register_forward_pre_hook(self._before, with_kwargs=True)
            self.hooks = [before, model.register_forward_hook(self._after)]
        except Exception:  # the training must not notice
            self.tap = None

    def on_pre_optimizer_step(self, args, state, control, **others):
        if self.tap is not None:
            self.tap.step(self.loss, self.batch, epoch=int(state.epoch or 0))

    def on_train_end(self, args, state, control, **others):
        for hook in self.hooks:
            hook.remove()
        if self.tap is not None:
            self.tap.close()

    def _before(self, model, arguments, named):
        if model.training:
            self.batch = {name: value for name, value in named.items() if hasattr(value, "shape")} or arguments

    def _after(self, model, arguments, output):
        if model.training:
            loss = output.get("loss") if isinstance(output, dict) else getattr(output, "loss", None)
            self.loss = loss.detach() if loss is not None else None
