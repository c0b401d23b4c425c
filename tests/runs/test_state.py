import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from toile.errors import ToileError
from toile.file_lock import file_lock
from toile.runs.state import State, process_started, read_state, write_state

STATE = State(
    status="running", name="bars", data="bars", seed=0, epochs=3, created="now", parameters=5
)


def changed(folder, **fields):
    path = folder / "state.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_this_process_is_alive_in_the_state_it_writes(tmp_path):
    write_state(tmp_path, STATE)
    with file_lock(tmp_path):
        state = read_state(tmp_path)
    assert state.status == "running"
    assert state.pid == os.getpid()
    assert state.alive


def test_a_training_that_let_go_of_its_folder_is_interrupted_though_its_process_lives_on(tmp_path):
    write_state(tmp_path, STATE)
    with file_lock(tmp_path):
        pass
    state = read_state(tmp_path)
    assert (state.status, state.alive) == ("interrupted", False)


def test_a_run_whose_process_is_gone_is_interrupted(tmp_path):
    write_state(tmp_path, STATE)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    changed(tmp_path, pid=gone.pid)
    assert read_state(tmp_path).status == "interrupted"


def test_a_pid_given_to_another_process_does_not_keep_a_run_alive(tmp_path):
    write_state(tmp_path, STATE)
    changed(tmp_path, pid_started="12345")
    assert read_state(tmp_path).status == "interrupted"


def test_after_a_reboot_a_running_run_is_interrupted(tmp_path):
    write_state(tmp_path, STATE)
    changed(tmp_path, boot="another boot")
    assert read_state(tmp_path).status == "interrupted"


def test_a_process_name_with_spaces_and_parentheses_does_not_confuse_its_start(tmp_path):
    script = tmp_path / "a) b (c"
    script.symlink_to(sys.executable)
    process = subprocess.Popen([script, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert process_started(process.pid).isdigit()
    finally:
        process.communicate(b"\n")


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(ToileError, match=r"is not a run: it has no state\.json"):
        read_state(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"status": "running"}', '{"statusx": 1}'])
def test_a_damaged_state_is_refused_by_name(tmp_path, text):
    (tmp_path / "state.json").write_text(text)
    with pytest.raises(ToileError, match=r"state\.json is damaged"):
        read_state(tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("created", 5, "damaged: created"),
        ("accuracy", "much", "damaged: accuracy"),
        ("status", "weird", "damaged: status"),
        (
            "version",
            99,
            "newer Toile: its form has version 99, and this Toile reads versions up to 1",
        ),
    ],
)
def test_a_field_that_cannot_be_is_named(tmp_path, field, value, said):
    write_state(tmp_path, STATE)
    changed(tmp_path, **{field: value})
    with pytest.raises(ToileError, match=said):
        read_state(tmp_path)


def test_a_state_that_is_a_folder_is_refused(tmp_path):
    (tmp_path / "state.json").mkdir()
    with pytest.raises(ToileError, match="cannot be read"):
        read_state(tmp_path)


def test_a_queued_run_whose_process_is_gone_is_interrupted(tmp_path):
    write_state(tmp_path, replace(STATE, status="queued"))
    assert read_state(tmp_path).status == "queued"
    changed(tmp_path, pid_started="1")
    assert read_state(tmp_path).status == "interrupted"


def test_a_process_that_has_ended_is_gone_before_anybody_asks_how_it_did():
    ended = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    # Its output ends with it; it stays a zombie until it is waited for.
    ended.stdout.read()
    ended.stdout.close()
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert process_started(ended.pid) == ""
    ended.wait()
