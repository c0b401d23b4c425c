"""A study's report from the folders of its runs."""

import json
from pathlib import Path

import numpy as np
import pytest

import toile
from toile.errors import ToileError
from toile.files import finite
from toile.recipe import recipe_of, with_settings
from toile.runs import Run
from toile.statistics import judge_readings, read_table
from toile.studies import Factors, Reading, StudyResult, study_of, study_summary
from toile.workbench.study_page import correct_by_level, write_study_report

RECIPE = {
    "name": "bars",
    "network": ["flatten", {"dense": {"units": 4}}, "relu", {"dense": "classes"}],
    "training": {"batch_size": 16, "epochs": 1, "threads": 1, "precision": "float32"},
}


@pytest.fixture(scope="module")
def result(tmp_path_factory) -> StudyResult:
    """Two levels of two readings, trained on 96 noisy pictures of three kinds."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("study")
    labels = np.arange(126) % 3
    pixels = rng.integers(0, 120, (126, 8, 8), dtype=np.uint8)
    for image, label in zip(pixels, labels, strict=True):
        image[3 * label : 3 * label + 2] += 60
    parts = {"train": slice(96), "test": slice(96, None)}
    arrays = {f"{part}_x": pixels[among] for part, among in parts.items()}
    arrays |= {f"{part}_y": labels[among] for part, among in parts.items()}
    np.savez(folder / "bars.npz", **arrays)
    readings = []
    for units in ("2", "8"):
        for number in (1, 2):
            settings = {"network.dense1.units": int(units), "seed": number, "data.validation": 30}
            recipe = with_settings(recipe_of(RECIPE), settings)
            out = folder / f"{units}-{number}"
            run = toile.train(recipe, data=folder / "bars.npz", out=out)
            score = run.score.value
            readings.append(Reading(units, number, number, out, "finished", score, 1.0))
    spec = study_of({"recipe": RECIPE, "vary": {"network.dense1.units": [2, 8]}})
    levels = tuple(Factors(name, {}) for name in ("2", "8"))
    return StudyResult(folder, spec, levels, tuple(readings), Run(readings[0].folder).environment)


def test_hits_are_the_images_each_reading_got_right(result):
    hits = correct_by_level(result)
    assert {name: right.shape for name, right in hits.items()} == {"2": (2, 30), "8": (2, 30)}
    assert hits["2"].mean(axis=1).tolist() == pytest.approx(result.scores()["2"])
    assert hits["8"].mean(axis=1).tolist() == pytest.approx(result.scores()["8"])


def test_a_level_that_answered_other_images_is_left_out(result, tmp_path):
    recipe = Run(result.readings[0].folder).recipe
    other = toile.train(with_settings(recipe, {"data.split": 5}), out=tmp_path / "other")
    odd = Reading("odd", 1, 1, other.folder, "finished", 0.5, 1.0)
    more = StudyResult(
        result.folder,
        result.spec,
        (*result.levels, Factors("odd", {})),
        (*result.readings, odd),
    )
    assert list(correct_by_level(more)) == ["2", "8"]


def test_every_form_is_written_into_the_studys_folder(result):
    written = write_study_report(result, ["html", "md", "csv", "tex", "pdf"])
    names = {str(path.relative_to(result.folder)) for path in written}
    tables = (
        "levels", "pairs", "noise", "pair-noise", "reached", "ends", "readings", "runs",
    )  # fmt: skip
    assert names == {
        "report.html", "report.md", "readings.svg", "pairs.svg", "curves.svg", "tables.tex",
        "report.pdf",
        *(f"tables/{name}.csv" for name in tables),
    }  # fmt: skip
    assert all(path.stat().st_size > 50 for path in written)
    assert (result.folder / "tables.tex").read_text().count(r"\begin{tabular}") == 8


def test_the_readings_written_give_the_same_verdict_again(result):
    write_study_report(result, ["csv"])
    verdict = result.verdict
    table = read_table(result.folder / "tables" / "readings.csv")
    again = judge_readings(table, alpha=verdict.alpha, analysis=verdict.analysis)
    assert finite(again.to_json()) == finite(verdict.to_json())


def test_a_form_that_is_not_is_refused_before_anything_is_written(result, tmp_path):
    elsewhere = StudyResult(tmp_path, result.spec, result.levels, result.readings)
    with pytest.raises(
        ToileError, match="docx is no form of a study's report; it is written as html, md"
    ):
        write_study_report(elsewhere, ["html", "docx"])
    assert not list(tmp_path.iterdir())


def test_the_same_study_gives_the_same_bytes(result):
    (path,) = write_study_report(result)
    first = path.read_bytes()
    write_study_report(result)
    assert path == Path(result.folder / "report.html")
    assert path.read_bytes() == first


def test_json_has_each_readings_curve_and_how_soon_it_was_how_good(result):
    said = finite(study_summary(result))
    one = result.readings[0]
    epochs = Run(one.folder).history.epochs
    curve = said["curves"]["2"][0]
    assert curve["accuracies"] == [epochs[0]["validation"]["accuracy"]]
    assert curve["seconds"] == [epochs[0]["total_seconds"]]
    assert {(row["level"], row["readings"]) for row in said["reached"]} == {("2", 2), ("8", 2)}
    json.dumps(said)
