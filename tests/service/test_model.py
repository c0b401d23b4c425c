import io
import shutil

import pytest
from PIL import Image

from toile.data import load_data, no_progress
from toile.data.sealed import open_sealed
from toile.errors import ToileError
from toile.export import OnnxClassifier
from toile.listening import is_loopback, open_port
from toile.runs import Run, runs_folder
from toile.service import open_model


def test_a_file_is_served_where_no_run_was_ever_kept(exported, tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path / "none"))
    assert len(open_model(str(exported), None, no_progress).classifier.seal.hashes)


def test_an_exported_file_is_served_with_its_own_weights_and_no_score(exported, run):
    model = open_model(str(exported), None, no_progress)
    assert model.card.weights == "last"
    assert model.card.accuracy is None
    assert model.card.weights_sha256 == run.results.weights["last"]


@pytest.fixture(scope="module")
def sealed_picture() -> bytes:
    content = io.BytesIO()
    Image.fromarray(open_sealed(load_data("fashion-sample").test).pixels[0, 0]).save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize("place", ["run", "study/readings/run", "sheet/two/finalists/readings/run"])
def test_a_file_of_a_run_that_is_kept_here_answers_no_sealed_picture(
    exported, run, place, sealed_picture, monkeypatch
):
    # Known by the run alone, as where its data is gone.
    monkeypatch.setattr("toile.workbench.classifiers.load_here", lambda data: None)
    shutil.copytree(run.folder, runs_folder() / place)
    with pytest.raises(ToileError, match="of the sealed test part"):
        open_model(str(exported), None, no_progress).answer(sealed_picture, 1)


def test_a_file_of_a_known_dataset_answers_none_of_its_sealed_pictures_without_its_run(
    exported, sealed_picture
):
    with pytest.raises(ToileError, match="of the sealed test part"):
        open_model(str(exported), None, no_progress).answer(sealed_picture, 1)


def test_where_nobody_knows_what_is_sealed_every_answer_says_so(model, run, tmp_path):
    older = tmp_path / "older"
    shutil.copytree(run.folder, older)
    (older / "pictures.safetensors").unlink()
    recipe = older / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("fashion-sample", "/gone"))
    picture = io.BytesIO()
    Image.new("L", (28, 28), 90).save(picture, "PNG")
    answer = open_model(str(older), None, no_progress).answer(picture.getvalue(), 1)
    assert answer.warnings[0].startswith(f"it may be of the sealed test part of {older}: which")
    assert "sealed" not in "".join(model.answer(picture.getvalue(), 1).warnings)


def test_weights_other_than_a_files_own_are_refused(exported):
    with pytest.raises(ToileError, match=r"--weights is best, but .* holds the last ones"):
        open_model(str(exported), "best", no_progress)


def test_the_best_weights_are_kept_beside_the_last_with_the_score_of_their_epoch(model, run):
    best = open_model(str(run.folder), "best", no_progress)
    kept = OnnxClassifier(run.folder / "serve-best.onnx")
    assert best.card.weights == kept.about.weights == "best"
    assert best.card.accuracy.of == run.results.best.score.of != model.card.accuracy.of


@pytest.mark.parametrize("damage", ["cut off", "of other weights"])
def test_a_kept_file_that_does_not_fit_its_run_is_made_anew(model, run, damage):
    kept = run.folder / "serve-last.onnx"
    whole, sha = kept.read_bytes(), run.results.weights["last"].encode()
    assert whole.count(sha) == 1
    kept.write_bytes(whole[:500] if damage == "cut off" else whole.replace(sha, b"0" * 64))
    assert open_model(str(run.folder), None, no_progress).card == model.card
    assert kept.read_bytes() == whole


def test_a_run_that_has_not_ended_is_served_without_a_score(model, run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(run.folder, copy)
    (copy / "results.json").unlink()
    assert open_model(str(copy), None, no_progress).card.accuracy is None


def test_a_run_whose_weights_are_gone_is_told_so(model, run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(run.folder, copy)
    (Run(copy).folder / "last.safetensors").unlink()
    with pytest.raises(ToileError, match="is gone, bring it back"):
        open_model(str(copy), None, no_progress)


@pytest.mark.parametrize(
    ("name", "message"),
    [("none.onnx", "none.onnx cannot be read: No such file"), ("none", "no run in")],
)
def test_what_is_not_there_is_named(name, message):
    with pytest.raises(ToileError, match=message):
        open_model(name, None, no_progress)


def test_a_file_that_is_no_export_is_refused(tmp_path):
    file = tmp_path / "some.onnx"
    file.write_bytes(b"ONNX")
    with pytest.raises(ToileError, match=r"damaged or no ONNX file|no metadata of Toile"):
        open_model(str(file), None, no_progress)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_loopback_is_of_this_machine_alone(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "localhost.evil"])
def test_all_else_is_reached_from_others(host):
    assert not is_loopback(host)


@pytest.mark.parametrize(("host", "port"), [("nowhere.invalid", 0), ("203.0.113.7", 0)])
def test_an_address_that_is_not_this_machines_is_refused_with_the_options(host, port):
    with pytest.raises(ToileError, match=f"--host {host} --port {port}: [^(]*; --port 0 takes"):
        open_port(host, port)
