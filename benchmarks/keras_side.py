"""Seconds that Keras takes, by Keras's own environment: run by the scripts that compare with it.

For `versus_keras.py` it reads one JSON object from standard input: the picture's shape, layers and
optimiser as (kind, fields), batch size, settings of Keras. It prints seconds for 60,000 images. The
pictures are random, for a step takes as long whatever they show.

For `sheet_versus_keras.py` it is given a file of images, and reads such an object a line, each a
whole training by `fit` as a notebook has it; each is answered by a line.
"""

import json
import os
import sys
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # type: ignore[import-untyped]
import numpy as np

SECONDS = 4.0
PIECE_STEPS = 40
Part = tuple[np.ndarray, np.ndarray]


def seconds_of_steps(asked: dict[str, Any]) -> float:
    """For 60,000 images, steps alone."""
    model = compiled(asked)
    batch_size = asked["batch_size"]
    n = batch_size * PIECE_STEPS
    rng = np.random.default_rng(0)
    images = rng.random((n, *asked["shape"]), dtype=np.float32)
    labels = rng.integers(0, 10, n)
    model.fit(images, labels, batch_size=batch_size, verbose=0)
    # fit is asked for several passes at once: what it does once a call is not a step's time.
    started = time.perf_counter()
    model.fit(images, labels, batch_size=batch_size, verbose=0)
    passes = max(1, int(SECONDS / (time.perf_counter() - started)))
    started = time.perf_counter()
    model.fit(images, labels, batch_size=batch_size, epochs=passes, verbose=0)
    return (time.perf_counter() - started) / (n * passes) * 60_000


def answer_fits(file: str) -> None:
    """One training after another, each on the same images, as asked line by line."""
    with np.load(file) as stored:
        train, validation = (
            ((stored[f"{part}_pixels"] / 255).astype(np.float32), stored[f"{part}_labels"])
            for part in ("train", "validation")
        )
    for line in sys.stdin:
        print(json.dumps(seconds_of_fit(json.loads(line), train, validation)), flush=True)


def seconds_of_fit(asked: dict[str, Any], train: Part, validation: Part) -> dict[str, Any]:
    """Seconds in all, and by epoch of training (so many `steps`) and of scoring all validation."""
    keras.backend.clear_session()
    watch = Stopwatch()
    few = slice(asked["steps"] * asked["batch_size"])
    started = time.perf_counter()
    model = compiled(asked)
    model.fit(
        *(part[few] for part in train),
        batch_size=asked["batch_size"],
        epochs=asked["epochs"],
        validation_data=validation,
        callbacks=[watch],
        verbose=0,
    )
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "training": watch.training, "scoring": watch.scoring}


class Stopwatch(keras.callbacks.Callback):  # type: ignore[misc]
    """Seconds of each epoch, of training and of scoring apart."""

    def __init__(self) -> None:
        super().__init__()
        self.training: list[float] = []
        self.scoring: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._since = time.perf_counter()

    def on_test_begin(self, logs: Any = None) -> None:
        self._lap(self.training)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._lap(self.scoring)

    def _lap(self, seconds: list[float]) -> None:
        now = time.perf_counter()
        seconds.append(now - self._since)
        self._since = now


def compiled(asked: dict[str, Any]) -> keras.Model:
    keras.mixed_precision.set_global_policy(asked["policy"])
    model = keras.Sequential([keras.Input(asked["shape"]), *map(layer, asked["layers"])])
    model.compile(
        optimizer=optimizer(*asked["optimizer"]),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        steps_per_execution=asked["steps_per_execution"],
        jit_compile=asked["jit_compile"],
    )
    return model


def layer(of: tuple[str, dict[str, Any]]) -> keras.layers.Layer:
    kind, given = of
    match kind:
        case "conv":
            return keras.layers.Conv2D(
                given["filters"],
                given["kernel"],
                given["stride"],
                given["padding"],
                kernel_initializer=given["init"],
                use_bias=given["bias"],
            )
        case "maxpool":
            return keras.layers.MaxPooling2D(given["size"], given["stride"], given["padding"])
        case "dense":
            units = 10 if given["units"] == "classes" else given["units"]
            return keras.layers.Dense(units, kernel_initializer=given["init"])
        case "dropout":
            return keras.layers.Dropout(given["rate"])
        case "batchnorm":
            return keras.layers.BatchNormalization(
                momentum=1 - given["momentum"], epsilon=given["epsilon"]
            )
        case "relu":
            return keras.layers.ReLU()
        case "flatten":
            return keras.layers.Flatten()
    raise SystemExit(f"no Keras layer is written here for {kind}")


def optimizer(kind: str, given: dict[str, Any]) -> keras.optimizers.Optimizer:
    rate = given["learning_rate"]
    match kind:
        case "sgd":
            return keras.optimizers.SGD(rate, given["momentum"], given["nesterov"])
        case "adam":
            return keras.optimizers.Adam(rate, given["beta1"], given["beta2"], given["epsilon"])
        case "adadelta":
            return keras.optimizers.Adadelta(rate, given["rho"], given["epsilon"])
    raise SystemExit(f"no Keras optimiser is written here for {kind}")


if __name__ == "__main__":
    if sys.argv[1:]:
        answer_fits(sys.argv[1])
    else:
        print(seconds_of_steps(json.load(sys.stdin)))
