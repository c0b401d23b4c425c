"""A save cut off at any of its system calls leaves the old checkpoint or the new, never neither."""

import os
from pathlib import Path

import numpy as np
import pytest

from toile.runs.checkpoint import load_checkpoint, save_checkpoint


class KilledError(BaseException):
    """Stands for SIGKILL: nothing of ours may catch it."""


class KillAt:
    """Counts calls, and kills in place of the `count`-th, before or after it was carried out."""

    def __init__(self, count: int, after: bool) -> None:
        self.left, self.after = count, after

    def wrap(self, call):
        def counted(*arguments, **named):
            self.left -= 1
            if self.left == 0 and not self.after:
                raise KilledError
            result = call(*arguments, **named)
            if self.left == 0:
                raise KilledError
            return result

        return counted


def save(folder: Path, step: int) -> None:
    save_checkpoint(folder, step, {"weights": np.full(100, step)}, {"step": step})


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_every_call_of_a_save_one_checkpoint_is_whole(tmp_path, monkeypatch, after):
    steps = []
    for count in range(1, 100):
        folder = tmp_path / str(count)
        folder.mkdir()
        for step in (1, 2):
            save(folder, step)
        kill = KillAt(count, after)
        with monkeypatch.context() as patched:
            for holder, name in (
                (os, "fsync"),
                (os, "replace"),
                (os, "open"),
                (Path, "unlink"),
            ):
                patched.setattr(holder, name, kill.wrap(getattr(holder, name)))
            try:
                save(folder, 3)
            except KilledError:
                pass
            else:
                break
        stored, damaged = load_checkpoint(folder)
        assert damaged == []
        assert set(stored.arrays["weights"]) == {stored.facts["step"]}
        steps.append(stored.facts["step"])
    assert steps == sorted(steps)
    assert set(steps) == {2, 3}
    assert count > 5


def test_a_kill_in_the_middle_of_writing_leaves_the_old_checkpoint(tmp_path):
    save(tmp_path, 1)
    whole = (tmp_path / "checkpoint" / "step-1.safetensors").read_bytes()
    torn = tmp_path / "checkpoint" / ".step-2.safetensors.9.tmp"
    for length in range(0, len(whole), 37):
        torn.write_bytes(whole[:length])
        assert load_checkpoint(tmp_path)[0].facts == {"step": 1}
