import errno
import os
from dataclasses import replace

import pytest

from toile.errors import ToileError
from toile.executors.archive import pack, unpack
from toile.files import disk_is_full


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "run"
    (place / "checkpoint").mkdir(parents=True)
    (place / "state.json").write_text("{}")
    (place / "checkpoint" / "step-3.safetensors").write_bytes(bytes(range(256)))
    (place / ".lock").touch()
    (place / ".state.json.7.tmp").write_text("torn")
    return place


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_is_packed_comes_out_the_same_without_locks_and_torn_files(folder, tmp_path):
    unpack(pack(folder), tmp_path / "elsewhere" / "run")
    assert content(tmp_path / "elsewhere" / "run") == {
        "state.json": b"{}",
        "checkpoint/step-3.safetensors": bytes(range(256)),
    }


def test_what_a_kill_left_of_a_parcel_is_cleared_by_the_next(folder, tmp_path, monkeypatch):
    place = tmp_path / "there"
    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", lambda *_args, **_named: None)
        patched.setattr(os, "rename", lambda *_args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            unpack(pack(folder), place / "run")
    (left,) = place.iterdir()
    assert left.name.startswith(".coming-")
    unpack(pack(folder), place / "run")
    assert [path.name for path in place.iterdir()] == ["run"]


def test_it_takes_the_place_of_an_older_state_of_the_run(folder, tmp_path):
    older = tmp_path / "older" / "run"
    (older / "checkpoint").mkdir(parents=True)
    (older / "checkpoint" / "step-1.safetensors").touch()
    unpack(pack(folder), older)
    assert set(content(older)) == {"state.json", "checkpoint/step-3.safetensors"}
    assert [path.name for path in older.parent.iterdir()] == ["run"]


def test_a_parcel_damaged_on_its_way_is_refused_and_what_is_there_stays(folder, tmp_path):
    archive = pack(folder)
    damaged = replace(archive, content=archive.content.replace(b"{}", b"[]"))
    before = content(folder)
    with pytest.raises(ToileError, match="run came back damaged"):
        unpack(damaged, folder)
    assert content(folder) == before


def test_where_the_disk_is_full_nothing_of_it_stays(folder, tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ToileError) as raised:
        unpack(pack(folder), tmp_path / "elsewhere" / "run")
    assert disk_is_full(raised.value)
    assert list((tmp_path / "elsewhere").iterdir()) == []
