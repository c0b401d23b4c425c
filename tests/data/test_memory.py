"""How much memory a process may use: the least of all that limits it."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from toile.data import load_data
from toile.data.memory import memory_bytes, most_pixel_bytes
from toile.errors import ToileError

MACHINE = memory_bytes.__globals__["_machine_bytes"]()


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch):
    monkeypatch.delenv("TOILE_MEMORY", raising=False)


def system(root, groups: str, **limits: str):
    """The files of a system whose process is in `groups`; `limits` by their path, / as __."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for path, words in limits.items():
        file = root / "sys/fs/cgroup" / path.replace("__", "/").replace("_at_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(words)
    return root


def test_a_machine_without_groups_has_its_own_memory(tmp_path):
    assert memory_bytes(tmp_path) == MACHINE


def test_the_limit_of_a_group_of_version_2_counts(tmp_path):
    root = system(tmp_path, "0::/a/b\n", a__b__memory_at_max="4096000\n")
    assert memory_bytes(root) == 4096000


def test_so_does_one_that_it_lies_in(tmp_path):
    root = system(
        tmp_path,
        "0::/a/b\n",
        a__b__memory_at_max="max\n",
        a__memory_at_high="5000",
        memory_at_max="9",
    )
    assert memory_bytes(root) == 9


def test_the_limit_of_a_group_of_version_1_counts(tmp_path):
    groups = "5:cpu:/x\n4:blkio,memory:/x\n0::/\n"
    root = system(tmp_path, groups, memory__x__memory_at_limit_in_bytes="7000\n")
    assert memory_bytes(root) == 7000


def test_in_a_container_the_top_is_the_group(tmp_path):
    groups = "4:memory:/docker/0f3a\n"
    root = system(tmp_path, groups, memory__memory_at_limit_in_bytes="8000\n")
    assert memory_bytes(root) == 8000


def test_beside_version_1_the_tree_of_version_2_lies_apart(tmp_path):
    root = system(tmp_path, "4:memory:/\n0::/y\n", unified__y__memory_at_max="6000")
    assert memory_bytes(root) == 6000


def test_a_number_beyond_all_memory_is_no_limit(tmp_path):
    root = system(
        tmp_path, "4:memory:/\n", memory__memory_at_limit_in_bytes="9223372036854771712\n"
    )
    assert memory_bytes(root) == MACHINE


def test_its_own_limit_of_data_counts(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (MACHINE - 4096, hard))
    try:
        assert memory_bytes(tmp_path) == MACHINE - 4096
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


@pytest.mark.parametrize(
    ("words", "num"),
    [("4000", 4000), ("4GB", 4 * 10**9), (" 1.5 gb ", 15 * 10**8), ("2M", 2 * 10**6)],
)
def test_the_variable_says_otherwise(tmp_path, monkeypatch, words, num):
    monkeypatch.setenv("TOILE_MEMORY", words)
    assert memory_bytes(system(tmp_path, "0::/\n", memory_at_max="9")) == num
    assert most_pixel_bytes() == num // 4


@pytest.mark.parametrize("words", ["much", "4 elephants", "0", "-4GB", "4GB 2", "0.5", "9" * 400])
def test_what_is_no_size_is_refused(monkeypatch, words):
    monkeypatch.setenv("TOILE_MEMORY", words)
    with pytest.raises(ToileError, match=r"TOILE_MEMORY is '.*'; it is the memory to count with"):
        memory_bytes()


GROUP_BYTES = 200 << 20
IN_GROUP = """
import os, sys
from pathlib import Path
Path(sys.argv[1], "cgroup.procs").write_text(str(os.getpid()))
from toile.data import load_data
from toile.data.memory import memory_bytes
dataset = load_data(sys.argv[2])
print(memory_bytes(), type(dataset.train.pixels).__name__, dataset.fingerprint)
"""


@pytest.fixture
def control_group() -> Iterator[Path]:
    """A real control group of 200 MB, of version 1 or 2, where one may be made."""
    root = Path("/sys/fs/cgroup")
    is_first = (root / "memory").is_dir()
    group = (root / "memory" if is_first else root) / f"toile-test-{os.getpid()}"
    limit = group / ("memory.limit_in_bytes" if is_first else "memory.max")
    try:
        group.mkdir()
        limit.write_text(str(GROUP_BYTES))
    except OSError as error:
        if group.is_dir():
            group.rmdir()
        pytest.skip(f"no control group of memory can be made here: {error}")
    yield group
    group.rmdir()


@pytest.mark.slow
def test_in_a_control_group_a_set_larger_than_it_is_read_to_the_same_bits(
    control_group, tmp_path, monkeypatch
):
    pixels = np.random.default_rng(0).integers(0, 256, (70_000, 3, 32, 32), dtype=np.uint8)
    assert pixels.nbytes > GROUP_BYTES
    file = tmp_path / "many.npz"
    np.savez(file, x=pixels, y=np.arange(len(pixels)) % 2)
    done = subprocess.run(
        [sys.executable, "-c", IN_GROUP, str(control_group), str(file)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    monkeypatch.setenv("TOILE_CACHE", str(tmp_path / "cache-of-its-own"))
    assert done.stdout.split() == [
        str(GROUP_BYTES), "MappedPixels", load_data(file).fingerprint,
    ]  # fmt: skip
