from pathlib import Path

import pytest

from toile.errors import ToileError
from toile.export.formats import format_of


@pytest.mark.parametrize(
    ("to", "file", "expected"),
    [
        ("onnx", None, "onnx"),
        (None, "a.onnx", "onnx"),
        (None, "a.H5", "keras"),
        (None, "a.b.safetensors", "safetensors"),
        ("keras", "a.h5", "keras"),
        ("onnx", "model", "onnx"),
        ("onnx", "model.v2", "onnx"),
    ],
)
def test_the_format_is_said_by_a_word_or_by_the_ending(to, file, expected):
    assert format_of(to, file and Path(file)) == expected


@pytest.mark.parametrize(
    ("to", "file", "words"),
    [
        (
            "onxx",
            None,
            r"use one of safetensors, onnx, keras, tensorboard, mlflow; did you mean onnx\?",
        ),
        (None, None, r"the format is missing; add --to safetensors\|onnx\|keras"),
        ("mlflow", None, "is no file of a network; use toile.track_run"),
        (None, "model", r"the format is missing"),
        (None, "m/a.xyz", r"m/a\.xyz ends with \.xyz, which is no format; add --to safetensors"),
        (
            "onnx",
            "a.h5",
            r"--to is onnx, but a\.h5 ends with \.h5; a file of onnx ends with \.onnx",
        ),
        (None, "m/a.keras", r"the Keras 3 format, .*; name it m/a\.h5"),
        ("keras", "a.keras", r"tf_keras cannot read"),
    ],
)
def test_a_format_that_is_not_clear_is_asked_for(to, file, words):
    with pytest.raises(ToileError, match=words):
        format_of(to, file and Path(file))
