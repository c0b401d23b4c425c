"""How studies, searches and sheets stand, told by what lies in their folders."""

import json

import pytest

from toile.file_lock import file_lock
from toile.runs import RunsFolder
from toile.studies import study_of, study_text
from toile.workbench import list_studies, renew_summaries


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path))
    return tmp_path


def write(folder, **records):
    folder.mkdir(exist_ok=True)
    for name, record in records.items():
        (folder / f"{name}.json").write_text(json.dumps(record))


def told(name):
    """State, done, planned and sentence of the one called so."""
    (one,) = [one for one in list_studies() if one.entry.name == name]
    return one.state, one.done, one.planned, one.sentence


@pytest.mark.parametrize("status", ["finished", "stopped"])
def test_a_study_at_rest_is_told_by_its_own_two_files(place, status):
    write(
        place / "it",
        study={"status": status, "finished": 3, "readings": 4},
        verdict={"sentence": "8 is better."},
    )
    assert told("it") == (status, 3, 4, "8 is better.")


def test_a_study_that_was_killed_is_told_by_its_readings_and_one_in_hand_goes_on(place):
    asked = {"recipe": "s1-lab", "vary": {"network.conv1.filters": [2, 3]}, "readings": 2}
    old = {"sentence": "It is of an earlier day."}
    write(place / "it", study={"status": "running", "finished": 3, "readings": 4}, verdict=old)
    (place / "it" / "study.yaml").write_text(study_text(study_of(asked)))
    none = "No reading has finished, so nothing is known. 4 readings have not ended yet."
    assert told("it") == ("stopped", 0, 4, none)
    with file_lock(place / "it"):
        assert told("it") == ("going on", 0, 4, none)
    assert told("it")[0] == "stopped"


def test_a_search_is_told_by_its_summary_and_goes_on_while_its_finalists_are_read(place):
    said = {"finished": 5, "pruned": 3, "diverged": 1, "failed": 0, "planned": 12, "ended": False}
    write(place / "it", search={}, summary=said | {"sentence": "Trial 3 looked best."})
    assert told("it") == ("stopped", 9, 12, "Trial 3 looked best.")
    (place / "it" / "finalists").mkdir()
    with file_lock(place / "it" / "finalists"):
        assert told("it")[0] == "going on"


def test_a_sheet_is_told_by_its_exercises_and_has_its_title_as_its_sentence(place):
    write(place / "it", sheet={"title": "A lab", "exercises": 9, "ended": 9, "quick": True})
    assert told("it") == ("finished", 9, 9, "A lab")


def test_what_is_damaged_is_said_and_hides_nothing_else(place):
    write(place / "sheet", sheet={})
    write(place / "study", study={})
    (place / "study" / "study.yaml").write_text("vary: 3")
    write(place / "whole", sheet={"title": "A lab", "exercises": 1, "ended": 1, "quick": False})
    state, _, _, why = told("sheet")
    assert state == "damaged"
    assert "sheet.json is damaged: title is missing; remove it" in why
    state, _, _, why = told("study")
    assert state == "damaged"
    assert "study.yaml" in why
    assert told("whole")[0] == "finished"


def test_a_renamed_studys_summary_names_its_runs_where_they_lie_now(place):
    asked = {"recipe": "s1-lab", "vary": {"network.conv1.filters": [2, 3]}, "readings": 2}
    write(place / "old", study={"status": "stopped"}, verdict={"sentence": "", "folder": "old"})
    (place / "old" / "study.yaml").write_text(study_text(study_of(asked)))
    renew_summaries(RunsFolder().rename("old", "new"))
    said = json.loads((place / "new" / "verdict.json").read_text())
    assert said["folder"] == str(place / "new")
    assert said["readings"][0]["run"] == str(place / "new" / "readings" / "2-1")


def test_in_a_renamed_sheet_the_summaries_of_its_exercises_name_their_runs_too(place):
    write(place / "lab", sheet={"title": "A lab", "exercises": 1, "ended": 0, "quick": False})
    write(place / "lab" / "one", study={"status": "stopped"}, verdict={"sentence": ""})
    asked = {"recipe": "s1-lab", "vary": {"network.conv1.filters": [2, 3]}, "readings": 2}
    (place / "lab" / "one" / "study.yaml").write_text(study_text(study_of(asked)))
    renew_summaries(RunsFolder().rename("lab", "course"))
    said = json.loads((place / "course" / "one" / "verdict.json").read_text())
    assert said["readings"][0]["run"] == str(place / "course" / "one" / "readings" / "2-1")


def test_of_a_sheet_whose_trainings_are_over_it_is_said_how_to_answer_the_rest(place):
    record = {"title": "A lab.", "exercises": 5, "ended": 3, "quick": True, "unanswered": [4, 5]}
    write(place / "it", sheet=record)
    state, done, planned, sentence = told("it")
    assert (state, done, planned) == ("to answer", 3, 5)
    folder = place / "it"
    command = f"toile sheet run {folder}/sheet.yaml --only 4,5 --quick --out {folder}"
    assert sentence == f"A lab. (what is left is to answer in words: {command})"
    write(place / "it", sheet=record | {"ended": 2})
    assert told("it") == ("stopped", 2, 5, "A lab.")
