"""The network that is served: a run's, exported once, or an exported file's."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toile.distribution import extra_packages
from toile.errors import ToileError
from toile.export import OnnxClassifier
from toile.prediction import Classifier
from toile.runs import Run, abstention_of, load_arrays, open_run, pictures_of, seal_of, seen_words
from toile.service.words import Answer, Card, Score, TopClass
from toile.workbench import open_classifier

if TYPE_CHECKING:
    from toile.data import Progress

ACCEPTS = "the bytes of one picture: PNG, JPEG, WebP, BMP or GIF"


@dataclass(frozen=True)
class Model:
    """A network ready to answer, by ONNX Runtime; its score where the run is known."""

    classifier: Classifier
    score: Score | None

    def answer(self, content: bytes, num_top: int, always: bool = False) -> Answer:
        """The `num_top` likeliest classes of a picture; none of an unusual one, unless `always`.

        Raises ToileError where it is none, or is of the sealed test part of the run's data.
        """
        prediction = self.classifier.ask(
            content, num_top=num_top, always=always, name="the picture"
        )
        top = [
            TopClass(class_name=candidate.class_name, probability=candidate.probability)
            for candidate in prediction.top
        ]
        return Answer(
            top=top, warnings=list(prediction.warnings), abstained=list(prediction.abstained)
        )

    @property
    def card(self) -> Card:
        """What the network is."""
        opened = self.classifier.model
        assert isinstance(opened, OnnxClassifier)
        about = opened.about
        return Card(
            **about.model_dump(include={"run", "name", "weights", "weights_sha256", "precision"}),
            classes=list(about.data.class_names),
            shape=about.data.shape,
            accepts=ACCEPTS,
            accuracy=self.score,
            abstains=cost.sentence if (cost := self.classifier.abstention.cost) else "",
        )


def open_model(name: str, weights: str | None, progress: "Progress") -> Model:
    """The network of the run called `name`, or of the .onnx file of that name.

    `weights` are `last`, unless a file says otherwise of its own. A run's file is made and proven
    when it is first served, which needs torch and the run's data, and kept in its folder. Raises
    ToileError for anything a user can put right.
    """
    if name.endswith(".onnx"):
        return Model(open_classifier(name, weights), None)
    run, weights = open_run(name), weights or "last"
    opened, known = _exported(run, weights, progress), pictures_of(run)
    classifier = Classifier(
        run.name, opened.facts, opened, seal_of(run, known), abstention_of(run, weights)
    )
    return Model(classifier, _score(run, weights))


def _exported(run: Run, weights: str, progress: "Progress") -> OnnxClassifier:
    with extra_packages("export"):
        import onnxruntime  # type: ignore[import-untyped]  # noqa: F401
    path = run.folder / f"serve-{weights}.onnx"
    try:
        model = OnnxClassifier(path)
        if model.about.weights_sha256 == load_arrays(run.folder / f"{weights}.safetensors").sha256:
            return model
    except ToileError:
        pass  # Not there yet, or damaged: it is made anew, and what hinders that is said then.
    from toile.workbench import export_run

    export_run(run, "onnx", path, weights=weights, force=True, progress=progress)
    return OnnxClassifier(path)


def _score(run: Run, weights: str) -> Score | None:
    """What the run scored with these weights; None where it has not ended, or on no images."""
    if not run.has_results:
        return None
    score = run.score if weights == "last" else run.results.best.score
    if not score.n:
        return None
    return Score(**score.to_json(), of=score.of, seen=seen_words(run.recipe))
