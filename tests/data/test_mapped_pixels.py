"""Pixels in a file, by their rows: read where they are asked for, never as a whole by mistake."""

import mmap
import pickle

import numpy as np
import pytest

from toile.data.mapped_pixels import MappedPixels, as_mapped, select_pixels

PIXELS = np.random.default_rng(0).integers(0, 256, (9, 3, 4, 5), dtype=np.uint8)


@pytest.fixture
def mapped(tmp_path) -> MappedPixels:
    np.save(tmp_path / "pixels.npy", PIXELS)
    return MappedPixels.open(tmp_path / "pixels.npy")


KEYS = [3, -1, np.int64(2), slice(2, 7), slice(None), [1, 1], np.array([8, 0, 0])]


@pytest.mark.parametrize("key", [*KEYS, PIXELS[:, 0, 0, 0] > 99])
def test_they_are_indexed_as_an_array_is(mapped, key):
    assert np.array_equal(mapped[key], PIXELS[key])
    assert type(mapped[key]) is np.ndarray


def test_what_is_indexed_is_a_copy(mapped):
    mapped[:2][:] = 0
    assert np.array_equal(mapped[:2], PIXELS[:2])


def test_rows_of_rows_are_those_of_the_file(mapped):
    some = mapped.select(np.array([7, 5, 3])).select(slice(1, None))
    assert np.array_equal(some[:], PIXELS[[5, 3]])
    assert np.array_equal(np.stack(list(some)), PIXELS[[5, 3]])
    assert (len(some), some.shape, some.nbytes) == (2, (2, 3, 4, 5), 120)


def test_a_whole_copy_made_by_mistake_is_refused(mapped):
    with pytest.raises(TypeError, match="540 bytes of pixels in a file"):
        np.asarray(mapped)


def test_another_process_opens_the_file_itself(mapped):
    some = mapped.select(np.array([7, 5, 3]))
    content = pickle.dumps(some)
    assert len(content) < some.nbytes + 300
    assert np.array_equal(pickle.loads(content)[:], PIXELS[[7, 5, 3]])


def test_pixels_without_a_file_are_not_sent_to_another_process():
    with pytest.raises(TypeError, match="540 bytes of pixels in a file without a name"):
        pickle.dumps(MappedPixels.all_of(PIXELS))


def test_asking_the_disk_beforehand_changes_nothing(mapped):
    mapped.select(np.arange(8, -1, -1)).prefetch(np.array([0, 8, 4]))
    assert np.array_equal(mapped[:], PIXELS)


class AskedMemory(mmap.mmap):
    """A file's memory that writes down what the system is asked to read beforehand."""

    asked: list[tuple[int, int, int]]

    def madvise(self, option: int, start: int, length: int) -> None:
        self.asked.append((option, start, length))


@pytest.mark.skipif(not hasattr(mmap, "MADV_WILLNEED"), reason="this system is not asked so")
def test_the_pages_of_the_pictures_are_asked_for_in_their_order_and_no_others():
    header, picture_bytes = 128, 3 * 60 * 60
    memory = AskedMemory(-1, header + 9 * picture_bytes)
    memory.asked = []
    source = np.frombuffer(memory, np.uint8, offset=header).reshape(9, 3, 60, 60)
    MappedPixels(source, np.array([7, 2, 0, 5]), None, memory).prefetch(np.array([3, 0, 1]))
    assert [option for option, _, _ in memory.asked] == [mmap.MADV_WILLNEED] * 3
    for (_, start, length), row in zip(memory.asked, (5, 7, 2), strict=True):
        first = header + row * picture_bytes
        assert start == first - first % mmap.PAGESIZE
        assert start + length == first + picture_bytes


def test_few_are_copied_and_many_are_left_in_the_file(mapped, monkeypatch):
    monkeypatch.setenv("TOILE_MEMORY", str(16 * 120))
    assert type(select_pixels(mapped, np.arange(2))) is np.ndarray
    assert isinstance(select_pixels(mapped, np.arange(3)), MappedPixels)


def test_a_quarter_of_memory_may_be_held(monkeypatch):
    monkeypatch.setenv("TOILE_MEMORY", str(4 * PIXELS.nbytes))
    assert as_mapped(PIXELS, PIXELS.nbytes) is PIXELS
    assert isinstance(as_mapped(PIXELS, PIXELS.nbytes + 1), MappedPixels)


@pytest.mark.parametrize(
    "array", [PIXELS.astype(np.int16), PIXELS[0], np.asfortranarray(PIXELS), PIXELS[:, :0]]
)
def test_a_file_of_other_arrays_is_refused(tmp_path, array):
    np.save(tmp_path / "other.npy", array)
    with pytest.raises(ValueError, match=r"other\.npy"):
        MappedPixels.open(tmp_path / "other.npy")


def test_a_part_without_pictures_is_opened(tmp_path):
    np.save(tmp_path / "none.npy", PIXELS[:0])
    nothing = MappedPixels.open(tmp_path / "none.npy")
    assert (len(nothing), nothing.shape, nothing.nbytes) == (0, (0, 3, 4, 5), 0)
    assert nothing[:].shape == nothing.shape


def test_a_file_that_was_cut_and_rows_that_it_has_not_are_refused(tmp_path, mapped):
    with pytest.raises(ValueError, match="row 9"):
        MappedPixels.open(mapped.file, np.array([0, 9]))
    (tmp_path / "cut.npy").write_bytes(mapped.file.read_bytes()[:-1])
    with pytest.raises(ValueError, match="header"):
        MappedPixels.open(tmp_path / "cut.npy")
