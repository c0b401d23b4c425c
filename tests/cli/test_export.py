import shutil
from pathlib import Path

import pytest

from toile.export import KerasClassifier, OnnxClassifier
from toile.export.safetensors_file import SafetensorsClassifier

OPEN = {"onnx": OnnxClassifier, "keras": KerasClassifier, "safetensors": SafetensorsClassifier}


@pytest.mark.parametrize(
    ("to", "name"), [("onnx", "run.onnx"), ("keras", "run.h5"), ("safetensors", "run.safetensors")]
)
def test_a_run_is_exported_under_its_name_with_its_proof(toile, among_runs, tmp_path, to, name):
    answer = toile("export", "last", f"--to={to}", "--json")
    assert answer.code == 0, answer.errors
    assert answer.json["file"] == name
    assert answer.json["format"] == to
    assert answer.json["max_difference"] < 1e-4
    assert (answer.json["agreement"], answer.json["images"]) == (1.0, 100)
    about = OPEN[to]((tmp_path / name).read_bytes()).about
    assert about.run == among_runs.name
    assert about.parity.max_difference == answer.json["max_difference"]
    assert answer.json["runtime"] == about.parity.runtime


def test_an_export_says_its_size_who_opened_it_and_how_far_off_it_was(toile, among_runs, tmp_path):
    answer = toile("export", "last", "model.onnx")
    assert answer.code == 0
    assert answer.errors == ""
    first, second, third = answer.output.splitlines()
    assert first == f"model.onnx  {(tmp_path / 'model.onnx').stat().st_size:,} bytes"
    assert second.startswith("opened by ONNX Runtime ")
    assert "same prediction for 100.00 % of 100 validation images, largest difference " in second
    assert third == (
        "input: float32 (n, 1, 28, 28): pixels / 255; output: float32 (n, 10): logits; their "
        "softmax gives probabilities"
    )
    again = toile("export", "last", "model.onnx")
    assert again.code == 2
    assert "model.onnx is there already" in again.errors
    assert toile("export", "last", "model.onnx", "--force").code == 0


def test_a_file_that_takes_bytes_is_made_and_served(toile, among_runs, tmp_path):
    from toile.data import no_progress
    from toile.service import open_model

    answer = toile("export", "last", "bytes.onnx", "--input=bytes")
    assert answer.code == 0, answer.errors
    assert "input: uint8 (n, 1, 28, 28): pixels, 0 to 255; output:" in answer.output
    assert toile("export", "last", "scaled.onnx").code == 0
    picture = (Path(__file__).parents[2] / "docs" / "photo.jpg").read_bytes()
    said = [
        open_model(str(tmp_path / f"{name}.onnx"), None, no_progress).answer(picture, 10)
        for name in ("bytes", "scaled")
    ]
    for first, second in zip(*(one.top for one in said), strict=True):
        assert first.class_name == second.class_name
        assert first.probability == pytest.approx(second.probability, abs=1e-5)
    assert toile("export", "last", "a.h5", "--input=bytes").code == 2


def test_int8_is_shown_with_both_accuracies(toile, quickly):
    # After one epoch of two filters the answers are too near one another to be kept.
    longer = [*quickly, "--set=network.conv1.filters=8", "--epochs=4", "--no-page"]
    assert toile("train", "s1-lab", "--out=longer", *longer).code == 0
    answer = toile("export", "longer", "small.onnx", "--int8")
    assert answer.code == 0, answer.errors
    assert "% in int8, " in answer.output
    assert "% in float32" in answer.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nobody", "--to=onnx"], "no run in"),
        (["last", "a.keras"], "tf_keras cannot read"),
        (["last", "--to=onnx", "--weights=worst"], "weights is worst; it is last or best"),
    ],
)
def test_a_wrong_word_is_answered_with_a_sentence(toile, among_runs, words, said):
    answer = toile("export", *words)
    assert answer.code == 2
    assert answer.errors.startswith("toile: ")
    assert said in answer.errors
    assert "Traceback" not in answer.errors


def test_a_model_card_goes_beside_the_file(toile, among_runs, tmp_path):
    answer = toile("export", "last", "model.safetensors", "--card", "--json")
    assert answer.code == 0, answer.errors
    assert answer.json["card"] == "model-card.md"
    assert "## Where it fails" in (tmp_path / "model-card.md").read_text()
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "model.md").write_text("mine")
    said = toile("export", "last", "other.safetensors", "--card").output
    assert "other-card.md  the model card" in said
    again = toile("export", "last", "model.safetensors", "--card")
    assert again.code == 2
    assert "model-card.md is there already" in again.errors
    assert not (tmp_path / "model.safetensors").exists()
    assert toile("export", "last", "model.safetensors", "--card", "--force").code == 0
    assert (tmp_path / "model.md").read_text() == "mine"


def test_without_results_no_file_is_written_for_a_card(toile, among_runs, tmp_path):
    folder = shutil.copytree(among_runs, tmp_path / "begun")
    (folder / "results.json").unlink()
    answer = toile("export", "./begun", "model.onnx", "--card")
    assert answer.code == 2
    assert "begun has not ended" in answer.errors
    assert not (tmp_path / "model.onnx").exists()


def test_a_run_goes_to_tensorboard_with_the_line_that_shows_it(toile, among_runs, tmp_path):
    answer = toile("export", "last", "logs", "--to=tensorboard")
    assert answer.code == 0, answer.errors
    assert answer.output.splitlines() == [
        f"logs/{among_runs.name}", "to see it: tensorboard --logdir logs",
    ]  # fmt: skip
    refused = toile("export", "last", "logs", "--to=tensorboard", "--int8")
    assert refused.code == 2
    assert "--int8 is for a file of the network" in refused.errors
