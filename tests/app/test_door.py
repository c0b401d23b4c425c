"""One server for a workspace."""

import stat

import pytest

from tests.command_line import call
from toile.app import AppDoor
from toile.errors import ToileError

URL = "http://127.0.0.1:8600/#token=abc"


def test_a_second_server_says_where_the_first_is(tmp_path):
    door = AppDoor(tmp_path / "runs")
    with door.held():
        door.say_where(URL)
        answer = call("app", tmp_path / "runs", "--no-browser")
    assert answer.code == 2
    assert f"is running already at {URL} (process" in answer.errors


def test_what_opens_the_app_is_its_owners_to_read_and_goes_with_the_server(tmp_path):
    door = AppDoor(tmp_path)
    with door.held():
        door.say_where(URL)
        (file,) = door.folder.glob("server.json")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(door.folder.stat().st_mode) == 0o700
    assert not file.exists()


def test_a_door_left_by_a_kill_is_open(tmp_path):
    door = AppDoor(tmp_path)
    with door.held():
        door.say_where(URL)
        left = (door.folder / "server.json").read_text()
    (door.folder / "server.json").write_text(left)
    with door.held():
        pass


def test_a_workspace_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ToileError, match="cannot be a workspace"),
        AppDoor(tmp_path / "file").held(),
    ):
        pass
