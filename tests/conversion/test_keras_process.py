"""A Keras file is read by a process of its own: what ends that process is a sentence here."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conversion.test_strangers_files import SHAPE, model
from toile.conversion import keras_network, keras_process, read_network
from toile.conversion.keras_file import read_keras
from toile.conversion.keras_process import read_keras_apart
from toile.errors import ToileError


def test_the_other_process_reads_the_same(tmp_path: Path) -> None:
    content = model(tmp_path / "model.h5").read_bytes()
    apart, here = read_keras_apart(content, "model.h5"), read_keras(content, "model.h5")
    assert (apart.class_name, apart.config) == (here.class_name, here.config)
    assert list(apart.weights) == list(here.weights)
    for layer, weights in here.weights.items():
        assert list(apart.weights[layer]) == list(weights)
        for name, array in weights.items():
            np.testing.assert_array_equal(apart.weights[layer][name], array)


def test_what_it_refuses_is_refused_in_its_words() -> None:
    with pytest.raises(ToileError, match=r"^ünlike\.h5 is neither an HDF5 file"):
        read_keras_apart(b"something else", "ünlike.h5")


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
            "is damaged: the process that read it was ended by signal 11",
        ),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGXCPU)",
            "is damaged: the process that read it took too long",
        ),
        (
            "raise MemoryError('out of memory')",
            r"could not be read: .*\(MemoryError: out of memory\).*more memory",
        ),
    ],
)
def test_an_import_outlives_the_end_of_its_reader(
    program: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras_process, "READER", (sys.executable, "-c", program))
    monkeypatch.setattr(keras_network, "read_keras_apart", read_keras_apart)
    with pytest.raises(ToileError, match=rf"^model\.h5 {reason}"):
        read_network(model(tmp_path / "model.h5"), SHAPE)


def test_the_process_may_not_use_more_memory_than_a_file_can_need() -> None:
    program = (
        "import mmap; from toile.conversion.keras_process import limit_process, MEMORY_BYTES\n"
        "limit_process(1)\n"
        "mmap.mmap(-1, MEMORY_BYTES // 2, flags=mmap.MAP_PRIVATE).close()\n"
        "mmap.mmap(-1, MEMORY_BYTES, flags=mmap.MAP_PRIVATE)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert b"Cannot allocate memory" in done.stderr.splitlines()[-1]


def test_a_name_that_is_no_text_hides_no_reason() -> None:
    with pytest.raises(ToileError, match="is neither an HDF5 file"):
        read_keras_apart(b"something else", "\udcff.h5")


def test_a_configuration_nested_too_deep_for_here_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the shallow stack of the other process can just read may be too deep for this one's."""

    def unpack(packed: object) -> None:
        raise RecursionError

    monkeypatch.setattr(keras_network, "read_keras_apart", read_keras_apart)
    monkeypatch.setattr(keras_process, "_unpack", unpack)
    with pytest.raises(ToileError, match="too deep"):
        read_network(model(tmp_path / "model.h5"), SHAPE)


def test_lower_limits_that_are_there_stay() -> None:
    program = (
        "import resource; from toile.conversion.keras_process import limit_process\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (9, 9)); limit_process(1)\n"
        "print(resource.getrlimit(resource.RLIMIT_CPU))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"(9, 9)\n"


def test_the_process_may_not_take_longer_than_a_file_can_need() -> None:
    program = (
        "from toile.conversion import keras_process; keras_process.LEAST_SECONDS = 1\n"
        "keras_process.limit_process(1)\n"
        "while True: pass"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -signal.SIGXCPU


def test_numbers_that_no_file_holds_are_refused_in_words(tmp_path: Path) -> None:
    """An address of the block of drivers past 2^63 is an OverflowError of h5py's."""
    content = bytearray(model(tmp_path / "model.h5").read_bytes())
    assert content[48:56] == b"\xff" * 8, "there is no such block in this file"
    content[53] = 127
    with pytest.raises(ToileError, match=r"^model\.h5 is damaged"):
        read_keras(bytes(content), "model.h5")


@pytest.mark.slow
def test_whatever_bytes_are_damaged_a_file_is_read_or_refused(tmp_path: Path) -> None:
    content = model(tmp_path / "model.h5").read_bytes()
    refusals = []
    for seed in range(500):
        draw, damaged = random.Random(seed), bytearray(content)
        for _ in range(draw.randint(1, 4)):
            damaged[draw.randrange(draw.choice([2048, len(damaged)]))] = draw.choice([0, 127, 255])
        try:
            read_keras_apart(bytes(damaged), "model.h5")
        except ToileError as error:
            refusals.append(str(error))
    assert len(refusals) > 50
    assert [text for text in refusals if "model.h5" not in text] == []
