"""`toile inspect mistakes` on a run: the surest wrong answers, and what lies nearest to them."""

import csv

import numpy as np
import pytest

from toile.data import load_data, split_data
from toile.evaluation import probabilities
from toile.runs import Run, open_run
from toile.workbench import inspected, view_mistakes


@pytest.fixture
def found(toile, among_runs) -> dict:
    return toile("inspect", "mistakes", "last", "--count=5", "--neighbours=3", "--json").json


def test_the_surest_errors_are_those_of_the_stored_answers(found, among_runs):
    run = Run(among_runs)
    likely = probabilities(run.validation.logits)
    wrong = likely.argmax(1) != run.validation.labels
    assert found["errors"] == wrong.sum()
    assert found["scored"] == {"images": found["images"], "errors": found["errors"]}
    sure = [mistake["probability"] for mistake in found["mistakes"]]
    np.testing.assert_allclose(sure, np.sort(likely.max(1)[wrong])[::-1][:5])
    rows = {int(index): row for row, index in enumerate(run.validation.indices)}
    for mistake in found["mistakes"]:
        row = rows[mistake["index"]]
        assert mistake["answered"] == run.data.class_names[likely[row].argmax()]
        assert mistake["true"] == run.data.class_names[run.validation.labels[row]]


def test_one_mistake_and_several_have_their_own_words(toile, among_runs):
    one, several = (toile("inspect", "mistakes", "last", f"--count={n}").output for n in (1, 2))
    assert "for the most confident, the nearest training image has" in one
    assert "for the 2 most confident, the nearest training image has" in several


def test_the_library_says_the_same(found, among_runs):
    assert view_mistakes(inspected(open_run("last")), 5, 3).record == found


def test_neighbours_are_images_that_were_trained_on_the_nearest_first(found, among_runs):
    images = load_data("fashion-sample").train
    run = Run(among_runs)
    trained = split_data(images, run.recipe.data).train
    known = {pixels.tobytes() for pixels in trained.pixels}
    for mistake in found["mistakes"]:
        assert len(mistake["neighbours"]) == 3
        for near in mistake["neighbours"]:
            assert images.pixels[near["index"]].tobytes() in known
            assert run.data.class_names[images.labels[near["index"]]] == near["class"]
        distances = [near["distance"] for near in mistake["neighbours"]]
        assert distances == sorted(distances)


def test_the_table_has_all_of_them_and_the_sheet_and_arrays_are_written(
    toile, among_runs, tmp_path
):
    answer = toile(
        "inspect", "mistakes", "last", "--count=4", "--neighbours=2", "--by=euclidean",
        "--csv=a.csv", "--out=a.png", "--values=a.npz",
    )  # fmt: skip
    assert answer.code == 0, answer.errors
    assert "wrote a.csv" in answer.output
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    with np.load(tmp_path / "a.npz") as arrays:
        assert [int(row["index"]) for row in rows] == arrays["indices"].tolist()
        assert [float(row["probability"]) for row in rows] == pytest.approx(arrays["probabilities"])
        assert arrays["neighbours"].shape == arrays["distances"].shape == (4, 2)
    assert list(rows[0]) == ["index", "true", "answered", "probability", "file"]
    assert f"{len(rows):,} of 1,200 validation images are predicted wrong" in answer.output


def test_the_best_weights_answer_anew_and_only_the_other_half_scores(toile, among_runs):
    found = toile("inspect", "mistakes", "last", "--weights=best", "--neighbours=0", "--json").json
    last = toile("inspect", "mistakes", "last", "--neighbours=0", "--json").json
    # One epoch: the best weights are the last ones.
    assert [one["index"] for one in found["mistakes"]] == [one["index"] for one in last["mistakes"]]
    assert found["scored"]["images"] == found["images"] // 2
    assert found["scored"]["errors"] < found["errors"]
    assert found["mistakes"][0]["neighbours"] == []
    assert found["metric"] is None


def test_what_cannot_be_written_or_told_is_refused(toile, among_runs):
    def refused(*words) -> str:
        answer = toile("inspect", "mistakes", "last", *words)
        assert answer.code == 2
        return " ".join(answer.errors.split())

    assert "--csv a.txt ends in '.txt'" in refused("--csv=a.txt")
    assert "--by is 'near'; it is one of 'cosine', 'euclidean'" in refused("--by=near")
    assert "no run, study, search or sheet" in " ".join(
        toile("inspect", "mistakes", "absent").errors.split()
    )


@pytest.mark.parametrize("view", ["mistakes", "census"])
def test_files_are_written_where_nobody_reads_to_the_end(
    toile, among_runs, tmp_path, monkeypatch, view
):
    def leave(_: str) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(f"toile.cli.inspect.{'viewing' if view == 'mistakes' else view}.say", leave)
    files = ["--out=a.png", "--values=a.npz", *["--csv=a.csv"] * (view == "mistakes")]
    with pytest.raises(BrokenPipeError):
        toile("inspect", view, "last", *files)
    assert {path.name for path in tmp_path.glob("a.*")} == {file.split("=")[1] for file in files}
