"""The network that is served: a run's, exported once, or an exported file's."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from toile.data import MarkSet, known_shape, load_here, picture_marks, read_picture
from toile.distribution import extra_packages
from toile.errors import ToileError
from toile.evaluation import probabilities
from toile.export import ExportMetadata, OnnxClassifier
from toile.prediction import Abstention, abstention_from_json, answer, prepare
from toile.recipe import read_value, recipe_of
from toile.runs import (
    Run,
    abstention_of,
    doubts_about,
    load_arrays,
    open_run,
    pictures_of,
    runs_called,
    seen_words,
)
from toile.service.words import Answer, Card, Likely, Score

if TYPE_CHECKING:
    from toile.data import Progress

TAKES = "the bytes of one picture: PNG, JPEG, WebP, BMP or GIF"


@dataclass(frozen=True)
class Model:
    """A network ready to answer; where the run is known, its score and what is sealed from it.

    `doubts` are warnings beside every answer where that is not known of a run.
    """

    classifier: OnnxClassifier
    score: Score | None
    sealed: MarkSet | None = None
    doubts: tuple[str, ...] = ()
    abstention: Abstention = field(default_factory=Abstention)

    def answer(self, content: bytes, num_top: int, always: bool = False) -> Answer:
        """The `num_top` likeliest classes of a picture; none of a strange one, unless `always`.

        Raises ToileError where it is none, or is of the sealed test part of the run's data.
        """
        facts = self.classifier.facts
        picture = read_picture(content, "the picture")
        marks = picture_marks(picture.seen_by(facts.greys), io.BytesIO(content))
        if self.sealed is not None and np.isin(marks, self.sealed).any():
            raise ToileError(
                "the picture: is of the sealed test part of the network's data; take another"
            )
        prepared = prepare(picture, facts, show_steps=False)
        (logits,) = self.classifier.logits(prepared.pixels[None])
        doubts = (*prepared.strange, *self.abstention.reasons(logits, prepared.pixels))
        (row,) = probabilities(logits[None])
        said = answer(row, facts.class_names, num_top, prepared.warnings, doubts, always)
        top = [Likely(class_name=one.class_name, probability=one.probability) for one in said.top]
        return Answer(
            top=top, warnings=[*self.doubts, *said.warnings], abstained=list(said.abstained)
        )

    @property
    def card(self) -> Card:
        """What the network is."""
        about = self.classifier.about
        return Card(
            **about.model_dump(include={"run", "name", "weights", "weights_sha256", "precision"}),
            classes=list(about.data.class_names),
            shape=about.data.shape,
            takes=TAKES,
            accuracy=self.score,
            abstains=cost.sentence if (cost := self.abstention.cost) else "",
        )


def open_model(name: str, weights: str | None, progress: "Progress") -> Model:
    """The network of the run called `name`, or of the .onnx file of that name.

    `weights` are `last`, unless a file says otherwise of its own. A run's file is made and proven
    when it is first served, which needs torch and the run's data, and kept in its folder. Raises
    ToileError for anything a user can put right.
    """
    if not name.endswith(".onnx"):
        run = open_run(name)
        weights = weights or "last"
        classifier, known = _classifier_of(run, weights, progress), pictures_of(run)
        return Model(
            classifier,
            _score(run, weights),
            known.sealed,
            doubts_about(run, known),
            abstention_of(run, weights),
        )
    classifier = OnnxClassifier(Path(name))
    own = classifier.about.weights
    if weights not in (None, own):
        raise ToileError(f"--weights is {weights}, but {name} holds the {own} ones; leave it out")
    record = classifier.about.abstention
    abstention = (
        Abstention()
        if record is None
        else abstention_from_json(record, classifier.facts.shape, name)
    )
    return Model(classifier, None, _sealed_from(classifier), abstention=abstention)


def _sealed_from(classifier: OnnxClassifier) -> MarkSet | None:
    """What is sealed from the run that an export is of, as far as it or its data is here."""
    about = classifier.about
    for run in _runs_of(about.run):
        try:
            weights = load_arrays(run.folder / f"{about.weights}.safetensors")
            if weights.sha256 == about.weights_sha256:
                return pictures_of(run).sealed
        except ToileError:
            continue  # Damaged, or another run of that name.
    return _sealed_of_known(about)


def _sealed_of_known(about: ExportMetadata) -> MarkSet | None:
    """What is sealed in a known dataset that is here. A file of others opens no other paths."""
    try:
        data = recipe_of(read_value(about.recipe, "the recipe inside")).data
    except ToileError:
        return None  # A newer Toile's.
    dataset = load_here(data) if known_shape(data.name) else None
    if dataset is None or dataset.test_fingerprint != about.data.test_fingerprint:
        return None
    return dataset.test.marks


def _runs_of(name: str) -> tuple[Run, ...]:
    """Every run that an export may be of: by its id here, and those of that name in studies."""
    try:
        return (open_run(name), *runs_called(name))
    except ToileError:
        return runs_called(name)


def _classifier_of(run: Run, weights: str, progress: "Progress") -> OnnxClassifier:
    with extra_packages("export"):
        import onnxruntime  # type: ignore[import-untyped]  # noqa: F401
    path = run.folder / f"serve-{weights}.onnx"
    try:
        kept = OnnxClassifier(path)
        if kept.about.weights_sha256 == load_arrays(run.folder / f"{weights}.safetensors").sha256:
            return kept
    except ToileError:
        pass  # Not there yet, or damaged: it is made anew, and what hinders that is said then.
    from toile.workbench import export_run

    export_run(run, "onnx", path, weights=weights, force=True, progress=progress)
    return OnnxClassifier(path)


def _score(run: Run, weights: str) -> Score | None:
    """What the run scored with these weights; None where it has not ended, or on no images."""
    if not (run.folder / "results.json").exists():
        return None
    score = run.results["score" if weights == "last" else "best"]
    if not score["accuracy"]["n"]:
        return None
    return Score(**score["accuracy"], of=score["of"], seen=seen_words(run.recipe))
