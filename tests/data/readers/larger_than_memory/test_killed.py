"""A decoding that was killed goes on where it was, and believes nothing that is damaged."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.data.readers.larger_than_memory.conftest import NUM, assert_same, load_small
from toile.data import load_data
from toile.data.readers import chunk_journal
from toile.data.readers.chunk_journal import CHUNK_PICTURES
from toile.errors import ToileError

KILLED = """
import os, signal, sys
from toile.data import load_data
def progress(done, total, unit):
    if done >= int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
load_data(sys.argv[1], progress=progress)
"""


def kill_at(path: Path, num: int) -> Path:
    """Read `path` in a process that is killed once `num` pictures are decoded."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(num)], check=False)
    assert done.returncode == -signal.SIGKILL
    (folder,) = Path(os.environ["TOILE_CACHE"], "decoded").glob("decoding-*")
    return folder


@pytest.mark.usefixtures("little_memory")
def test_a_killed_decoding_goes_on_where_it_was(many, monkeypatch):
    small = load_small(many, monkeypatch)
    kill_at(many, CHUNK_PICTURES)
    # Another picture of the same size and time: it is not looked at again.
    first = many / "even/0000.png"
    content, times = first.read_bytes(), first.stat()
    first.write_bytes(bytes(len(content)))
    os.utime(first, ns=(times.st_atime_ns, times.st_mtime_ns))
    told: list[int] = []
    try:
        large = load_data(many, progress=lambda done, total, unit: told.append(done))
    finally:
        first.write_bytes(content)
        os.utime(first, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert told == [CHUNK_PICTURES, 2 * CHUNK_PICTURES, NUM + 1]
    assert_same(large, small)


def stop_at(path: Path, num: int) -> Path:
    """The same without a process of its own."""

    def progress(done, total, unit):
        if done >= num:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_data(path, progress=progress)
    (folder,) = Path(os.environ["TOILE_CACHE"], "decoded").glob("decoding-*")
    return folder


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("damage", ["pixels", "journal", "digit", "another", "cut"])
def test_what_is_damaged_of_a_killed_decoding_is_decoded_again(many, monkeypatch, damage):
    folder = stop_at(many, 2 * CHUNK_PICTURES)
    journal, pixels = folder / "pass-1.jsonl", folder / "pixels-0.npy"
    lines = journal.read_text().splitlines()
    if damage == "pixels":
        content = bytearray(pixels.read_bytes())
        content[128 + 5] ^= 1
        pixels.write_bytes(content)
    elif damage == "journal":
        journal.write_text("\n".join([lines[0], lines[1][:-9], lines[2]]) + "\n")
    elif damage == "digit":
        assert '"rows": [0, 1, 3,' in lines[1]
        altered = lines[1].replace('"rows": [0, 1, 3,', '"rows": [0, 1, 2,')
        journal.write_text("\n".join([lines[0], altered, lines[2]]) + "\n")
    elif damage == "another":
        start = json.loads(lines[0].partition(" ")[2]) | {"key": "0" * 32}
        first = chunk_journal._line(start).decode()
        journal.write_text(first + "\n".join(lines[1:]) + "\n")
    else:
        pixels.write_bytes(pixels.read_bytes()[:200])
    told: list[int] = []
    large = load_data(many, progress=lambda done, total, unit: told.append(done))
    kept = {"pixels": 1, "journal": 1, "digit": 1, "another": 0, "cut": 0}[damage]
    assert len(told) == 3 - kept + bool(kept)
    assert_same(large, load_small(many, monkeypatch))


@pytest.mark.usefixtures("little_memory")
def test_pixels_altered_while_others_are_decoded_make_no_entry(many, own_cache, monkeypatch):
    def alter(done, total, unit):
        if done == 2 * CHUNK_PICTURES:
            (pixels,) = own_cache.glob("decoded/decoding-*/pixels-0.npy")
            with pixels.open("r+b") as stream:
                stream.seek(128 + 64 * (CHUNK_PICTURES + 5))
                value = stream.read(1)[0]
                stream.seek(-1, 1)
                stream.write(bytes([value ^ 1]))

    with pytest.raises(ToileError, match=r"the pixels of 1 chunks, from picture 64 on, are no"):
        load_data(many, progress=alter)
    (folder,) = own_cache.glob("decoded/*")
    assert folder.name.startswith("decoding-")
    told: list[int] = []
    large = load_data(many, progress=lambda done, total, unit: told.append(done))
    assert told == [NUM + 1 - CHUNK_PICTURES, NUM + 1]
    assert_same(large, load_small(many, monkeypatch))
