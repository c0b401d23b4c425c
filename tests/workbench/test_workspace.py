"""`toile.Workspace`: pages tell the note, the star and the name that were given in Python."""

import shutil

import pytest

import toile


@pytest.fixture
def pictures_here(pictures, tmp_path):
    return shutil.copytree(pictures, tmp_path / "pictures")


@pytest.fixture
def run(small, pictures_here):
    run = toile.begin(small(name=str(pictures_here))).finish()
    toile.write_report(run)
    return run


def test_a_note_a_star_and_a_name_are_on_the_page_at_once(run):
    workspace = toile.Workspace()
    workspace.note(run.name, "the first that works")
    workspace.star(run.name)
    assert "Starred. Note: the first that works" in (run.folder / "report.html").read_text()

    page = workspace.rename(run.name, "mine").folder / "report.html"
    assert "Run mine" in page.read_text()
    workspace.remove_note("mine")
    assert "the first that works" not in page.read_text()


def test_a_page_whose_pictures_are_gone_is_left_as_it_was_and_a_warning_says_so(run, pictures_here):
    page = (run.folder / "report.html").read_bytes()
    shutil.rmtree(pictures_here)
    with pytest.warns(UserWarning, match="its pictures are not here; toile report"):
        toile.Workspace().note(run.name, "kept all the same")
    assert (run.folder / "report.html").read_bytes() == page
    assert toile.Workspace().run(run.name).remarks.note == "kept all the same"


def test_one_without_a_page_gets_none(run):
    (run.folder / "report.html").unlink()
    toile.Workspace().note(run.name, "no page asked for")
    assert not (run.folder / "report.html").exists()
