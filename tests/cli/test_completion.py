"""Completion: the scripts a shell reads, and what it is answered."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.command_line import call

TOILE = [sys.executable, "-m", "toile"]


def asked(**environment: str) -> str:
    with pytest.MonkeyPatch.context() as patched:
        for name, value in environment.items():
            patched.setenv(name, value)
        return call().output


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", "complete -o default -F _toile_completion toile"),
        ("zsh", "compdef _toile_completion toile"),
        ("fish", "complete --command toile --no-files"),
    ],
)
def test_every_shell_gets_its_script(shell, line):
    script = asked(_TOILE_COMPLETE=f"source_{shell}")
    assert line in script
    assert f"_TOILE_COMPLETE=complete_{shell}" in script
    if found := shutil.which(shell):
        subprocess.run([found, "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize(
    ("words", "place", "answer"),
    [
        ("toile pre", "1", ["presets", "predict"]),
        ("toile data ", "2", ["show", "get", "list"]),
        ("toile study ", "2", ["run", "new"]),
        ("toile study s1-lab --va", "3", ["--vary"]),
        ("toile study run s1-lab --qu", "4", ["--quiet"]),
        ("toile train --see", "2", ["--seed"]),
    ],
)
def test_bash_is_answered_commands_and_options(words, place, answer):
    said = asked(_TOILE_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=place)
    assert set(answer) <= set(said.split()), said


def test_as_a_module_it_is_the_command():
    done = subprocess.run([*TOILE, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: toile ")
    refused = subprocess.run([*TOILE, "check", "nothing"], capture_output=True, check=False)
    assert refused.returncode == 2


def test_a_shell_gets_its_script_and_its_answers_of_a_process():
    for variables, line in (
        ({"_TOILE_COMPLETE": "source_bash"}, "complete -o default -F _toile_completion toile"),
        (
            {"_TOILE_COMPLETE": "complete_bash", "COMP_WORDS": "toile pre", "COMP_CWORD": "1"},
            "presets",
        ),
    ):
        done = subprocess.run(
            TOILE, capture_output=True, text=True, env=os.environ | variables, check=False
        )
        assert line in done.stdout
