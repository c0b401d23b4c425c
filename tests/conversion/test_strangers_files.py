"""Files that were made to harm: nothing outside them is read, no size they claim is believed."""

import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.fuzzing import other_json
from toile.conversion import read_network
from toile.errors import ToileError

SHAPE = (1, 6, 6)
CONFIG = {
    "class_name": "Sequential",
    "config": {
        "layers": [
            {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [None, 6, 6, 1]}},
            {"class_name": "Flatten", "config": {"name": "flatten"}},
            {
                "class_name": "Dense",
                "config": {"name": "dense", "units": 3, "use_bias": True, "activation": "linear"},
            },
        ]
    },
}
KERNEL = "model_weights/dense/dense/kernel"


def model(path: Path, kernel: Callable[[h5py.File], None] | None = None) -> Path:
    """A Keras 2 model of one dense layer, whose kernel `kernel` writes where it is given."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(CONFIG)
        group = file.create_group("model_weights/dense")
        group.attrs["weight_names"] = [b"dense/kernel:0", b"dense/bias:0"]
        inner = file.create_group("model_weights/dense/dense")
        inner["bias:0"] = np.zeros(3, np.float32)
        if kernel is None:
            inner["kernel:0"] = np.ones((36, 3), np.float32)
        else:
            kernel(file)
    return path


def test_an_honest_one_is_read(tmp_path: Path) -> None:
    network = read_network(model(tmp_path / "model.h5"), SHAPE)
    assert network.weights["dense.weight"].shape == (3, 36)


def secret(folder: Path) -> Path:
    path = folder / "secret.h5"
    with h5py.File(path, "w") as file:
        file["kernel"] = np.full((36, 3), 42, np.float32)
    return path


# CVE-2026-1669: a link to a dataset of another file.
def test_a_link_into_another_file_is_not_followed(tmp_path: Path) -> None:
    target = secret(tmp_path)

    def kernel(file: h5py.File) -> None:
        file["model_weights/dense/dense/kernel:0"] = h5py.ExternalLink(str(target), "kernel")

    with pytest.raises(ToileError, match="is a link to another place or file"):
        read_network(model(tmp_path / "model.h5", kernel), SHAPE)


def test_a_group_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    path = model(tmp_path / "model.h5")
    with h5py.File(path, "a") as file:
        file.move("model_weights", "elsewhere")
        file["model_weights"] = h5py.SoftLink("/elsewhere")
    with pytest.raises(ToileError, match=r"model_weights.* is a link"):
        read_network(path, SHAPE)


# CVE-2026-12480: a virtual dataset whose source is another file.
def test_a_virtual_array_is_not_read(tmp_path: Path) -> None:
    target = secret(tmp_path)

    def kernel(file: h5py.File) -> None:
        layout = h5py.VirtualLayout((36, 3), "f4")
        layout[:] = h5py.VirtualSource(str(target), "kernel", (36, 3))
        file.create_virtual_dataset("model_weights/dense/dense/kernel:0", layout)

    with pytest.raises(ToileError, match="lies in another file"):
        read_network(model(tmp_path / "model.h5", kernel), SHAPE)


def test_an_array_in_external_storage_is_not_read(tmp_path: Path) -> None:
    raw = tmp_path / "raw.bin"
    raw.write_bytes(np.full((36, 3), 42, np.float32).tobytes())

    def kernel(file: h5py.File) -> None:
        file.create_dataset(
            "model_weights/dense/dense/kernel:0", (36, 3), "f4", external=[(str(raw), 0, 432)]
        )

    with pytest.raises(ToileError, match="lies in another file"):
        read_network(model(tmp_path / "model.h5", kernel), SHAPE)


# CVE-2026-0897: some hundred bytes that claim petabytes.
def test_a_claimed_size_is_not_believed(tmp_path: Path) -> None:
    def kernel(file: h5py.File) -> None:
        file.create_dataset(
            "model_weights/dense/dense/kernel:0", (1 << 24, 1 << 24), "f4", chunks=(64, 64)
        )

    with pytest.raises(ToileError, match="claims 1,125,899,906,842,624 bytes"):
        read_network(model(tmp_path / "model.h5", kernel), SHAPE)


def test_packed_zeros_are_not_unpacked(tmp_path: Path) -> None:
    def kernel(file: h5py.File) -> None:
        file.create_dataset(
            "model_weights/dense/dense/kernel:0", data=np.zeros((3000, 3000), "f4"),
            compression="gzip",
        )  # fmt: skip

    with pytest.raises(ToileError, match="at most 100 times as many"):
        read_network(model(tmp_path / "model.h5", kernel), SHAPE)


def archive(path: Path, config: bytes, weights: bytes = b"") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", config)
        file.writestr("model.weights.h5", weights)
    return path


def test_a_packed_configuration_is_not_unpacked(tmp_path: Path) -> None:
    path = archive(tmp_path / "model.keras", b" " * 15_000_000)
    with pytest.raises(ToileError, match=r"config\.json claims 15,000,000 bytes"):
        read_network(path, SHAPE)


def test_a_deep_configuration_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "model.keras", b"[" * 100_000 + b"]" * 100_000)
    with pytest.raises(ToileError, match="damaged"):
        read_network(path, SHAPE)


# CVE-2024-3660, CVE-2025-1550, CVE-2025-8747, CVE-2025-9905: code in a configuration.
@pytest.mark.parametrize(
    "layer",
    [
        {"class_name": "Lambda", "config": {"name": "l", "function": ["4wEAAAA=", None, None]}},
        {"module": "os", "class_name": "system", "config": {"name": "touch marker"}},
        {
            "module": "keras.utils", "class_name": "get_file",
            "config": {"name": "l", "origin": "http://127.0.0.1/x"},
        },
    ],
)  # fmt: skip
def test_no_code_in_a_configuration_is_run(layer: dict[str, object], tmp_path: Path) -> None:
    layers = CONFIG["config"]["layers"]  # type: ignore[index]
    config = {"class_name": "Sequential", "config": {"layers": [layers[0], layer, *layers[1:]]}}
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["layers/dense/vars/0"] = np.ones((36, 3), np.float32)
        file["layers/dense/vars/1"] = np.ones(3, np.float32)
    path = archive(tmp_path / "model.keras", json.dumps(config).encode(), buffer.getvalue())
    with pytest.raises(ToileError, match="which no network here holds"):
        read_network(path, SHAPE)
    assert not (Path.cwd() / "marker").exists()


def test_a_class_of_its_author_is_refused(tmp_path: Path) -> None:
    config = {"class_name": "MyModel", "module": "evil", "config": {"layers": []}}
    path = archive(tmp_path / "model.keras", json.dumps(config).encode())
    with pytest.raises(ToileError, match="a MyModel, a class of its author's"):
        read_network(path, SHAPE)


def test_weights_without_a_model_are_refused(tmp_path: Path) -> None:
    path = model(tmp_path / "model.h5")
    with h5py.File(path, "a") as file:
        del file.attrs["model_config"]
    with pytest.raises(ToileError, match="holds weights alone"):
        read_network(path, SHAPE)


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    def kernel(file: h5py.File) -> None:
        file["model_weights/dense/dense/kernel:0"] = np.full((36, 3), np.nan, np.float32)

    with pytest.raises(ToileError, match="layer dense has values that are not finite"):
        read_network(model(tmp_path / "model.h5", kernel), SHAPE)


def test_a_configuration_that_was_tampered_with_is_refused_in_words(tmp_path: Path) -> None:
    """Of values of JSON alone: HDF5's own bytes are read by its library, which may crash."""
    text = json.dumps(CONFIG).encode()
    path = model(tmp_path / "model.h5")
    draw = random.Random(7)
    refused = 0
    for _ in range(300):
        changed = other_json(text, draw)
        assert changed is not None
        with h5py.File(path, "a") as file:
            file.attrs["model_config"] = changed
        try:
            read_network(path, SHAPE)
        except ToileError:
            refused += 1
    assert refused > 100
