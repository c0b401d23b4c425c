"""Seconds that Keras takes for 60,000 images: run by `versus_keras.py`, in Keras's environment.

Reads one JSON object from standard input: the picture's shape, layers and optimiser as (kind,
fields), batch size, settings of Keras. Prints one number. The pictures are random, for a step takes
as long whatever they show.
"""

import json
import os
import sys
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

SECONDS = 4.0
PIECE_STEPS = 40


def main() -> None:
    asked = json.load(sys.stdin)
    keras.mixed_precision.set_global_policy(asked["policy"])
    model = keras.Sequential([keras.Input(asked["shape"]), *map(layer, asked["layers"])])
    model.compile(
        optimizer=optimizer(*asked["optimizer"]),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        steps_per_execution=asked["steps_per_execution"],
        jit_compile=asked["jit_compile"],
    )
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
    print((time.perf_counter() - started) / (n * passes) * 60_000)


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
    main()
