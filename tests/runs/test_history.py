import json
import resource

import pytest

from toile.errors import ToileError
from toile.runs.history import HistoryFile, read_records
from toile.training import Interval


def interval(step, loss=0.5):
    return Interval(1, step, loss, 0.9, 0.01, 1.5, 100.0)


def test_lines_come_back_as_records_with_their_kind(tmp_path):
    path = tmp_path / "history.jsonl"
    with HistoryFile(path) as history:
        history.append("step", interval(3))
    assert read_records(path) == [
        {
            "kind": "step",
            "epoch": 1,
            "step": 3,
            "loss": 0.5,
            "accuracy": 0.9,
            "learning_rate": 0.01,
            "seconds": 1.5,
            "images_per_second": 100.0,
        }
    ]


def test_a_number_that_is_not_finite_is_null(tmp_path):
    path = tmp_path / "history.jsonl"
    with HistoryFile(path) as history:
        history.append("step", interval(3, loss=float("nan")))
    assert read_records(path)[0]["loss"] is None


def test_opened_again_it_goes_on_after_the_checkpoint_and_cuts_the_rest(tmp_path):
    path = tmp_path / "history.jsonl"
    with HistoryFile(path) as history:
        history.append("step", interval(1))
        size = history.sync()
        history.append("step", interval(2))
    with HistoryFile(path, size) as history:
        history.append("step", interval(7))
    assert [record["step"] for record in read_records(path)] == [1, 7]


def test_a_torn_tail_is_left_out_at_whatever_byte_it_was_cut(tmp_path):
    path = tmp_path / "history.jsonl"
    record = {"kind": "step", "loss": 0.5, "accuracy": 0.9}
    lines = [json.dumps(record | {"step": step}) + "\n" for step in (1, 2, 3)]
    whole = "".join(lines).encode()
    ends = [len("".join(lines[:count]).encode()) for count in range(4)]
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        assert len(read_records(path)) == sum(end <= length for end in ends) - 1


def test_no_file_is_no_records(tmp_path):
    assert read_records(tmp_path / "none.jsonl") == []


def test_a_damaged_line_before_the_last_is_said(tmp_path):
    path = tmp_path / "history.jsonl"
    path.write_text('{"kind": "step"}\n{"kind\n{"kind": "step"}\n')
    with pytest.raises(ToileError, match="is damaged"):
        read_records(path)


def test_a_disk_that_is_full_is_told_once_and_leaves_nothing_to_be_written_at_the_end(
    tmp_path,
):
    """A limit on the size of files is refused as a full disk is, in the midst of a line."""
    path = tmp_path / "history.jsonl"
    with HistoryFile(path) as history:
        history.append("step", interval(1))
        size = history.sync()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))
    try:
        with pytest.raises(ToileError, match="File too large"), HistoryFile(path, size) as history:
            history.append("step", interval(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [record["step"] for record in read_records(path)] == [1]
    with HistoryFile(path, size) as history:
        history.append("step", interval(2))
    assert [record["step"] for record in read_records(path)] == [1, 2]
