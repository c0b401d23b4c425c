"""Keras files are read in this process here: another one for each of them takes .3 s."""

import pytest

from toile.conversion import keras_network
from toile.conversion.keras_file import read_keras


@pytest.fixture(autouse=True)
def _read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_network, "read_keras_apart", read_keras)
