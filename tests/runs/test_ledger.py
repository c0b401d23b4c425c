"""The ledger counts every look, also after a kill, and is never guessed at."""

import json
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from pathlib import Path

import pytest

from toile.errors import ToileError
from toile.runs import CorruptFile, Run, looks_of, read_ledger, write_score
from toile.runs.ledger import write_look

FACTS = {"weights": "last", "recipe": "r" * 64, "data": "d" * 64, "source": "/data"}


def look(folder: Path, run: str = "run", test: str = "t" * 64):
    return write_look(folder, run=run, test=test, why="to know", **FACTS)


def test_no_ledger_is_no_looks(tmp_path):
    assert read_ledger(tmp_path) == ()


def test_looks_are_numbered_and_carry_their_score(tmp_path):
    first, second = look(tmp_path), look(tmp_path, run="other")
    write_score(tmp_path, second, {"accuracy": 0.9})

    read = read_ledger(tmp_path)
    assert [one.number for one in read] == [1, 2]
    assert [one.score for one in read] == [None, {"accuracy": 0.9}]
    assert (read[0], read[1].run) == (first, "other")


def test_a_run_knows_the_looks_beside_it_and_where_runs_are_kept_here(tmp_path, monkeypatch):
    beside, here = tmp_path / "beside", tmp_path / "here"
    for folder in (beside, here):
        folder.mkdir()
        look(folder)
    monkeypatch.setenv("TOILE_RUNS", str(here))
    assert len(looks_of(Run(beside / "run"))) == 2
    assert len(looks_of(Run(here / "run"))) == 1


def test_a_ledger_that_is_no_file_is_said(tmp_path):
    (tmp_path / "ledger.jsonl").mkdir()
    with pytest.raises(ToileError, match="cannot be read: Is a directory"):
        read_ledger(tmp_path)


def test_a_line_cut_by_a_kill_counts_nothing_and_is_written_over(tmp_path):
    look(tmp_path)
    with (tmp_path / "ledger.jsonl").open("ab") as file:
        file.write(b'{"kind": "look", "numb')

    assert len(read_ledger(tmp_path)) == 1
    assert look(tmp_path).number == 2
    assert len(read_ledger(tmp_path)) == 2


@pytest.mark.parametrize(
    "line",
    [b"not json\n", b"[]\n", b'{"kind": "look"}\n', b'{"kind": "score", "look": 9, "score": {}}\n'],
)
def test_a_damaged_ledger_is_refused_and_not_added_to(tmp_path, line):
    (tmp_path / "ledger.jsonl").write_bytes(line)
    with pytest.raises(CorruptFile, match="bring back a whole copy"):
        look(tmp_path)
    assert (tmp_path / "ledger.jsonl").read_bytes() == line


def test_many_processes_lose_no_look(tmp_path):
    with ProcessPoolExecutor(4) as pool:
        numbers = list(pool.map(_ten_looks, [tmp_path] * 4))
    assert sorted(chain.from_iterable(numbers)) == list(range(1, 41))
    lines = (tmp_path / "ledger.jsonl").read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == list(range(1, 41))


def _ten_looks(folder: Path) -> list[int]:
    return [look(folder).number for _ in range(10)]
