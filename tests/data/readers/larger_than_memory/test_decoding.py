"""Decoding by several processes: what one refuses or cannot write is said, the rest is kept."""

import os
import resource
import sys
from contextlib import ExitStack, nullcontext
from shutil import rmtree
from types import SimpleNamespace

import pytest
from PIL import Image

from tests.data.readers.larger_than_memory.conftest import NUM, assert_same, load_small
from toile.data import load_data
from toile.data.pixel_file import reserve
from toile.data.readers import decoder_processes
from toile.data.readers.chunk_journal import CHUNK_PICTURES
from toile.errors import ToileError
from toile.file_lock import file_lock, is_held
from toile.recipe import data_of

LIMITED = f"""
import resource
from toile.data.readers import decoder_worker
resource.setrlimit(resource.RLIMIT_FSIZE, ({128 + CHUNK_PICTURES * 64},) * 2)
decoder_worker.main()
"""
"""A process that decodes and cannot write the second chunk's pixels."""


@pytest.mark.usefixtures("little_memory")
def test_several_processes_decode_the_same(many, monkeypatch):
    monkeypatch.setattr(decoder_processes, "num_decoders", lambda: 2)
    started = []
    begin = decoder_processes.DecoderProcess.__init__

    def counted(process, setup, lock):
        started.append(process)
        begin(process, setup, lock)

    monkeypatch.setattr(decoder_processes.DecoderProcess, "__init__", counted)
    told: list[int] = []
    large = load_data(many, progress=lambda done, total, unit: told.append(done))
    assert len(started) == 2
    assert told == [CHUNK_PICTURES, 2 * CHUNK_PICTURES, NUM + 1]
    assert_same(large, load_small(many, monkeypatch))


def test_a_process_that_outlives_who_asked_holds_the_folder_until_it_ends(tmp_path):
    setup = decoder_processes.DecoderSetup("set", data_of({}), None, ("a.png", (1, 8, 8)), ())
    with ExitStack() as stack:
        with file_lock(tmp_path) as lock:
            stack.enter_context(decoder_processes.DecoderProcess(setup, lock))
        assert is_held(tmp_path)
    assert not is_held(tmp_path)


@pytest.mark.usefixtures("little_memory")
def test_what_a_process_refuses_is_refused(tmp_path, own_cache, monkeypatch):
    folder = tmp_path / "unlike"
    for number in range(NUM):
        file = folder / "ab"[number % 2] / f"{number:04}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        side = 8 if number != NUM - 2 else 9
        Image.new("L", (side, side), number % 256).save(file)
    monkeypatch.setattr(decoder_processes, "num_decoders", lambda: 2)
    with pytest.raises(ToileError, match=rf"a/0{NUM - 2}\.png is 9 x 9 px, a/0000\.png is 8 x 8"):
        load_data(folder)
    assert list(own_cache.glob("decoded/*")) == []


@pytest.mark.usefixtures("little_memory")
def test_the_room_of_a_set_that_is_refused_when_it_is_decoded_is_free_at_once(tmp_path, own_cache):
    for number in range(9):
        file = tmp_path / "alike" / "ab"[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), 9).save(file)
    with pytest.raises(ToileError, match="all 9 pictures are alike"):
        load_data(tmp_path / "alike")
    assert list(own_cache.glob("decoded/*")) == []


@pytest.mark.usefixtures("little_memory")
def test_who_waited_while_another_process_refused_the_set_refuses_it_too(
    tmp_path, own_cache, monkeypatch
):
    from toile.data.readers import picture_store

    for number in range(9):
        file = tmp_path / "unlike" / "ab"[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8 + number // 8, 8), number).save(file)
    lock, is_first = picture_store.file_lock, []

    def meanwhile(folder):
        """Opens the folder's lock, which another process then removes."""
        if is_first:
            return lock(folder)
        is_first.append(True)
        held = lock(folder)
        descriptor = held.__enter__()
        stack.callback(held.__exit__, None, None, None)
        rmtree(folder)
        return nullcontext(descriptor)

    monkeypatch.setattr(picture_store, "file_lock", meanwhile)
    with (
        ExitStack() as stack,
        pytest.raises(ToileError, match=r"8\.png is 9 x 8 px, a/0\.png is 8"),
    ):
        load_data(tmp_path / "unlike")
    assert list(own_cache.glob("decoded/*")) == []


@pytest.mark.usefixtures("little_memory")
def test_a_process_that_is_killed_is_said_and_what_is_decoded_is_kept(many, monkeypatch):
    monkeypatch.setattr(decoder_processes, "num_decoders", lambda: 2)
    decode, calls = decoder_processes.DecoderProcess.decode, []

    def killed(process, task):
        calls.append(task.key)
        if task.key.number == 2:
            process._process.kill()
        return decode(process, task)

    with monkeypatch.context() as context:
        context.setattr(decoder_processes.DecoderProcess, "decode", killed)
        with pytest.raises(ToileError, match="killed by signal 9; what is decoded is kept"):
            load_data(many)
    told: list[int] = []
    large = load_data(many, progress=lambda done, total, unit: told.append(done))
    assert told[0] == 2 * CHUNK_PICTURES
    assert_same(large, load_small(many, monkeypatch))


@pytest.mark.usefixtures("little_memory")
def test_a_disk_without_room_is_said_before_anything_is_decoded(many, own_cache, monkeypatch):
    def full(descriptor, start, length):
        raise OSError(28, os.strerror(28))

    # Where a system has no such function, as macOS, it has one now.
    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    told: list[int] = []
    with pytest.raises(ToileError, match=r"pixels cannot be kept there \(No space left on device"):
        load_data(many, progress=lambda done, total, unit: told.append(done))
    assert told == []
    assert list(own_cache.glob("decoded/*")) == []


@pytest.mark.usefixtures("little_memory")
def test_a_failure_to_read_is_not_called_a_lack_of_room(many):
    def progress(done, total, unit):
        raise OSError(5, os.strerror(5))

    with pytest.raises(ToileError, match=r"many: could not be read \(Input/output error\)"):
        load_data(many, progress=progress)


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("num_decoders", [1, 2])
def test_a_failure_to_write_is_said_and_what_is_decoded_is_kept(many, monkeypatch, num_decoders):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def progress(done, total, unit):
        resource.setrlimit(resource.RLIMIT_FSIZE, (CHUNK_PICTURES * 64, limits[1]))

    match = r"pixels-0\.npy could not be written \(File too large\); what is decoded is kept"
    with monkeypatch.context() as context:
        context.setattr(decoder_processes, "num_decoders", lambda: num_decoders)
        context.setattr(decoder_processes, "WORKER", (sys.executable, "-B", "-c", LIMITED))
        try:
            with pytest.raises(ToileError, match=match):
                load_data(many, progress=progress)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    told: list[int] = []
    large = load_data(many, progress=lambda done, total, unit: told.append(done))
    assert told[0] == CHUNK_PICTURES
    assert_same(large, load_small(many, monkeypatch))


def test_a_tenth_of_what_is_free_is_left(tmp_path, monkeypatch):
    def almost_full(descriptor):
        return SimpleNamespace(f_blocks=10**6, f_bavail=1000, f_frsize=1)

    monkeypatch.setattr(os, "fstatvfs", almost_full)
    with (tmp_path / "pixels").open("wb") as file:
        with pytest.raises(OSError, match="No space left on device"):
            reserve(file.fileno(), 901)
        assert os.fstat(file.fileno()).st_size == 0
        reserve(file.fileno(), 900)
