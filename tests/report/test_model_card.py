"""A run's model card: what it says, and that it keeps quiet about this machine."""

import json
import re
import shutil
from dataclasses import replace

import pytest
import yaml

import toile
from toile.errors import ToileError
from toile.evaluation import proportion
from toile.recipe import read_recipe, recipe_of
from toile.report import model_card
from toile.runs import Run, load_arrays, read_state
from toile.runs.state import write_state
from toile.runs.tensors import save_arrays
from toile.workbench import robustness

RECIPE = {
    "name": "small",
    "data": {"size_px": 8, "validation": 120, "scaling": "standard"},
    "network": [{"conv": {"filters": 4, "kernel": 3}}, "relu", "flatten", {"dense": "classes"}],
    "training": {"optimizer": {"adam": 0.01}, "batch_size": 32, "epochs": 2, "threads": 1},
}


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch):
    """Of each kind that is no class, so that robustness takes a second or two."""
    monkeypatch.setattr(robustness, "NO_CLASS", 20)


@pytest.fixture(scope="module")
def run(few_garments, tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("cards")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TOILE_RUNS", str(folder))
        run = toile.train(recipe_of(RECIPE), data=few_garments, out=folder / "run")
        yield run


@pytest.fixture(scope="module")
def card(run) -> str:
    return model_card(run)


def test_its_head_is_yaml_that_hubs_read(card):
    _, head, _ = card.split("---\n", 2)
    fields = yaml.safe_load(head)
    assert fields["pipeline_tag"] == "image-classification"
    assert fields["datasets"] == ["garments.npz"]


def test_its_scores_are_those_of_the_run(run, card):
    score = run.score
    assert f"Accuracy {100 * score.value:.2f} % ({100 * score.low:.1f} to" in card
    assert f"n = {score.n}." in card
    recalls = toile.evaluate(run).judgement.per_class
    worst = min(recalls, key=lambda scores: scores.recall.value).recall
    assert f"{100 * worst.value:.2f} % ({100 * worst.low:.1f} to {100 * worst.high:.1f})" in card
    assert "It was never opened" in card
    assert "480 training images; 120 held out for validation; 100 sealed" in card


def test_what_was_not_measured_is_said_with_the_command(run, card):
    assert f"`toile baselines {run.id}`" in card
    assert f"`toile evaluate {run.id} --robustness`" in card


def test_it_says_nothing_of_this_machines_folders(run, card, few_garments):
    assert str(few_garments.parent) not in card
    assert str(run.folder.parent) not in card


def test_its_recipe_can_be_trained(card, tmp_path):
    text = re.search("```yaml\n(.*?)```", card, re.DOTALL)[1]
    (tmp_path / "recipe.yaml").write_text(text)
    assert read_recipe(tmp_path / "recipe.yaml").training.epochs == 2


def test_what_was_measured_later_stands_in_it(run):
    baselines = toile.baselines(run)
    measured = toile.evaluate_robustness(run, attacks=False)
    measured.save()
    card = model_card(run)
    assert "not measured" not in card
    assert f"{100 * baselines.best.accuracy.value:.2f} %" in card
    assert measured.sentence.split(",")[0].split(":")[0][:20] in card


def test_robustness_of_earlier_weights_is_not_quoted(run, tmp_path):
    measured = toile.evaluate_robustness(run, attacks=False)
    measured.save()
    folder = shutil.copytree(run.folder, tmp_path / "later")
    before = (folder / "robustness.json").read_bytes()
    resumed = toile.resume(folder, epochs=3)
    assert not (folder / "robustness.json").exists()
    (folder / "robustness.json").write_bytes(before)
    assert resumed.robustness is None
    assert (
        "measured of an earlier state; measure again: `toile evaluate later --robustness`"
        in model_card(resumed)
    )
    with pytest.raises(ToileError, match="no longer those that were measured"):
        replace(measured, run=resumed).save()


def test_it_says_of_which_weights_robustness_is_and_what_must_be_said_beside_it(run, tmp_path):
    folder = shutil.copytree(run.folder, tmp_path / "copy")
    measured = replace(toile.evaluate_robustness(Run(folder), attacks=False), run=Run(folder))
    record = measured.to_json() | {"weights": "best", "seen": "It learnt | them."}
    record["weights_sha256"] = Run(folder).weights_sha256("best")
    (folder / "robustness.json").write_text(json.dumps(record))
    card = model_card(Run(folder))
    assert "harder to read, with the weights of the best epoch by the choosing half" in card
    assert r"It learnt \| them." in card


@pytest.fixture(scope="module")
def other_best(run, tmp_path_factory) -> Run:
    """The run as if an earlier epoch had been better, whose weights were other ones."""
    folder = shutil.copytree(run.folder, tmp_path_factory.mktemp("best") / "other")
    arrays = load_arrays(folder / "last.safetensors").arrays
    digest = save_arrays(
        folder / "best.safetensors", {name: value / 2 for name, value in arrays.items()}
    )
    results = json.loads((folder / "results.json").read_text())
    results["weights"]["best"] = digest
    results["best"] |= {"epoch": 1, "accuracy": proportion(29, 60).to_json()}
    (folder / "results.json").write_text(json.dumps(results))
    (folder / "robustness.json").unlink(missing_ok=True)
    return Run(folder)


def test_a_card_of_the_best_weights_has_their_score(other_best, tmp_path):
    exported = toile.export_run(other_best, file=tmp_path / "a.onnx", weights="best")
    card = toile.write_card(other_best, tmp_path / "a-card.md", exported).read_text()
    score = other_best.results.best.score
    assert f"Accuracy {100 * 29 / 60:.2f} % ({100 * score.low:.1f} to" in card
    assert "weights of epoch 1, the best by the choosing half of validation, on 60 " in card
    assert f"Accuracy {100 * other_best.score.value:.2f} %" not in card
    assert "are of the last epoch's weights, not of this file" in card
    assert "`toile evaluate other --robustness --weights best`" in card
    assert "it holds the weights of the best epoch by the choosing half of validation" in card
    last = toile.export_run(other_best, file=tmp_path / "b.onnx")
    card = toile.write_card(other_best, tmp_path / "b-card.md", last).read_text()
    assert f"Accuracy {100 * other_best.score.value:.2f} %" in card
    assert "not of this file" not in card


def test_robustness_of_weights_that_the_file_has_not_is_told_from_it(other_best, tmp_path):
    toile.evaluate_robustness(other_best, attacks=False).save()
    exported = toile.export_run(other_best, file=tmp_path / "a.onnx", weights="best")
    card = toile.write_card(other_best, tmp_path / "a-card.md", exported).read_text()
    assert "with the last epoch's weights, which are not this file's: " in card


@pytest.mark.parametrize(
    ("file", "options", "said", "unsaid"),
    [
        ("a.onnx", {"input_kind": "bytes"}, "uint8 (n, 1, 8, 8): pixels, 0 to 255", "pixels / 255"),
        ("a.h5", {}, "it takes float32 (n, 8, 8, 1): (pixels / 255 - mean) / sd", "channels first"),
        ("a.safetensors", {}, "in the format of safetensors", "0 is black"),
    ],
)
def test_it_says_what_the_file_takes_and_nothing_else(run, tmp_path, file, options, said, unsaid):
    exported = toile.export_run(run, file=tmp_path / file, **options)
    card = toile.write_card(run, tmp_path / "card.md", exported).read_text()
    assert "## The file" in card
    assert said in card
    assert unsaid not in card
    assert f"it gives {exported.about.output}" in card
    parity = exported.parity
    assert f"on {100 * parity.agreement:.2f} % of {parity.images} validation images" in card
    assert exported.about.weights_sha256 in card


def test_a_card_of_int8_has_both_accuracies(run, tmp_path):
    exported = toile.export_run(run, file=tmp_path / "a.onnx")
    parity = exported.parity.model_copy(update={"accuracy": 0.5, "accuracy_float32": 0.625})
    about = exported.about.model_copy(update={"precision": "int8", "parity": parity})
    card = toile.write_card(run, tmp_path / "card.md", replace(exported, about=about)).read_text()
    assert "precision: int8" in card
    assert "50.00 % in int8, 62.50 % in float32" in card
    assert "That is the score of the network in float32" in card


def test_a_file_of_weights_that_the_run_no_longer_has_gets_none(run, tmp_path):
    exported = toile.export_run(run, file=tmp_path / "a.onnx")
    about = exported.about.model_copy(update={"weights_sha256": "0" * 64})
    with pytest.raises(ToileError, match=r"weights that run no longer has.*export it again"):
        toile.write_card(run, tmp_path / "card.md", replace(exported, about=about))


def test_an_imported_network_was_trained_elsewhere(run, few_garments, tmp_path):
    exported = toile.export_run(run, file=tmp_path / "own.onnx")
    settings = {"data.validation": 120}
    imported = toile.import_network(
        exported.file, few_garments, settings=settings, scaling="standard", out=tmp_path / "in"
    )
    card = toile.write_card(imported.run).read_text()
    assert "its weights came from the file own.onnx" in card
    assert "it was trained elsewhere; its training data is not known" in card
    assert "it is scored on 60 of the 120 validation images of garments.npz" in card
    assert "accuracies on those others: standardised by the training images:" in card
    assert "n = 60." in card
    assert "training images;" not in card
    assert "`toile train recipe.yaml` repeats it" not in card
    assert "datasets:" not in card
    assert str(tmp_path) not in card


@pytest.fixture(scope="module")
def dense(few_garments, tmp_path_factory) -> Run:
    """A run of a network without convolutions, which began with another's weights."""
    folder = tmp_path_factory.mktemp("dense")
    recipe = RECIPE | {"network": ["flatten", {"dense": "classes"}]}
    first = toile.train(recipe_of(recipe), data=few_garments, out=folder / "first")
    recipe["training"] = {**recipe["training"], "start": {"run": str(first.folder)}}
    return toile.train(recipe_of(recipe), data=few_garments, out=folder / "then")


def test_a_run_that_began_with_anothers_weights_needs_them(dense):
    card = model_card(dense)
    assert (
        "The recipe alone does not repeat it: it began with the last weights of the run first"
        in (card)
    )
    assert "A network without convolutions of" in card
    assert str(dense.folder.parent) not in card


def test_no_command_is_named_that_a_run_without_validation_refuses(few_garments, tmp_path):
    recipe = RECIPE | {"data": {"size_px": 8, "validation": 0}}
    run = toile.train(recipe_of(recipe), data=few_garments, out=tmp_path / "all")
    card = model_card(run)
    assert "none held out for validation" in card
    assert "toile baselines" not in card


def test_a_diverged_run_says_so(run, tmp_path):
    folder = shutil.copytree(run.folder, tmp_path / "wild")
    write_state(folder, replace(read_state(folder), status="diverged", reason="the loss was nan"))
    assert "The training diverged: the loss stopped being a number" in model_card(Run(folder))
    (folder / "results.json").unlink()
    with pytest.raises(ToileError, match="wild diverged before an epoch was scored"):
        toile.write_card(Run(folder))


def test_a_look_is_counted_in_it(run):
    toile.evaluate(run, open_test=True, why="for | the *card*")
    card = model_card(run)
    assert "Opened 1 time as of this card, 1 of them for this network" in card
    assert r"for \| the \*card\*" in card


def test_a_run_that_has_not_ended_has_none(run, tmp_path):
    folder = shutil.copytree(run.folder, tmp_path / "begun")
    (folder / "results.json").unlink()
    with pytest.raises(ToileError, match="has not ended"):
        toile.write_card(Run(folder))
