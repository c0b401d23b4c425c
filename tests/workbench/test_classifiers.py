"""One network as a run, an ONNX file and a Keras file: the same classifier, asked the same way."""

from pathlib import Path

import numpy as np
import pytest

import toile
from toile.data import load_data
from toile.data.sealed import open_sealed
from toile.errors import ToileError
from toile.evaluation import probabilities
from toile.prediction import PictureCorrections
from toile.recipe import recipe_of, with_settings
from toile.runs import Run

RECIPE = {
    "name": "small",
    "data": {"name": "fashion-sample"},
    "network": [{"conv": {"filters": 2, "kernel": 3}}, "relu", "flatten", {"dense": "classes"}],
    "training": {"optimizer": {"adam": 0.01}, "batch_size": 64, "epochs": 1, "threads": 1},
}
KINDS = ["run", "onnx", "h5"]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    return toile.train(recipe_of(RECIPE), out=tmp_path_factory.mktemp("classifiers") / "one")


@pytest.fixture(scope="module")
def sources(run) -> dict[str, Run | Path]:
    files = {suffix: run.folder.parent / f"one.{suffix}" for suffix in KINDS[1:]}
    for file in files.values():
        toile.export_run(run, file=file)
    return {"run": run, **files}


@pytest.fixture(scope="module")
def images(run) -> np.ndarray:
    return load_data("fashion-sample").train.pixels[run.validation.indices[:20]]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_answers_as_the_run_did_after_training(sources, run, images, kind):
    classifier = toile.open_classifier(sources[kind])
    stored = run.validation
    shares = probabilities(stored.logits[:20])
    np.testing.assert_allclose(classifier.predict_proba(images), shares, atol=1e-5)
    assert classifier.predict(images).tolist() == shares.argmax(1).tolist()
    right = (shares.argmax(1) == stored.labels[:20]).mean()
    assert classifier.score(images, stored.labels[:20]) == right
    said = classifier.ask(images[0, 0], always=True)
    assert said.top[0].probability == pytest.approx(shares[0].max(), abs=1e-5)
    # A Keras file has no place for the bounds.
    cost = None if kind == "h5" else run.classifier().abstention.cost
    assert classifier.abstention.cost == cost


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_refuses_a_sealed_image_in_an_array_too(sources, kind):
    sealed = open_sealed(load_data("fashion-sample").test).pixels[:3]
    classifier = toile.open_classifier(sources[kind])
    for ask in (classifier.predict, classifier.predict_proba, classifier.logits):
        with pytest.raises(ToileError, match="3 of the 3 images are of the sealed test part"):
            ask(sealed)
    if kind == "run":
        with pytest.raises(ToileError, match=r"toile evaluate .* --open-test"):
            classifier.preprocess(sealed)


@pytest.mark.parametrize(
    ("change", "corrections"),
    [(np.rot90, PictureCorrections(turns=1)), (lambda pixels: 255 - pixels, PictureCorrections())],
    ids=["turned", "inverted"],
)
def test_a_sealed_picture_is_known_once_the_preparation_has_put_it_right(
    sources, change, corrections
):
    sealed = open_sealed(load_data("fashion-sample").test).pixels[0, 0]
    classifier = toile.open_classifier(sources["run"])
    picture = np.ascontiguousarray(change(sealed))
    with pytest.raises(ToileError, match="is of the sealed test part"):
        classifier.ask(picture, corrections=corrections)
    if corrections == PictureCorrections():
        with pytest.raises(ToileError, match="is of the sealed test part"):
            toile.predict(sources["run"], picture)


def test_an_array_of_resized_images_is_known_as_sealed_or_learnt(tmp_path):
    recipe = with_settings(recipe_of(RECIPE), {"data.size_px": 14})
    run = toile.train(recipe, out=tmp_path / "resized")
    classifier = run.classifier()
    dataset = load_data(recipe.data)
    sealed = open_sealed(dataset.test).pixels[:3]
    with pytest.raises(ToileError, match="3 of the 3 images are of the sealed test part"):
        classifier.predict(sealed)
    with pytest.raises(ToileError, match="is of the sealed test part"):
        classifier.ask(sealed[0])
    learnt = np.setdiff1d(np.arange(len(dataset.train)), run.validation.indices)[:10]
    with pytest.warns(UserWarning, match="10 of the 10 images are training images"):
        classifier.score(dataset.train.pixels[learnt], dataset.train.labels[learnt])


def test_a_run_warns_of_a_score_on_what_it_was_trained_on(run):
    train = load_data("fashion-sample").train
    learnt = np.setdiff1d(np.arange(len(train)), run.validation.indices)[:10]
    with pytest.warns(UserWarning, match="10 of the 10 images are training images"):
        run.classifier().score(train.pixels[learnt], train.labels[learnt])


def test_files_are_asked_beside_runs_and_vote(sources, images):
    (said,) = toile.predict(
        sources["onnx"], images[0], also=[sources["h5"], sources["run"]], always=True
    )
    assert [name for name, _ in said.runs] == [
        str(sources["onnx"]),
        str(sources["h5"]),
        str(sources["run"].folder),
    ]
    assert said.vote.agree == 3


def test_a_classifier_that_is_open_is_asked_as_it_is(run, images):
    classifier = toile.open_classifier(run, "best")
    (said,) = toile.predict(classifier, images[0])
    assert [name for name, _ in said.runs] == [classifier.name]
    with pytest.raises(ToileError, match="is named twice"):
        toile.predict(classifier, images[0], also=[classifier])


@pytest.mark.parametrize(
    ("source", "weights", "complaint"),
    [
        ("onnx", "best", "--weights is best, but .* holds the last ones"),
        ("run", "worst", "weights is worst; it is last or best"),
    ],
)
def test_weights_that_are_not_there_are_refused(sources, source, weights, complaint):
    with pytest.raises(ToileError, match=complaint):
        toile.open_classifier(sources[source], weights)


@pytest.mark.parametrize("suffix", ["onnx", "h5"])
def test_a_file_that_is_no_export_is_refused_by_its_name(tmp_path, suffix):
    file = tmp_path / f"other.{suffix}"
    with pytest.raises(ToileError, match=f"{file} cannot be read: No such file"):
        toile.open_classifier(file)
    file.write_bytes(b"nothing of the kind")
    with pytest.raises(ToileError, match="damaged"):
        toile.open_classifier(file)
