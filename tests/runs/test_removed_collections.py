"""A study, search or sheet is deleted whole, by name, and never while it is under way."""

import pytest

from toile.errors import ToileError
from toile.file_lock import file_lock
from toile.runs import RunsFolder, contents_of, read_ledger, runs_folder
from toile.runs.layout import MARKERS

INNER = {
    "filters": ["study.yaml", "readings/8-1/state.json", "report.html"],
    "best": ["search.yaml", "finalists/study.yaml", "readings/trial-1/state.json"],
    "lab": [
        "2-best/finalists/study.yaml",
        "sheet.yaml",
        "answers.yaml",
        "1-filters/study.yaml",
        "2-best/search.yaml",
    ],
}
KINDS = {"filters": "study", "best": "search", "lab": "sheet"}


@pytest.fixture(autouse=True)
def kept():
    """One of each kind, and a run."""
    for name, files in INNER.items():
        for file in (MARKERS[KINDS[name]], *files):
            path = runs_folder() / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("text")
    (runs_folder() / "filters-16").mkdir()
    (runs_folder() / "filters-16" / "state.json").write_text("{}")


@pytest.mark.parametrize("name", INNER)
def test_each_kind_is_found_by_its_name_and_deleted_whole(name):
    found = RunsFolder().find_to_remove(name)
    assert (found.name, found.kind) == (name, KINDS[name])
    contents = contents_of(found)
    assert contents.foreign == ()
    assert contents.num_files == len(INNER[name]) + 1
    (found.folder / "mine.txt").write_text("mine")
    assert contents_of(found).foreign == ("mine.txt",)
    RunsFolder().remove(found)
    assert not found.folder.exists()
    assert (runs_folder() / "filters-16" / "state.json").exists()


def test_a_beginning_finds_it_where_it_fits_no_other():
    assert RunsFolder().find_to_remove("filters-").kind == "run"
    assert RunsFolder().find_to_remove("be").name == "best"
    with pytest.raises(ToileError, match=r"fi fits 2 names .* nothing was deleted"):
        RunsFolder().find_to_remove("fi")


@pytest.mark.parametrize(
    ("name", "held"), [("filters", "."), ("best", "finalists"), ("lab", "2-best/finalists")]
)
def test_what_is_under_way_is_not_deleted(name, held):
    found = RunsFolder().find_to_remove(name)
    with (
        file_lock(found.folder / held),
        pytest.raises(ToileError, match="is in use by another process"),
    ):
        RunsFolder().remove(found)
    assert (found.folder / MARKERS[found.kind]).exists()
    assert all((found.folder / file).exists() for file in INNER[name])


def test_looks_that_only_its_own_ledger_holds_outlive_it():
    line = (
        '{"kind": "look", "number": 1, "when": "2026-01-01T00:00:00+0000", "run": "filters/8-1", '
        '"weights": "last", "recipe": "r", "data": "d", "test": "t", "why": "once"}\n'
    )
    (runs_folder() / "filters" / "ledger.jsonl").write_text(line)
    looks = read_ledger()
    RunsFolder().remove(RunsFolder().find_to_remove("filters"))
    assert [one.why for one in looks] == [one.why for one in read_ledger()] == ["once"]
