import pytest

from toile.errors import ToileError
from toile.file_lock import file_lock, is_held


def test_a_folder_is_held_as_long_as_it_is_used(tmp_path):
    assert not is_held(tmp_path)
    with file_lock(tmp_path):
        assert is_held(tmp_path)
        with (
            pytest.raises(ToileError, match="in use by another process"),
            file_lock(tmp_path, False),
        ):
            pass
    assert not is_held(tmp_path)


def test_a_folder_that_cannot_be_written_is_refused_and_can_still_be_asked_about(
    shared_folder, as_anyone
):
    with file_lock(shared_folder), as_anyone():
        assert is_held(shared_folder)
        with pytest.raises(ToileError, match="cannot be written: Permission denied"):
            file_lock(shared_folder).__enter__()
