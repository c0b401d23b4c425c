import json
import os
import subprocess
import sys
import time

import pytest

FINDING = "Undecided: whether 8, which has the higher mean, is better than 64 or than 128 or 256."
SENTENCE = f"{FINDING} V{40 * 'ery v'}ery much so. The end."
SMALL_FILES = ["filters/study.json", "filters/verdict.json", "lab/sheet.json"]
OPENED = """
import sys
from pathlib import Path
opened = []
sys.addaudithook(lambda event, given: event == "open" and opened.append(str(given[0])))
sys.argv = ["toile", "studies"]
import toile.cli
try:
    toile.cli.main()
except SystemExit as end:
    assert not end.code
print(*(path for path in opened if path.startswith("runs")), sep=chr(10))
"""


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A finished study, an older sheet with exercises to do, and 40 runs."""
    monkeypatch.setenv("TOILE_RUNS", "runs")
    monkeypatch.setenv("TZ", "UTC")
    files = {
        "filters/study.json": {"status": "finished", "finished": 9, "readings": 10},
        "filters/verdict.json": {"sentence": SENTENCE},
        "lab/sheet.json": {"title": "A lab", "quick": False, "exercises": 9, "ended": 2},
    } | {f"20261120-100000-quick-{n:04}/state.json": {} for n in range(40)}
    for name, record in files.items():
        path = tmp_path / "runs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record))
    os.utime(tmp_path / "runs" / "lab" / "sheet.json", (0, 0))
    return tmp_path


def test_what_was_taken_is_listed_newest_first_with_its_whole_finding(toile, kept):
    heads, first, *finding, second, title = toile("studies").output.splitlines()
    assert heads.split()[:5] == ["name", "kind", "last", "state", "done"]
    assert first.startswith("filters  study  ")
    assert first.endswith("finished  9/10 readings")
    assert " ".join(line.strip() for line in finding) == FINDING
    assert second == "lab      sheet  1970-01-01 00:00  stopped   2/9 exercises"
    assert title == "    A lab"
    assert max(map(len, finding)) <= 80


def test_as_json_it_is_whole(toile, kept):
    first, second = toile("studies", "--json").json["studies"]
    assert first.pop("when").startswith(time.strftime("%Y-"))
    assert first == {
        "name": "filters", "kind": "study", "folder": "runs/filters", "state": "finished",
        "done": 9, "planned": 10, "sentence": SENTENCE, "note": "", "star": False,
    }  # fmt: skip
    assert second["when"].startswith("1970-01-01T00:00:00")


def test_however_many_runs_lie_beside_none_of_their_files_is_opened(kept):
    done = subprocess.run(
        [sys.executable, "-c", OPENED], capture_output=True, text=True, cwd=kept, check=False
    )
    assert done.returncode == 0, done.stderr
    opened = {line for line in done.stdout.splitlines() if line.startswith("runs")}
    assert opened == {f"runs/{name}" for name in SMALL_FILES}


def test_none_is_said_with_the_next_step(toile, tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path / "nowhere"))
    assert "no study, search or sheet in " in toile("studies").output
    assert toile("studies", "--json").json == {"studies": []}
