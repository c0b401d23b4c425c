"""IDX: wrong, cut, over-long and lying files."""

import gzip
import io
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toile.data import load_data
from toile.data.load import no_progress
from toile.data.readers.idx import read_images
from toile.errors import ToileError

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def test_a_label_file_in_place_of_images_is_called_that(write):
    folder = write("idx.gz")
    (folder / f"{IMAGES}.gz").write_bytes((folder / f"{LABELS}.gz").read_bytes())
    with pytest.raises(ToileError, match=r"bytes 0-3 are 0x00000801; .* 0x00000803; is this the l"):
        load_data(folder)


def test_any_other_magic_is_shown(write):
    folder = write("idx")
    (folder / IMAGES).write_bytes(b"\x89PNG" + b"\0" * 100)
    with pytest.raises(ToileError, match="bytes 0-3 are 0x89504e47; a file of images starts with"):
        load_data(folder)


@pytest.mark.parametrize("num_bytes", [0, 3, 15])
def test_a_file_that_ends_within_its_header(write, num_bytes):
    folder = write("idx")
    (folder / IMAGES).write_bytes((folder / IMAGES).read_bytes()[:num_bytes])
    with pytest.raises(ToileError, match=f"ends after {num_bytes} bytes; its header takes 16"):
        load_data(folder)


def test_a_plain_file_cut_short_is_caught_by_its_size(write):
    folder = write("idx")
    (folder / IMAGES).write_bytes((folder / IMAGES).read_bytes()[:-1])
    with pytest.raises(ToileError, match=r"claims 12 x 6 x 6 = 432 bytes; a file of 447 bytes"):
        load_data(folder)


def test_a_gzip_whose_content_is_shorter_than_its_header_says(write):
    folder = write("idx.gz")
    content = gzip.decompress((folder / f"{IMAGES}.gz").read_bytes())
    (folder / f"{IMAGES}.gz").write_bytes(gzip.compress(content[:-7]))
    with pytest.raises(ToileError, match="ends after 425 of the 432 bytes"):
        load_data(folder)


def test_a_gzip_cut_short(write):
    folder = write("idx.gz")
    whole = (folder / f"{IMAGES}.gz").read_bytes()
    (folder / f"{IMAGES}.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ToileError, match=f"{IMAGES}.gz: is damaged or cut short"):
        load_data(folder)


def test_a_gzip_with_a_flipped_bit(write):
    folder = write("idx.gz")
    whole = bytearray((folder / f"{IMAGES}.gz").read_bytes())
    whole[len(whole) // 2] ^= 4
    (folder / f"{IMAGES}.gz").write_bytes(whole)
    with pytest.raises(ToileError, match=f"{IMAGES}.gz: is damaged or cut short"):
        load_data(folder)


def test_a_web_page_in_the_place_of_a_file_is_called_that(write):
    folder = write("idx.gz")
    (folder / f"{IMAGES}.gz").write_text("\n<html>not found</html>")
    rule = r"is a web page or other text \(it starts with '<html>not found'\), .* fetch the file"
    with pytest.raises(ToileError, match=rule):
        load_data(folder)


@pytest.mark.parametrize("name", ["idx", "idx.gz"])
def test_bytes_after_the_last_image(write, name):
    folder = write(name)
    file = next(folder.glob(f"{IMAGES}*"))
    more = b"\0" if name == "idx" else gzip.compress(b"\0")
    file.write_bytes(file.read_bytes() + more)
    with pytest.raises(ToileError, match="has bytes after the 432 its header claims"):
        load_data(folder)


def test_a_bomb_stops_at_the_declared_size(write):
    folder = write("idx.gz")
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as stream:
        stream.write(struct.pack(">4I", 0x803, 12, 6, 6))
        for _ in range(64):
            stream.write(bytes(1 << 20))
    (folder / f"{IMAGES}.gz").write_bytes(packed.getvalue())
    tracemalloc.start()
    with pytest.raises(ToileError, match="has bytes after the 432"):
        load_data(folder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20


@pytest.mark.parametrize(
    ("sizes", "rule"),
    [
        ((2**31, 28, 28), "claims 2147483648 images; at most 10000000"),
        ((60_000, 2**31, 28), "images are 28 x 2147483648 px; a side has at most 4096"),
        ((60_000, 28, 28), r"claims 60000 x 28 x 28 = 47040000 bytes; \d+ packed bytes may unpack"),
        ((0, 28, 28), "holds 0 images"),
    ],
)
def test_sizes_no_such_file_could_hold_are_refused_before_allocating(write, sizes, rule):
    folder = write("idx.gz")
    header = struct.pack(">4I", 0x803, *sizes)
    (folder / f"{IMAGES}.gz").write_bytes(gzip.compress(header + bytes(500)))
    with pytest.raises(ToileError, match=rule):
        load_data(folder)


def test_labels_that_are_not_as_many_as_the_images(write, toy):
    folder = write("idx", train_y=toy.train_y[:-1])
    with pytest.raises(ToileError, match=f"{LABELS}: holds 11 labels; its images are 12"):
        load_data(folder)


def test_a_label_file_without_its_images(write):
    folder = write("idx")
    (folder / "t10k-images-idx3-ubyte").unlink()
    with pytest.raises(ToileError, match="the test part has no images file; it needs both"):
        load_data(folder)


def test_one_file_named_alone_points_to_its_folder(write):
    folder = write("idx")
    with pytest.raises(ToileError, match=f"name the folder {folder}"):
        load_data(folder / IMAGES)


def test_two_sets_in_one_folder_are_not_mixed(write):
    folder = write("idx")
    (folder / f"emnist-{IMAGES}").write_bytes((folder / IMAGES).read_bytes())
    with pytest.raises(ToileError, match=r"more than one IDX set \(names start with '', 'emnist-'"):
        load_data(folder)


def test_of_a_file_and_its_gz_the_plain_one_is_read(write, toy):
    folder = write("idx")
    (folder / f"{IMAGES}.gz").write_bytes(b"not read")
    assert np.array_equal(load_data(folder).train.pixels[:, 0], toy.train_x)


def test_dotted_names_are_read(write, toy):
    folder = write("idx")
    for file in list(folder.iterdir()):
        file.rename(folder / file.name.replace("-idx", ".idx"))
    assert len(load_data(folder).train) == 12


@settings(max_examples=60, deadline=1000, suppress_health_check=list(HealthCheck))
@given(head=st.binary(max_size=40), packed=st.booleans())
def test_no_header_does_more_than_be_refused(tmp_path: Path, head: bytes, packed: bool):
    content = gzip.compress(head) if packed else head
    file = tmp_path / (f"{IMAGES}.gz" if packed else IMAGES)
    file.write_bytes(content)
    with pytest.raises(ToileError, match=IMAGES):
        read_images(file, no_progress)
    file.unlink()


@settings(max_examples=60, deadline=1000, suppress_health_check=list(HealthCheck))
@given(sizes=st.tuples(*[st.integers(0, 2**32 - 1)] * 3), packed=st.booleans())
def test_no_sizes_do_more_than_be_refused(tmp_path: Path, sizes, packed: bool):
    head = struct.pack(">4I", 0x803, *sizes)
    file = tmp_path / (f"{IMAGES}.gz" if packed else IMAGES)
    file.write_bytes(gzip.compress(head) if packed else head)
    with pytest.raises(ToileError, match=IMAGES):
        read_images(file, no_progress)
    file.unlink()
