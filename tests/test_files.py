import errno
import os

import pytest

from toile.errors import ToileError
from toile.files import finite, write_atomically


def fails(code):
    def fail(*_):
        raise OSError(code, os.strerror(code))

    return fail


def test_content_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "some"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_failing_disk_keeps_the_old_content_and_is_said(tmp_path, monkeypatch, call, code):
    path = tmp_path / "some"
    write_atomically(path, b"old")
    monkeypatch.setattr(os, call, fails(code))
    with pytest.raises(ToileError, match=f"{os.strerror(code)}; what was there before is kept"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_numbers_json_cannot_hold_become_null():
    assert finite({"a": float("nan"), "b": [float("inf"), 1.5], "c": "nan"}) == {
        "a": None,
        "b": [None, 1.5],
        "c": "nan",
    }
