"""The tap itself: one call for each step of a training."""

import atexit
import functools
import os
import socket
import sys
import time
import uuid

from . import digest
from .sink import File, Server, Sink
from .version import VERSION

#: Layers whose gradient norm is in a record.
LAYERS = 64
#: Samples of a batch whose digest and loss are in a record; the batch's digest is over all.
SAMPLES = 256
#: Seconds that the tap may use before its share of the time counts.
BURST = 0.25


def quietly(method):
    """Nothing that goes wrong in the tap reaches the training; it is counted."""

    @functools.wraps(method)
    def call(self, *arguments, **options):
        try:
            return method(self, *arguments, **options)
        except Exception as error:
            self.errors += 1
            self.last_error = repr(error)
            return None

    return call


class TrainingTap:
    """Records the steps of a training.

    model, optimizer: what is trained; both may be left out.
    path or server (with token): where records go. spool: folder for what the server has not taken yet.
    loader: its sampler's state is digested.
    every: record each n-th step. budget: share of the training's time that the tap may use; steps that it has no time
    for are not recorded. None records every step whatever it costs.
    weights_every: recorded steps between two digests of the weights.
    """

    def __init__(
        self,
        model=None,
        optimizer=None,
        *,
        path=None,
        server=None,
        token=None,
        spool=None,
        loader=None,
        run_id=None,
        dataset_name=None,
        dataset_version=None,
        dataset_digest=None,
        framework=None,
        every=1,
        budget=0.01,
        weights_every=100,
    ):
        self.model, self.optimizer, self.loader = model, optimizer, loader
        self.run_id = run_id or uuid.uuid4().hex
        self.errors, self.last_error, self.recorded, self.skipped = 0, None, 0, 0
        self.every, self.budget, self.weights_every = max(1, every), budget, max(1, weights_every)
        self._target = (path, server, token, spool)
        self._sink = None
        self._fixed = {"run_id": self.run_id, "framework": framework or _framework(model), "rank": _rank()}
        self._fixed.update(host=socket.gethostname(), pid=os.getpid(), user=os.environ.get("USER"))
        self._dataset = {"dataset_name": dataset_name, "dataset_version": dataset_version, "dataset_digest": dataset_digest}
        self._step, self._epoch, self._ended = 0, None, False
        self._started = self._last = time.monotonic()
        self._spent = 0.0
        self._before = None
        self._begin()
        atexit.register(self.close)

    def __getstate__(self):
        """For frameworks that send callbacks to other processes: each has a thread of its own."""
        state = self.__dict__.copy()
        state["_sink"] = None
        return state

    @quietly
    def _begin(self):
        record = {"event": "start", "sensor_version": VERSION, "command_line": _command_line()}
        record.update(optimizer=_optimizer(self.optimizer), image_digest=os.environ.get("IMAGE_DIGEST"))
        self._add(self._of_dataset, record)
        self._add(self._of_all_weights, record)
        self._put(record)

    @quietly
    def epoch(self, number):
        """Says which epoch the next steps belong to."""
        self._epoch = int(number)

    def step(self, loss=None, batch=None, *, ids=None, loss_per_sample=None, lr=None, grads=None, epoch=None, sampler_state=None):
        """One optimizer step: after the gradients are there and before they are cleared.

        loss: a number, or one for each sample. batch: what the step was fed, as the loop has it. ids: of its samples.
        grads: gradients by name, where the model has none of its own. sampler_state: anything that stands for the
        order in which samples are drawn.
        """
        start = time.monotonic()
        self._step += 1
        if not self._due(start):
            self.skipped += 1
            self._last = start
            return
        self._record(start, loss, batch, ids, loss_per_sample, lr, grads, epoch, sampler_state)
        self._last = time.monotonic()
        self._spent += self._last - start

    def _due(self, now):
        if (self._step - 1) % self.every:
            return False
        return self.budget is None or self._spent <= self.budget * (now - self._started) + BURST

    @quietly
    def _record(self, start, loss, batch, ids, loss_per_sample, lr, grads, epoch, sampler_state):
        self._epoch = epoch if epoch is not None else self._epoch
        record = {"epoch": self._epoch, "step": self._step, "step_ns": int((start - self._last) * 1e9)}
        self._add(self._of_loss, record, loss, loss_per_sample)
        self._add(self._of_batch, record, batch, ids)
        self._add(self._of_gradients, record, grads)
        self._add(self._of_sampler, record, sampler_state)
        self._add(self._of_optimizer, record, lr)
        self._add(self._of_weights, record)
        self._put(record)
        self.recorded += 1

    @quietly
    def _add(self, part, record, *arguments):
        """A part that fails leaves the rest of the record."""
        part(record, *arguments)

    def _of_loss(self, record, loss, loss_per_sample):
        each = digest.values(loss_per_sample if loss_per_sample is not None else loss)
        if each:
            record.update(loss=digest.number(sum(each) / len(each)), loss_stats=digest.stats(each))
            record["loss_per_sample"] = [digest.number(round(value, 5)) for value in each[:SAMPLES]]
        if loss is not None and digest.values(loss) is None:
            record["loss"] = digest.number(loss)

    def _of_optimizer(self, record, lr):
        record["optimizer"] = _optimizer(self.optimizer)
        record["lr"] = digest.number(lr) if lr is not None else _rate(self.optimizer)

    def _of_dataset(self, record):
        rows = getattr(getattr(self.loader, "dataset", None), "__len__", None)
        record["dataset_rows"] = rows() if rows else None

    def _of_all_weights(self, record):
        record["weights_sha256"] = self._weights() if self.model is not None else None

    def _of_batch(self, record, batch, ids):
        if ids is not None:
            ids = digest.to_array(ids)
            record["sample_ids"] = [str(one) for one in (ids.tolist() if hasattr(ids, "tolist") else ids)]
        if batch is None:
            return
        digests = digest.sample_digests(batch)
        record["batch_size"] = len(digests)
        record["batch_digest"] = digest.merkle_root(digests)
        record["sample_sha256"] = [one.hex()[:16] for one in digests[:SAMPLES]]
        labels = digest.labels_of(batch)
        if labels is not None:
            record["label_counts"] = digest.counts(labels)
            record["labels"] = labels[:SAMPLES]

    def _of_gradients(self, record, grads):
        if grads is None and hasattr(self.model, "named_parameters"):
            found = ((name, parameter.grad) for name, parameter in self.model.named_parameters())
            grads = {name: grad for name, grad in found if grad is not None}
        if not grads:
            return
        norms = {name: digest.norm(grad) for name, grad in grads.items()}
        record["grad_norm"] = digest.number(sum(value * value for value in norms.values()) ** 0.5)
        record["grad_stats"] = digest.stats(list(norms.values()))
        largest = sorted(norms, key=norms.get, reverse=True)[:LAYERS]
        record["grad_norm_by_layer"] = {name: digest.number(norms[name]) for name in norms if name in set(largest)}

    def _of_sampler(self, record, state):
        if state is None:
            state = _sampler_state(self.loader)
        if state is not None:
            record["sampler_digest"] = digest.sha256(state)

    def _of_weights(self, record):
        small = _coefficients(self.model)
        if small is not None:
            if self._before is not None and self._before.shape == small.shape:
                record["update_norm"] = digest.number(digest.norm(small - self._before))
            self._before = small.copy()
        if self.model is not None and self.recorded % self.weights_every == 0:
            record["weights_sha256"] = self._weights()

    def _weights(self):
        """SHA-256 over the names and values of all weights, by name."""
        if hasattr(self.model, "state_dict"):
            return digest.sha256(dict(self.model.state_dict()))
        small = _coefficients(self.model)
        return None if small is None else digest.sha256(small)

    def _put(self, record):
        if self._sink is None:
            path, server, token, spool = self._target
            self._sink = Sink(Server(server, token, spool) if server else File(path or "training_steps.jsonl"))
        record = {**self._fixed, **self._dataset, **record, "time": time.time_ns()}
        self._sink.put({name: value for name, value in record.items() if value is not None})

    @quietly
    def close(self, timeout=5.0):
        """Says what the run came to, and gives records some time to be delivered. Called at exit by itself."""
        if self._ended:
            return
        self._ended = True
        record = {"event": "end", "steps": self._step, "steps_recorded": self.recorded}
        self._add(self._of_all_weights, record)
        record.update(sensor_errors=self.errors, sensor_last_error=self.last_error, sensor_seconds=round(self._spent, 3))
        if self._sink is not None:
            record["records_dropped"] = self._sink.dropped
            record["records_refused"] = self._sink.refused or None
        self._put(record)
        self._sink.close(timeout)


def _framework(model):
    module = type(model).__module__
    for name in ("torch", "sklearn", "transformers", "lightning"):
        if module.split(".")[0] == name or any(base.__module__.split(".")[0] == name for base in type(model).__mro__):
            return name
    return "python"


def _rank():
    value = os.environ.get("RANK") or os.environ.get("SLURM_PROCID") or "0"
    return int(value) if value.isdigit() else 0


def _command_line():
    """The program's name; arguments may hold credentials."""
    return " ".join([os.path.basename(sys.executable or "python"), *sys.argv[:1]])


def _optimizer(optimizer):
    return None if optimizer is None else type(optimizer).__name__


def _rate(optimizer):
    groups = getattr(optimizer, "param_groups", None)
    return digest.number(groups[0].get("lr")) if groups else None


def _sampler_state(loader):
    """State of the generators that a torch DataLoader draws from."""
    if loader is None:
        return None
    torch = sys.modules.get("torch")
    state = [getattr(getattr(loader, "sampler", None), "epoch", None)]
    for holder in (loader, getattr(loader, "sampler", None)):
        generator = getattr(holder, "generator", None)
        if generator is not None:
            state.append(generator.get_state())
    if len(state) == 1 and torch is not None:
        state.append(torch.get_rng_state())
    return state


def _coefficients(model):
    """Coefficients and intercept of a linear model of scikit-learn as one array."""
    coefficients = getattr(model, "coef_", None)
    if not hasattr(coefficients, "ravel"):
        return None
    numpy = sys.modules["numpy"]
    return numpy.concatenate([coefficients.ravel(), numpy.ravel(getattr(model, "intercept_", 0.0))])
