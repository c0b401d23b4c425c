"""What the system refuses is said in a sentence, whatever the command."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

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
        ["study", "new", LONG],
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
    assert said.startswith("toile: ")
    assert all(map(str.isprintable, said.split("\n")))
    assert not any(line.startswith("forged") for line in said.split("\n"))


def test_its_length_and_the_rule_are_said(command):
    _, said = command("study", "new", LONG)
    assert said == (
        f"toile: {LONG[:40]}... has 300 letters, which is more than this system allows in a path; "
        "a folder's or file's name has at most 255\n"
    )


def test_too_few_files_at_once_are_said_with_what_allows_more(command):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Whatever the command opens first is refused; what is open stays so.
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        code, said = command("study", "new", "mine.yaml")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert code == 2
    assert "Too many open files" in said or "ulimit -n 1024" in said


SLOW = {"torch", "matplotlib", "onnxruntime", "optuna"}


def test_what_ends_a_command_within_another_packages_error_is_no_fault(command, monkeypatch):
    def stopped(*words: object, **named: object) -> None:
        try:
            try:
                raise KeyboardInterrupt
            except KeyboardInterrupt as stop:
                raise AttributeError("what a package needed on the way out") from stop
        except AttributeError as error:
            raise RuntimeError("this should not happen: open an issue") from error

    monkeypatch.setattr("toile.cli.app.app", stopped)
    assert command("runs") == (130, "")
    monkeypatch.setattr("toile.cli.app.app", lambda **named: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main()


REFUSED = """
import json
import sys
import toile.cli
for words in json.load(sys.stdin):
    sys.argv = ["toile", *words]
    try:
        toile.cli.main()
    except SystemExit as end:
        print(end.code, *({SLOW} & set(sys.modules)), sep=",")
""".replace("{SLOW}", repr(SLOW))


def refusals(words: list[tuple[str, ...]], folder: Path, runs: str) -> CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", REFUSED],
        input=json.dumps(words),
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "TOILE_RUNS": runs},
        check=True,
    )


def test_what_a_run_refuses_is_refused_before_torch_is_loaded(among_runs, tmp_path):
    refused = [
        ("evaluate", "last", "--open-test"),
        ("inspect", "activations", "last", "conv1", "--class=Shrt"),
        ("inspect", "attribute", "last", "--class=Shrt"),
        ("inspect", "mistakes", "last", "--by=near"),
    ]
    done = refusals(refused, tmp_path, str(among_runs.parent))
    assert done.stdout.splitlines() == ["2"] * len(refused), done.stderr
    assert "opening the test part takes a reason" in done.stderr
    assert done.stderr.count("did you mean Shirt?") == 2


def test_what_can_be_refused_is_refused_before_what_takes_seconds_to_load(tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    wrong = "--set=network.conv1.fliters=3"
    refused = [
        ("train", "quick", "--epochs=0"),
        ("train", "nosuch"),
        ("train", "quick", "--out=taken"),
        ("train", "quick", "--data=nowhere"),
        ("train", "quick", "--data=nowhere", "--from=nosuch", wrong),
        ("resume", "nosuch"),
        ("study", "quick", "--vary=network.conv1.fliters=8,64", "--data=nowhere"),
        ("search", "quick", "--over=network.conv1.fliters=8..64", "--data=nowhere"),
        ("sheet", "run", "nosuch"),
        ("sheet", "run", "fashion-lab", "--only=77"),
        ("network", "nosuch"),
        ("data", "show", "nowhere"),
        ("predict", "nosuch", "a.png"),
        ("evaluate", "nosuch"),
        ("export", "nosuch", "a.onnx"),
        ("export", "last", "a.xyz"),
        ("bench", "nosuch"),
        ("serve", "nosuch"),
        ("show", "nosuch"),
        ("compare", "nosuch", "last"),
        ("bundle", "nosuch"),
        ("import", "nosuch.zip"),
        ("import", "nosuch.keras", "--data=fashion-sample"),
        ("report", "nosuch"),
        ("verdict", "nosuch.csv"),
        ("rm", "nosuch"),
    ]
    done = refusals(refused, tmp_path, "runs")
    assert done.stdout.splitlines() == ["2"] * len(refused), done.stderr
    # An address that is no setting is refused before a run or data that is not there.
    assert done.stderr.count("network.conv1.fliters is not a setting") == 3
