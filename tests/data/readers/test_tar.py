"""Tar archives: shards of samples, and class folders."""

import io
import os
import resource
import tarfile

import numpy as np
import pytest
from PIL import Image

from tests.fuzzing import damaged
from toile.data import load_data
from toile.data.sealed import open_sealed
from toile.errors import ToileError

PIXELS = np.random.default_rng(0).integers(0, 256, (18, 8, 8), dtype=np.uint8)


def png(number: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(PIXELS[number]).save(stream, "PNG")
    return stream.getvalue()


def write(file, contents: dict[str, bytes]):
    with tarfile.open(file, "w") as archive:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file


def samples(numbers, class_of=lambda number: str(number % 3), **more: bytes) -> dict[str, bytes]:
    return {
        name: content
        for number in numbers
        for name, content in (
            (f"./{number:06}.png", png(number)),
            (f"./{number:06}.cls", class_of(number).encode()),
            (f"./{number:06}.json", b"{}"),
        )
    } | more


def test_shards_of_a_part_are_one_part_in_their_order(tmp_path):
    write(tmp_path / "train-000000.tar", samples(range(6)))
    write(tmp_path / "train-000001.tar", samples(range(6, 12)))
    write(tmp_path / "test-000000.tar", samples(range(12, 18)))
    dataset = load_data(tmp_path)
    assert dataset.class_names == ("0", "1", "2")
    assert (len(dataset.train), len(dataset.test)) == (12, 6)
    by_class = [number for label in range(3) for number in range(label, 12, 3)]
    assert np.array_equal(dataset.train.pixels[:, 0], PIXELS[by_class])
    assert dataset.train.labels.tolist() == [number % 3 for number in by_class]
    assert sorted(open_sealed(dataset.test).pixels[:, 0, 0, 0]) == sorted(PIXELS[12:, 0, 0])


def test_what_shards_hold_out_for_validation_stays_so(tmp_path):
    write(tmp_path / "train-0.tar", samples(range(9)))
    write(tmp_path / "val-0.tar", samples(range(9, 18)))
    train, held_out = load_data(tmp_path).train.split_held_out()
    assert len(held_out) == 9
    assert len(train) < 9  # a test part is sealed from it


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("imagenet1k-train-0000", "imagenet1k-test-0000"),
        ("train-00000-of-00010", "test-00000-of-00010"),
        ("mnist_training_0", "mnist_testing_0"),
    ],
)
def test_the_part_may_stand_anywhere_in_the_name_of_a_shard(tmp_path, train, test):
    write(tmp_path / f"{train}.tar", samples(range(12)))
    write(tmp_path / f"{test}.tar", samples(range(12, 18)))
    dataset = load_data(tmp_path)
    assert (len(dataset.train), len(dataset.test)) == (12, 6)
    assert f"shards by their names: test of {test}, train of {train}" in dataset.notes


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("more-0.tar", "has a part in its name"),
        ("train-test-0.tar", "has two parts in its name, test and train"),
    ],
)
def test_a_shard_whose_part_would_have_to_be_guessed_is_refused(tmp_path, name, said):
    write(tmp_path / "train-1.tar", samples(range(12)))
    write(tmp_path / name, samples(range(12, 18)))
    with pytest.raises(ToileError, match=said):
        load_data(tmp_path)


def test_more_shards_are_read_than_files_may_be_open(tmp_path):
    for number in range(18):
        write(tmp_path / f"{number:04}.tar", samples([number]))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = len(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 10, hard))
    try:
        assert len(load_data(tmp_path, test=0).train) == 18
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_one_shard_is_a_set_and_classes_may_be_names(tmp_path):
    file = write(
        tmp_path / "shoes.tar", samples(range(18), lambda number: "boot" if number % 2 else "heel")
    )
    dataset = load_data(file)
    assert dataset.class_names == ("boot", "heel")
    assert len(dataset.train) + len(dataset.test) == 18


def test_shards_of_digits_and_of_names_are_classes_of_both_and_said(tmp_path):
    write(tmp_path / "train-0.tar", samples(range(9), lambda number: "019"[number % 3]))
    write(tmp_path / "train-1.tar", samples(range(9, 18), lambda number: "abc"[number % 3]))
    dataset = load_data(tmp_path, test=0)
    assert dataset.class_names == ("0", "1", "9", "a", "b", "c")
    note = (
        "train-0.tar has numbers for labels, 0 among them, and train-1.tar names, a among them: "
        "each is a class of its own"
    )
    assert note in dataset.notes


def test_class_folders_in_a_tar_are_read_as_on_disk(tmp_path):
    contents = {f"set/{part}/{number % 2}/{number}.png": png(number) for part, numbers in (
        ("train", range(12)), ("test", range(12, 18))) for number in numbers}  # fmt: skip
    dataset = load_data(write(tmp_path / "set.tar", {**contents, "set/._junk.png": b"x"}))
    assert (len(dataset.train), len(dataset.test), dataset.class_names) == (12, 6, ("0", "1"))


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ({"0.png": png(0), "0.cls": b"1", "1.png": png(1)}, "sample 1 of set.tar has no class"),
        ({"0.png": png(0), "0.left.png": png(1), "0.cls": b"1"}, "has several pictures"),
        ({"0.png": png(0), "0.cls": b"a/b"}, r"holds b'a/b'; it is the number or name of a class"),
        ({"0.png": png(0), "0.cls": b""}, r"holds b''"),
    ],
)
def test_what_would_have_to_be_guessed_is_refused(tmp_path, contents, said):
    with pytest.raises(ToileError, match=said):
        load_data(write(tmp_path / "set.tar", contents))


@pytest.mark.parametrize("ending", ["json", "txt"])
def test_labels_that_are_in_no_file_of_classes_are_asked_for(tmp_path, ending):
    contents = {name: value for name, value in samples(range(9)).items() if name.endswith("png")}
    contents |= {name.replace("png", ending): b"1" for name in contents}
    with pytest.raises(ToileError, match=rf"have a \.{ending} for each picture and no \.cls"):
        load_data(write(tmp_path / "set.tar", contents))


def test_a_packed_tar_is_refused_with_the_line_that_unpacks_it(tmp_path):
    (tmp_path / "set.tar.gz").write_bytes(b"\x1f\x8b")
    with pytest.raises(ToileError, match=r"tar -xf set.tar.gz"):
        load_data(tmp_path / "set.tar.gz")


def test_links_and_paths_that_lead_away_are_never_followed(tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(0))
    file = write(tmp_path / "set.tar", samples(range(12)))
    with tarfile.open(file, "a") as archive:
        for name, kind in (("zz.png", tarfile.SYMTYPE), ("zy.png", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, str(secret)
            archive.addfile(info)
    assert len(load_data(file, test=0).train) == 12


def test_a_negative_size_is_refused_and_turns_in_no_circle(tmp_path):
    file = write(tmp_path / "set.tar", samples(range(12)))
    content = bytearray(file.read_bytes())
    # A base-256 number below zero, with the header's checksum made anew: CVE-2025-8194.
    content[124:136] = b"\xff" * 11 + b"\x00"
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    file.write_bytes(content)
    with pytest.raises(ToileError, match=r"is damaged|no tar archive"):
        load_data(file)


def test_damaged_files_are_read_or_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_CACHE", "/dev/null/none")
    file = write(tmp_path / "set.tar", samples(range(12)))
    whole, num_read = file.read_bytes(), 0
    for _, _, content in damaged({"set": whole}, 80):
        file.write_bytes(content)
        try:
            load_data(file)
            num_read += 1
        except ToileError:
            pass
    assert num_read
