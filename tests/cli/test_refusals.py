"""What the system refuses is said in a sentence, whatever the command."""

import resource
import sys

import pytest

from toile.cli import main

LONG = "x" * 300


@pytest.fixture
def command(monkeypatch, tmp_path, capsys):
    """Give a command in this process; how it ended, and what it said on the error stream."""
    monkeypatch.chdir(tmp_path)

    def give(*words: str) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", ["toile", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr().err

    return give


@pytest.mark.parametrize(
    "words",
    [
        ["show", LONG],
        ["rm", LONG, "--yes"],
        ["report", LONG],
        ["import", LONG],
        ["study", "s1-lab", "--data=fashion-sample", f"--out={LONG}"],
        ["sheet", "run", LONG],
        ["sheet", "new", LONG],
        ["new-study", LONG],
        ["predict", "last", LONG],
        ["train", LONG],
        ["data", "show", LONG],
        ["verdict", LONG],
    ],
)
def test_a_name_that_no_file_can_have_is_refused_in_a_sentence(command, words):
    code, said = command(*words)
    assert code == 2
    assert said.startswith("toile: ")
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "words",
    [
        ("{odd}",),
        ("runs", "{odd}"),
        ("runs", "--{odd}"),
        ("train", "s1-lab", "--epochs={odd}"),
        ("serve", "x", "--weights={odd}"),
        ("data", "{odd}"),
    ],
)
def test_no_word_that_click_refuses_steers_the_terminal(command, words):
    odd = "x\u202e\x1b[31m\nforged line"
    code, said = command(*(word.format(odd=odd) for word in words))
    assert code == 2
    assert "Error: " in said
    assert all(map(str.isprintable, said.split("\n")))
    assert not any(line.startswith("forged") for line in said.split("\n"))


def test_its_length_and_the_rule_are_said(command):
    _, said = command("new-study", LONG)
    assert said == (
        f"toile: {LONG[:40]}... has 300 letters, which is more than this system allows in a path; "
        "a folder's or file's name has at most 255\n"
    )


def test_too_few_files_at_once_are_said_with_what_allows_more(command):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Whatever the command opens first is refused; what is open stays so.
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        code, said = command("new-study", "mine.yaml")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert code == 2
    assert "Too many open files" in said or "ulimit -n 1024" in said
