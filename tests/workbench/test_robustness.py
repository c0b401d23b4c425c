"""A run measured on harder pictures: on which images, against what, and that it stays as it was."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from markupsafe import escape

import toile
from toile.data import load_data
from toile.errors import ToileError
from toile.evaluation import CORRUPTIONS, accuracy, proportion
from toile.files import write_atomically
from toile.prediction import blank_pictures, noise_pictures
from toile.recipe import recipe_of
from toile.report import run_page
from toile.report.page.harder_pictures import harder_pictures
from toile.runs import Run
from toile.workbench import robustness

RECIPE = {
    "name": "small",
    "data": {"name": "fashion-sample", "size_px": 8, "validation": 260},
    "network": [{"conv": {"filters": 2, "kernel": 3}}, "relu", "flatten", {"dense": "classes"}],
    "training": {
        "optimizer": {"adam": 0.01}, "batch_size": 64, "epochs": 3, "threads": 1,
        "precision": "float32",
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch):
    """Of each kind, and to attack, so that a measurement takes a second."""
    monkeypatch.setattr(robustness, "NO_CLASS", 20)
    monkeypatch.setattr(robustness, "ATTACKED", 50)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    return toile.train(recipe_of(RECIPE), out=tmp_path_factory.mktemp("robust") / "run")


@pytest.fixture(scope="module")
def found(run):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(robustness, "NO_CLASS", 20)
        patch.setattr(robustness, "ATTACKED", 50)
        return toile.evaluate_robustness(run)


def test_it_is_measured_on_the_images_that_evaluate_scores(run, found):
    assert found.of == "validation"
    np.testing.assert_array_equal(found.values["indices"], run.validation.indices)
    assert found.clean.accuracy == toile.evaluate(run).judgement.accuracy
    for scores in found.corruptions:
        logits = found.values[scores.corruption.name]
        assert logits.shape == (5, 260, 10)
        for level, row in zip(scores.levels, logits, strict=True):
            assert level.accuracy == accuracy(row, run.validation.labels)
    assert set(found.values["attacked"]) < set(run.validation.indices)


def test_the_page_has_the_very_numbers(run, found, tmp_path):
    measured = replace(found, run=Run(shutil.copytree(run.folder, tmp_path / "run")))
    assert harder_pictures(measured.run) is None
    assert "On harder pictures" not in run_page(measured.run, run.plan, None)
    measured.save()
    harder = harder_pictures(measured.run)
    assert harder is not None
    *corruptions, attack = harder.falls
    for fall, scores in zip(corruptions, found.corruptions, strict=True):
        assert (fall.title, fall.clean) == (scores.corruption.name, found.clean.accuracy)
        assert fall.lines == {"": [(level.strength, level.accuracy) for level in scores.levels]}
    assert (attack.clean, attack.lines) == (found.attacked_clean, found.attacked)
    assert [answered for _, answered in harder.no_class] == [
        score.answered for score in found.no_class
    ]
    assert (harder.of, harder.clean, harder.attacked) == (
        found.of, found.clean.accuracy, found.attacked_clean,
    )  # fmt: skip
    page = run_page(measured.run, run.plan, None)
    assert str(escape(found.sentence))[1:] in page
    assert page.count("<tr><th>PGD</th>") == len(found.attacked["pgd"])


def test_a_record_without_its_scores_is_damaged(run, found, tmp_path):
    measured = replace(found, run=Run(shutil.copytree(run.folder, tmp_path / "run")))
    path = measured.save()
    for name in ("clean", "corruptions", "attacks", "no_class"):
        record = json.loads(path.read_text())
        del record[name]
        (tmp_path / "run" / "robustness.json").write_text(json.dumps(record))
        with pytest.raises(ToileError, match=rf"{name}.*measure anew: toile evaluate"):
            run_page(measured.run, run.plan, None)
        measured.save()


def test_a_formula_in_a_record_is_text(run, found, tmp_path):
    """Of a bundle that somebody made: matplotlib would read it, and stop at a wrong one."""
    measured = replace(found, run=Run(shutil.copytree(run.folder, tmp_path / "run")))
    path = measured.save()
    record = json.loads(path.read_text())
    record["corruptions"][0] |= {"corruption": "$\\frac{$", "unit": "$x_{$"}
    record["attacks"]["scores"][0]["method"] = "$}$"
    path.write_text(json.dumps(record))
    assert "$}$" in run_page(measured.run, run.plan, None)


def test_only_validation_images_are_ever_read(run, monkeypatch):
    seen = []
    own = robustness.corrupt_by_strength

    def watched(pixels, *rest):
        seen.append(pixels)
        return own(pixels, *rest)

    monkeypatch.setattr(robustness, "corrupt_by_strength", watched)
    toile.evaluate_robustness(run, attacks=False)
    expected = load_data("fashion-sample", size_px=8).train.pixels[run.validation.indices]
    np.testing.assert_array_equal(np.concatenate(seen[:2]), expected)
    assert len(seen) == len(CORRUPTIONS) * 2


def test_best_weights_are_measured_on_the_half_that_did_not_choose_them(run):
    found = toile.evaluate_robustness(run, weights="best", attacks=False)
    assert found.of == "the scoring half of validation"
    validation = run.validation
    np.testing.assert_array_equal(
        found.values["indices"], validation.indices[validation.selection == 0]
    )
    assert any("only for its last weights" in note for note in found.left_out)


def test_the_same_seed_gives_the_same_bits_and_the_run_stays_as_it_was(run):
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    first, same, other = (
        toile.evaluate_robustness(run, seed=seed, attacks=False).values for seed in (2, 2, 3)
    )
    assert first.keys() == same.keys()
    assert all(np.array_equal(first[name], same[name]) for name in first)
    assert not np.array_equal(first["noise"], other["noise"])
    assert np.array_equal(first["blur"], other["blur"])
    assert before == {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}


def test_attacks_hurt_more_the_further_they_may_go(found):
    assert found.attacked_clean.n == 50
    assert [eps for eps, _ in found.attacked["pgd"]] == [1, 2, 4, 8]
    for scores in found.attacked.values():
        values = [score.value for _, score in scores]
        assert values[0] <= found.attacked_clean.value
        assert values[3] < values[0]
    # Ten steps find what one does, or better.
    assert found.attacked["pgd"][3][1].value <= found.attacked["fgsm"][3][1].value


def test_what_is_no_class_is_asked_as_predict_asks(run, found):
    kinds = {score.kind: score for score in found.no_class}
    # fashion-mnist and its sample have this run's classes.
    assert not {"fashion-mnist", "fashion-sample"} & set(kinds)
    for kind, make in (("noise", noise_pictures), ("blank", blank_pictures)):
        answered = toile.predict(run, list(make(20, run.data.shape)))
        tops = [one.top[0].probability for one in answered if one.top]
        assert kinds[kind].answered == proportion(len(tops), 20)
        assert kinds[kind].sure == (pytest.approx(np.median(tops)) if tops else None)
    assert found.cost == toile.evaluate(run).abstention


def trained_on(sample: toile.Dataset, names: list[str], place) -> Run:
    pixels = sample.train.pixels[:200]
    return toile.train(
        recipe_of(RECIPE | {"data": {"validation": 60}}),
        data=toile.Dataset.from_arrays(pixels, [names[at % 2] for at in range(len(pixels))]),
        out=place,
    )


def test_another_datasets_pictures_are_of_no_class_unless_the_run_learnt_from_them(tmp_path):
    sample = load_data("fashion-sample", size_px=8)
    learnt = trained_on(sample, ["thing", "other"], tmp_path / "learnt")
    noise = noise_pictures(200, (1, 8, 8), 9)
    own = trained_on(toile.Dataset.from_arrays(noise, [0, 1] * 100), ["a", "b"], tmp_path / "own")
    kinds = [
        [score.kind for score in toile.evaluate_robustness(one, attacks=False).no_class]
        for one in (learnt, own)
    ]
    assert "fashion-sample" not in kinds[0]
    assert kinds[1][2] in robustness.ELSEWHERE


def test_json_has_every_score_with_its_interval(run, found):
    record = json.loads(json.dumps(found.to_json()))
    assert record["sentence"] == found.sentence
    turned = record["corruptions"][1]
    assert turned["corruption"] == "rotate"
    assert [level["strength"] for level in turned["strengths"]] == [5, 10, 15, 30, 45]
    last = turned["strengths"][4]
    assert set(last["per_class"]) == set(run.data.class_names)
    assert last["accuracy"]["low"] < last["accuracy"]["value"] < last["accuracy"]["high"]
    assert len(record["attacks"]["scores"]) == 8


def test_a_run_without_weights_or_with_other_data_is_refused(run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    with pytest.raises(ToileError, match="trained on other images"):
        toile.evaluate_robustness(folder, data=_other(tmp_path), attacks=False)
    (folder / "last.safetensors").unlink()
    with pytest.raises(ToileError, match="has no last weights"):
        toile.evaluate_robustness(folder)


def _other(place):
    sample = load_data("fashion-sample").train
    file = place / "other.npz"
    write_atomically(file, b"")
    np.savez(file, x_train=sample.pixels[:900, 0], y_train=sample.labels[:900])
    return file
