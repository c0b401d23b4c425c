"""Sets larger than memory: the same pictures from files, by every reader, also after a kill."""

import json
import os
import resource
import signal
import subprocess
import sys
from contextlib import ExitStack, nullcontext
from importlib import import_module
from pathlib import Path
from shutil import rmtree
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from toile.data import Dataset, MappedPixels, describe, load_data
from toile.data.locations import entry_folder
from toile.data.pixel_file import reserve
from toile.data.readers import chunk_journal, decoder_processes
from toile.data.readers.chunk_journal import CHUNK_PICTURES
from toile.data.sealed import open_sealed
from toile.errors import ToileError
from toile.file_lock import file_lock, is_held
from toile.recipe import data_of

NUM = 2 * CHUNK_PICTURES + 40
LIMITED = f"""
import resource
from toile.data.readers import decoder_worker
resource.setrlimit(resource.RLIMIT_FSIZE, ({128 + CHUNK_PICTURES * 64},) * 2)
decoder_worker.main()
"""
"""A process that decodes and cannot write the second chunk's pixels."""
LITTLE = "400"
"""Bytes of memory, for which a few pictures are many."""


@pytest.fixture
def little_memory(monkeypatch):
    monkeypatch.setenv("TOILE_MEMORY", LITTLE)


def assert_same(large: Dataset, small: Dataset) -> None:
    assert isinstance(large.train.pixels, MappedPixels)
    assert not isinstance(small.train.pixels, MappedPixels)
    pairs = [(large.train, small.train), (open_sealed(large.test), open_sealed(small.test))]
    for first, second in pairs:
        assert np.array_equal(first.pixels[:], second.pixels[:])
        assert np.array_equal(first.labels, second.labels)
        assert np.array_equal(first.hashes, second.hashes)
        assert (first.names, first.num_held_out) == (second.names, second.num_held_out)
    for name in ("class_names", "identity", "skipped", "notes", "greys", "nulls", "nans"):
        assert getattr(large, name) == getattr(small, name)


def load_small(path, monkeypatch, **settings) -> Dataset:
    """The same from memory, out of a cache of its own."""
    with monkeypatch.context() as context:
        context.delenv("TOILE_MEMORY")
        context.setenv("TOILE_CACHE", os.environ["TOILE_CACHE"] + "-small")
        return load_data(path, **settings)


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Path:
    """Enough pictures for three chunks, of which two are none, in the folders of two classes."""
    folder = tmp_path_factory.mktemp("data") / "many"
    rng = np.random.default_rng(0)
    for number in range(NUM):
        file = folder / ("even", "odd")[number % 2] / f"{number:04}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8)).save(file)
    (folder / "even/0004.png").write_bytes(b"no picture")
    (folder / "odd/0555.txt").write_text("nor is this")
    return folder


@pytest.mark.usefixtures("little_memory")
def test_every_format_gives_the_same_set(any_format, toy, tmp_path, monkeypatch):
    # CSV files are read as a whole, for which half of memory has to suffice.
    monkeypatch.setenv("TOILE_MEMORY", str(2 * (toy.train_x.nbytes + toy.test_x.nbytes)))
    path = any_format(tmp_path / "toy", toy)
    small = load_small(path, monkeypatch)
    assert_same(load_data(path), small)
    # And from the cache.
    assert_same(load_data(path), small)


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize(
    "settings", [{"size_px": 4, "colour": "rgb"}, {"orientation": "transposed"}, {"test": 0.0}]
)
def test_so_it_does_resized_turned_and_without_a_test_part(many, monkeypatch, settings):
    small = load_small(many, monkeypatch, **settings)
    assert_same(load_data(many, **settings), small)
    told: list[int] = []
    again = load_data(many, progress=lambda done, total, unit: told.append(done), **settings)
    assert_same(again, small)
    assert told == []


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("settings", [{"size_px": 4}, {"orientation": "transposed"}])
def test_arrays_are_resized_and_turned_into_files(write, monkeypatch, settings):
    path = write("npz")
    small = load_small(path, monkeypatch, **settings)
    assert_same(load_data(path, **settings), small)


@pytest.mark.usefixtures("little_memory")
def test_arrays_given_in_python_are_mapped(toy, monkeypatch):
    large = Dataset.from_arrays(toy.train_x, toy.train_y)
    monkeypatch.delenv("TOILE_MEMORY")
    small = Dataset.from_arrays(toy.train_x, toy.train_y)
    assert large.name == small.name
    assert np.array_equal(large.train.pixels[:], small.train.pixels)


@pytest.mark.usefixtures("little_memory")
def test_pixels_divided_into_parts_are_on_the_disk_once(many, own_cache):
    load_data(many)
    (entry,) = (own_cache / "decoded").iterdir()
    files = {file.name for file in entry.iterdir()}
    assert "pixels-0.npy" in files
    assert not {"train-pixels.npy", "test-pixels.npy", "pass-1.jsonl", ".lock"} & files


@pytest.mark.usefixtures("little_memory")
def test_values_of_another_range_are_decoded_a_second_time(tmp_path, monkeypatch):
    for number in range(CHUNK_PICTURES + 9):
        file = tmp_path / "set" / "ab"[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 17, (6, 6), dtype=np.uint8)
        Image.fromarray(pixels).save(file)
    small = load_small(tmp_path / "set", monkeypatch)
    assert small.greys.white == 16
    assert_same(load_data(tmp_path / "set"), small)


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


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("name", ["pixels-0.npy", "train-rows.npy", "test-rows.npy", "about.json"])
@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_a_damaged_entry_is_not_believed_and_is_written_again(
    many, own_cache, monkeypatch, name, damage
):
    small = load_small(many, monkeypatch)
    load_data(many)
    (entry,) = (own_cache / "decoded").iterdir()
    content = (entry / name).read_bytes()
    (entry / name).unlink()
    if damage != "gone":
        flipped = content[:-1] + bytes([content[-1] ^ 1])
        (entry / name).write_bytes({"flipped": flipped, "cut": content[:-9]}[damage])
    assert_same(load_data(many), small)
    assert (entry / name).read_bytes() == content


@pytest.mark.usefixtures("little_memory")
def test_who_waited_for_another_process_takes_what_it_decoded(many, own_cache, monkeypatch):
    from toile.data.readers import picture_store

    small = load_small(many, monkeypatch)
    lock, is_first = picture_store.file_lock, []

    def meanwhile(folder):
        if not is_first:
            is_first.append(True)
            assert_same(load_data(many), small)
        return lock(folder)

    monkeypatch.setattr(picture_store, "file_lock", meanwhile)
    told: list[int] = []
    assert_same(load_data(many, progress=lambda done, total, unit: told.append(done)), small)
    assert told == []
    assert len(list((own_cache / "decoded").iterdir())) == 1


@pytest.mark.usefixtures("little_memory")
def test_an_entry_that_another_process_wrote_meanwhile_stays(many, own_cache, monkeypatch):
    # Its name in the room is that of a function.
    load = import_module("toile.data.load")
    write, entries = load.write_decoded, []

    def meanwhile(key, decoded):
        if not entries:
            entries.append(entry_folder(key))
            load_data(many)
            entries.append({file.name: file.stat() for file in entries[0].iterdir()})
        write(key, decoded)

    monkeypatch.setattr(load, "write_decoded", meanwhile)
    assert_same(load_data(many), load_small(many, monkeypatch))
    entry, before = entries
    assert "pixels-0.npy" in before
    assert {file.name: file.stat().st_ino for file in entry.iterdir()} == {
        name: stat.st_ino for name, stat in before.items()
    }
    assert list((own_cache / "decoded").iterdir()) == [entry]


@pytest.mark.usefixtures("little_memory")
def test_what_lies_where_the_entry_should_and_cannot_be_removed_is_refused(many, own_cache):
    load_data(many)
    (entry,) = (own_cache / "decoded").iterdir()
    rmtree(entry)
    entry.write_text("no folder")
    with pytest.raises(ToileError, match=f"{entry.name}: is no intact entry .* remove it, or set"):
        load_data(many)
    assert entry.read_text() == "no folder"


@pytest.mark.usefixtures("little_memory")
def test_an_entry_of_little_memory_is_held_where_there_is_more(many, monkeypatch):
    large = load_data(many)
    monkeypatch.delenv("TOILE_MEMORY")
    assert_same(large, load_data(many))


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
        context.setattr(decoder_processes, "WORKER", (sys.executable, "-c", LIMITED))
        try:
            with pytest.raises(ToileError, match=match):
                load_data(many, progress=progress)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    told: list[int] = []
    large = load_data(many, progress=lambda done, total, unit: told.append(done))
    assert told[0] == CHUNK_PICTURES
    assert_same(large, load_small(many, monkeypatch))


@pytest.mark.parametrize("num_bytes", [648, 647])
def test_a_set_is_large_by_the_pixels_of_all_parts_also_from_the_cache(
    write, toy, monkeypatch, num_bytes
):
    assert toy.train_x.nbytes + toy.test_x.nbytes == 648
    monkeypatch.setenv("TOILE_MEMORY", str(4 * num_bytes))
    is_large = num_bytes < 648
    path = write("npz")
    for _ in range(2):
        assert isinstance(load_data(path).train.pixels, MappedPixels) == is_large
        arrays = Dataset.from_arrays(toy.train_x, toy.train_y, toy.test_x, toy.test_y)
        assert isinstance(arrays.train.pixels, MappedPixels) == is_large


def test_a_tenth_of_what_is_free_is_left(tmp_path, monkeypatch):
    def almost_full(descriptor):
        return SimpleNamespace(f_blocks=10**6, f_bavail=1000, f_frsize=1)

    monkeypatch.setattr(os, "fstatvfs", almost_full)
    with (tmp_path / "pixels").open("wb") as file:
        with pytest.raises(OSError, match="No space left on device"):
            reserve(file.fileno(), 901)
        assert os.fstat(file.fileno()).st_size == 0
        reserve(file.fileno(), 900)


def test_a_form_that_is_read_as_a_whole_is_refused_where_memory_has_no_room(write, monkeypatch):
    path = write("csv")
    # Of all files together: 432 bytes of one, 216 of the other.
    monkeypatch.setenv("TOILE_MEMORY", "1200")
    with pytest.raises(ToileError, match=r"has 648 bytes of pixels or more, .* save it as \.npz"):
        load_data(path)


@pytest.mark.usefixtures("little_memory")
def test_it_is_described_as_from_memory(many, monkeypatch):
    large, small = load_data(many), load_small(many, monkeypatch)
    assert describe(large).to_json() == describe(small).to_json()
