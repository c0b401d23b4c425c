import numpy as np
import pytest

from toile.errors import ToileError
from toile.runs.checkpoint import load_checkpoint, save_checkpoint


def save(folder, *steps):
    for step in steps:
        save_checkpoint(folder, step, {"step": np.array(step)}, {"step": step})


def names(folder):
    return sorted(path.name for path in (folder / "checkpoint").iterdir())


def test_the_two_newest_are_kept_and_ordered_as_numbers(tmp_path):
    save(tmp_path, 9, 10, 100)
    assert names(tmp_path) == ["step-10.safetensors", "step-100.safetensors"]
    assert load_checkpoint(tmp_path)[0].facts == {"step": 100}


def test_a_damaged_one_is_passed_over_and_said(tmp_path):
    save(tmp_path, 1, 2)
    newest = tmp_path / "checkpoint" / "step-2.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1])
    stored, damaged = load_checkpoint(tmp_path)
    assert stored.facts == {"step": 1}
    assert len(damaged) == 1
    assert "step-2.safetensors is damaged" in damaged[0]


def test_what_a_kill_left_half_written_is_swept_away(tmp_path):
    save(tmp_path, 1)
    (tmp_path / "checkpoint" / ".step-2.safetensors.77.tmp").write_bytes(b"torn")
    save(tmp_path, 3)
    assert names(tmp_path) == ["step-1.safetensors", "step-3.safetensors"]


def test_none_at_all_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(ToileError, match=r"no checkpoint to go on from.*train it anew"):
        load_checkpoint(tmp_path)
