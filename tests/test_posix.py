"""On Windows the first word is that Toile does not run there. The platform is a stub."""

import subprocess
import sys

import pytest

from toile.errors import ToileError
from toile.file_lock import file_lock

ON_WINDOWS = "import sys; sys.platform = 'win32'; sys.argv = ['toile', *sys.argv[1:]]\n"


def on_windows(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ON_WINDOWS + code, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [["--help"], ["train", "quick"], []])
def test_a_command_says_it_at_once_and_in_one_sentence(words):
    done = on_windows("from toile.cli import main; main()", *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "toile: Toile runs on Linux and other POSIX systems, and this is Windows; run it in WSL, "
        "the Windows Subsystem for Linux\n"
    )


def test_the_library_says_it_at_the_first_name_that_is_asked_of_it():
    done = on_windows(
        "import toile\n"
        "try:\n    toile.train\n"
        "except toile.ToileError as error:\n    print(toile.__version__, error)\n"
    )
    assert "this is Windows; run it in WSL" in done.stdout, done.stderr


def test_no_folder_is_held_where_holding_it_means_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ToileError, match="this is Windows"), file_lock(tmp_path):
        pass
