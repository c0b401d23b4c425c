"""Folders that older Toiles wrote: opened, shown, gone on with, judged and exported as ever.

Each is what `make.py` wrote with the Toile of that version, and is never written again.
"""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

import toile
from toile.errors import ToileError
from toile.export.keras_file import KerasFile
from toile.export.onnx_file import OnnxFile
from toile.export.safetensors_file import SafetensorsFile
from toile.migrations import version_of
from toile.recipe import with_settings
from toile.runs import (
    Run,
    RunsFolder,
    differences,
    load_arrays,
    read_ledger,
    read_state,
)
from toile.sheets import open_sheet, read_answers
from toile.studies import study_sentence
from toile.workbench import write_reports

HERE = Path(__file__).parent
VERSIONS = sorted(path.name for path in HERE.glob("version*"))
TEXTS = (".yaml", ".json", ".jsonl")
NEWER = '{"version": 99, '


@pytest.fixture(params=VERSIONS)
def golden(request, tmp_path, monkeypatch) -> Path:
    """A copy whose paths lead into itself, and whose runs are those that are kept."""
    place = tmp_path / "golden"
    shutil.copytree(HERE / request.param, place)
    made_at = expected(place)["made_at"]
    for file in place.rglob("*"):
        if file.suffix in TEXTS and file.name != "expected.json":
            file.write_text(file.read_text().replace(made_at, str(place)))
    monkeypatch.setenv("TOILE_RUNS", str(place / "runs"))
    return place


def expected(place: Path) -> dict:
    return json.loads((place / "expected.json").read_text())


def all_runs(place: Path) -> list[Run]:
    return [Run(file.parent) for file in sorted(place.rglob("state.json"))]


def as_made(run: Run, place: Path):
    """The run's recipe with the path that its data had where it was made."""
    name = f"{expected(place)['made_at']}/images.npz"
    return with_settings(run.recipe, {"data.name": name})


def test_every_run_says_all_that_it_says_of_itself(golden):
    runs = all_runs(golden)
    assert len(runs) > 10
    for run in runs:
        assert run.data.class_names == ("0", "1", "2")
        assert run.recipe.training.shards == 1
        assert len(run.history.epochs) == run.results.epochs
        hits = run.validation.logits.argmax(1) == run.validation.labels
        assert run.results.validation.accuracy.value == hits.mean()
    assert Run(golden / "runs" / "ended").results.score.value == (expected(golden)["accuracy"])


def test_recipes_keep_their_hashes_and_looks_are_of_them(golden):
    recipe = as_made(Run(golden / "runs" / "ended"), golden)
    known = expected(golden)
    assert recipe.hash == known["recipe"]
    assert toile.Recipe.preset("s1-lab").hash == known["preset"]
    changed = {"training.engine": "plain", "data.orientation": "as_is"}
    assert with_settings(recipe, changed).hash == known["changed"]
    looks = read_ledger()
    assert [(one.run, one.networks, one.why) for one in looks] == [
        ("ended", 1, "golden"),
        ("study", 4, "golden"),
    ]
    assert looks[0].recipe == known["recipe"]
    assert all(0 <= one.score.accuracy.value <= 1 for one in looks)


def test_a_stopped_run_goes_on_to_the_bits_of_one_that_never_stopped(golden, tmp_path):
    stopped = Run(golden / "runs" / "stopped")
    resumed = toile.resume(stopped)
    whole = toile.train(stopped.recipe, out=tmp_path / "whole")
    weights = [load_arrays(run.folder / "last.safetensors") for run in (resumed, whole)]
    for name, array in weights[0].arrays.items():
        np.testing.assert_allclose(array, weights[1].arrays[name], rtol=0, atol=1e-4)
    if not differences(whole.environment.to_json(), expected(golden)["environment"]):
        assert [one.sha256 for one in weights] == [expected(golden)["whole"]] * 2


def test_what_is_written_today_says_its_version(golden, tmp_path):
    run = toile.train(Run(golden / "runs" / "ended").recipe, epochs=1, out=tmp_path / "run")
    for file in run.folder.rglob("*.*"):
        if file.suffix == ".json":
            assert json.loads(file.read_text())["version"] == version_of(file.name)
        if file.suffix == ".safetensors":
            with safe_open(file, "np") as stored:
                version = json.loads(stored.metadata()["toile"])["version"]
                is_checkpoint = file.parent.name == "checkpoint"
                name = "checkpoint.safetensors" if is_checkpoint else file.name
                assert version == version_of(name)
    assert (run.folder / "recipe.yaml").read_text().startswith("version: 3\n")


def test_an_ended_run_is_judged_exported_and_trained_longer(golden):
    ended = Run(golden / "runs" / "ended")
    assert toile.evaluate(ended).judgement.accuracy.value == expected(golden)["accuracy"]
    looked = toile.evaluate(ended, open_test=True, why="again")
    assert looked.judgement.accuracy.n == ended.data.test == 20
    assert len(read_ledger()) == 3
    for name in ("model.onnx", "model.h5", "model.safetensors"):
        written = toile.export_run(ended, file=golden / f"again-{name}")
        assert written.parity.agreement == 1
    assert toile.resume(ended, epochs=3).results.epochs == 3


@pytest.mark.parametrize(
    ("name", "kind"),
    [("model.onnx", OnnxFile), ("model.h5", KerasFile), ("model.safetensors", SafetensorsFile)],
)
def test_an_exported_file_answers_as_its_run_does(golden, name, kind):
    classifier = kind.open((golden / name).read_bytes())
    run = Run(golden / "runs" / "ended")
    with np.load(golden / "images.npz") as images:
        pixels = images["x_train"][run.validation.indices][:, None]
    np.testing.assert_allclose(classifier.logits(pixels), run.validation.logits, atol=1e-4)
    assert classifier.about.plan.parameters == run.plan.parameters


def test_a_bundle_is_imported_and_its_look_is_counted_once(golden, tmp_path):
    run, manifest = toile.import_bundle(golden / "bundle.zip", tmp_path / "elsewhere")
    assert run.results == Run(golden / "runs" / "ended").results
    assert [one.why for one in manifest.looks] == ["golden"]
    shutil.rmtree(golden / "runs" / "ended")
    toile.import_bundle(golden / "bundle.zip")
    assert len(read_ledger()) == 2


def test_a_study_says_its_verdict_and_takes_more_readings(golden):
    folder = golden / "runs" / "study"
    said = json.loads((folder / "verdict.json").read_text())["sentence"]
    result = toile.open_study(folder)
    assert result.verdict is not None
    assert study_sentence(result) == said
    assert result.test.networks == 5
    more = toile.study(folder, add_readings=1, on="inline").finish()
    assert more.count("finished") == 6


def test_a_search_goes_on_where_it_was(golden):
    before = toile.open_search(golden / "runs" / "search")
    assert [one.status for one in before.trials] == ["finished", "finished"]
    after = toile.search(golden / "runs" / "search", trials=3, on="inline").finish()
    assert [dict(one.values) for one in after.trials[:2]] == [
        dict(one.values) for one in before.trials
    ]
    assert after.ended


def test_a_sheet_keeps_its_answers_and_is_gone_on_with(golden):
    folder = golden / "runs" / "sheet"
    assert read_answers(folder)[1].text == "The slower one."
    result = open_sheet(folder)
    assert [one.ended for one in result.outcomes] == [True, True, False]
    again = toile.run_sheet(folder / "sheet.yaml", out=folder, on="inline").finish()
    # Today's record also has the setting that is compared.
    assert again.outcomes[1].record == result.outcomes[1].record | {"setting": "training.ema"}


def test_listings_and_reports_show_all_of_it(golden):
    assert {one.run.id for one in toile.list_runs()} == {"stopped", "ended", "begun-from"}
    assert {one.kind for one in RunsFolder().entries("study", "search", "sheet")} == {
        "study", "search", "sheet",
    }  # fmt: skip
    for name in ("ended", "study", "search", "sheet"):
        (page,) = write_reports(RunsFolder().named(name), ["html"])
        assert page.stat().st_size > 10_000


READ = {
    "runs/ended/recipe.yaml": lambda place: Run(place / "runs/ended").recipe,
    "runs/ended/state.json": lambda place: read_state(place / "runs/ended"),
    "runs/ended/data.json": lambda place: Run(place / "runs/ended").data,
    "runs/ended/environment.json": lambda place: Run(place / "runs/ended").environment,
    "runs/ended/results.json": lambda place: Run(place / "runs/ended").results,
    "runs/ended/history.jsonl": lambda place: Run(place / "runs/ended").history,
    "runs/ledger.jsonl": lambda place: read_ledger(),
    "runs/study/study.yaml": lambda place: toile.open_study(place / "runs/study"),
    "runs/study/study.json": lambda place: toile.open_study(place / "runs/study"),
    "runs/study/test.json": lambda place: toile.open_study(place / "runs/study"),
    "runs/search/search.yaml": lambda place: toile.open_search(place / "runs/search"),
    "runs/search/search.json": lambda place: toile.open_search(place / "runs/search"),
    "runs/sheet/sheet.yaml": lambda place: open_sheet(place / "runs/sheet"),
    "runs/sheet/sheet.json": lambda place: open_sheet(place / "runs/sheet"),
    "runs/sheet/answers.yaml": lambda place: open_sheet(place / "runs/sheet"),
    "runs/sheet/2-side-by-side/outcome.json": lambda place: open_sheet(place / "runs/sheet"),
}


@pytest.mark.parametrize("name", READ)
def test_what_a_newer_toile_wrote_is_refused_with_a_sentence(golden, name):
    file = golden / name
    READ[name](golden)
    text = re.sub(r'^version: \d+\n|"version": \d+,|,\s*"version": \d+', "", file.read_text())
    newer = "version: 99\n" + text if file.suffix == ".yaml" else text.replace("{", NEWER, 1)
    file.write_text(newer)
    with pytest.raises(ToileError, match="was written by a newer Toile: its form has version 99"):
        READ[name](golden)
