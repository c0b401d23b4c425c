"""Trains small networks with other people's libraries: python write_networks.py LIBRARY IN OUT.

LIBRARY is keras2 (tf_keras, and tf2onnx of such a model), keras3 or torch; IN an .npz with x_train
and y_train (uint8, n x 28 x 28), as pictures.py writes it; OUT a folder. Each library runs
in an environment of its own, with the requirements beside this file; Toile is not imported. Each
scales its pictures another way, and says nothing of it in its file.
"""

import sys
from pathlib import Path

import numpy as np


def main(library: str, source: Path, out: Path) -> None:
    """Write the files of `library` into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    arrays = np.load(source)
    pixels, labels = arrays["x_train"].astype(np.float32), arrays["y_train"].astype(np.int64)
    WRITERS[library](pixels, labels, out)


def keras2(pixels: np.ndarray, labels: np.ndarray, out: Path) -> None:
    """The lab's usual model, pixels from 0 to 1; and one for tf2onnx, from -1 to 1."""
    import tensorflow as tf
    import tf2onnx
    import tf_keras as keras

    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.layers.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(pixels[..., None] / 255, labels, epochs=8, batch_size=64, verbose=2)
    model.save(out / "keras2.h5")

    model = keras.Sequential(
        [
            keras.layers.Input((28, 28, 1)),
            keras.layers.Conv2D(24, 5, padding="same", use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.AveragePooling2D(2),
            keras.layers.SeparableConv2D(48, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    model.fit(pixels[..., None] / 127.5 - 1, labels, epochs=12, batch_size=64, verbose=2)
    signature = [tf.TensorSpec((None, 28, 28, 1), tf.float32, name="image")]
    tf2onnx.convert.from_keras(model, signature, output_path=str(out / "tf2onnx.onnx"))


def keras3(pixels: np.ndarray, labels: np.ndarray, out: Path) -> None:
    """A residual network with its own rescaling, and one exported to ONNX by Keras itself."""
    import keras

    keras.utils.set_random_seed(2)
    inputs = keras.Input((28, 28, 1))
    first = keras.layers.Rescaling(1 / 255)(inputs)
    first = keras.layers.Conv2D(24, 3, padding="same", activation="relu")(first)
    first = keras.layers.MaxPooling2D(2)(first)
    second = keras.layers.Conv2D(24, 3, padding="same")(first)
    second = keras.layers.BatchNormalization()(second)
    second = keras.layers.Activation("relu")(second)
    second = keras.layers.Conv2D(24, 3, padding="same")(second)
    joined = keras.layers.Activation("relu")(keras.layers.Add()([first, second]))
    joined = keras.layers.MaxPooling2D(2)(joined)
    joined = keras.layers.Flatten()(joined)
    outputs = keras.layers.Dense(10, activation="softmax")(joined)
    model = keras.Model(inputs, outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(pixels[..., None], labels, epochs=8, batch_size=64, verbose=2)
    model.save(out / "keras3.keras")


def torch(pixels: np.ndarray, labels: np.ndarray, out: Path) -> None:
    """A plain script: standardised pixels, labels in the order of its own; ONNX and safetensors."""
    import torch
    from safetensors.torch import save_file
    from torch import nn

    torch.manual_seed(3)
    x = torch.from_numpy((pixels - pixels.mean()) / pixels.std())[:, None]
    y = torch.from_numpy(labels)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 48),
        nn.ReLU(),
        nn.Linear(48, 10),
    )
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(8):
        for batch in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
    model.eval()
    save_file(model.state_dict(), out / "torch.safetensors")
    names = {"input_names": ["image"], "output_names": ["logits"]}
    shapes = {"dynamic_shapes": ({0: torch.export.Dim("n")},)}
    torch.onnx.export(
        model, (x[:2],), out / "torch.onnx", external_data=False, dynamo=True, **names, **shapes
    )


WRITERS = {"keras2": keras2, "keras3": keras3, "torch": torch}

if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
