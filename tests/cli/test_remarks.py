"""`toile note` and `star`, and where what they keep is shown."""

import json
import shutil

import pytest


@pytest.fixture
def run(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path / "runs"))
    return shutil.copytree(trained, tmp_path / "runs" / "run")


def test_a_note_is_shown_wherever_the_run_is(toile, run):
    assert "has no note; write one with" in toile("note", "run").output
    said = toile("note", "run", "a first\nattempt")
    assert said.output == "wrote the note of run\n"
    assert "Note: a first\nattempt" in (run / "report.html").read_text()
    assert toile("star", "run").output == "starred run\n"
    assert toile("note", "run").output == "a first\nattempt\n"
    assert toile("runs").output.splitlines()[-1] == "    ★ a first …"
    shown = toile("show", "run")
    assert shown.output.endswith("★ starred\nnote  a first\nattempt\n")
    for told in (toile("show", "run", "--json").json, toile("runs", "--json").json["runs"][0]):
        assert (told["note"], told["star"]) == ("a first\nattempt", True)
    assert "Starred. Note: a first\nattempt" in (run / "report.html").read_text()


def test_a_note_leaves_the_page_its_pictures_where_the_images_have_changed(toile, run):
    facts = run / "data.json"
    facts.write_text(json.dumps(json.loads(facts.read_text()) | {"order": "0" * 64}))
    page = (run / "report.html").read_bytes()
    said = toile("note", "run", "mine")
    assert said.code == 0
    assert "its page was not changed: run was trained on other images" in said.output
    assert (run / "report.html").read_bytes() == page


def test_stars_narrow_a_listing_and_are_taken_away(toile, run):
    other = shutil.copytree(run, run.with_name("other"))
    # It would be drawn anew each time, as the test above has it.
    (other / "report.html").unlink()
    toile("star", "other")
    assert [one["run"] for one in toile("runs", "--starred", "--json").json["runs"]] == [str(other)]
    assert toile("star", "other", "--remove").output == "removed the star of other\n"
    assert toile("runs", "--starred", "--json").json["runs"] == []
    toile("note", "other", "mine")
    assert toile("note", "other", "--remove").output == "removed the note of other\n"
    assert "has no note" in toile("note", "other").output


def test_a_run_gets_a_name_of_its_own(toile, run):
    assert toile("rename", "last", "first-try").output == "run is now first-try\n"
    assert "Run first-try" in (run.with_name("first-try") / "report.html").read_text()
    assert toile("show", "first").code == 0
    assert "did you mean first-try?" in toile("rename", "first-tri", "x").errors
    assert "cannot be a name" in toile("rename", "first-try", "a/b").errors


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["note", "run", ""], "the note is empty"),
        (["note", "runn", "text"], "did you mean run?"),
        (["star", "run", "runn"], "did you mean run?"),
        (["note", "run", "text", "--remove"], "leave TEXT out"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changed(toile, run, words, why):
    answer = toile(*words)
    assert answer.code == 2
    assert why in answer.errors
    assert not (run / "remarks.json").exists()
