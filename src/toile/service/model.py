"""The network of the service: of a run, which is exported once, or of an exported file."""

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
    """A network opened by ONNX Runtime, and its score if the run is known."""

    classifier: Classifier
    score: Score | None

    def answer(self, content: bytes, num_top: int, always: bool = False) -> Answer:
        """The `num_top` most probable classes; none for an unusual picture, unless `always`.

        Raises ToileError if `content` is no picture, or one of the sealed test part of the run's
        data.
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
        """The description of the network."""
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
    """The network of the run `name`, or of the .onnx file `name`.

    `weights` are `last` for a run; a file has its own. The first call for a run makes and checks an
    ONNX file in its folder, which needs torch and the run's data. Raises ToileError for every error
    that a user can correct.
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
        pass  # Missing or damaged: made again below, which raises its own errors.
    from toile.workbench import export_run

    export_run(run, "onnx", path, weights=weights, force=True, progress=progress)
    return OnnxClassifier(path)


def _score(run: Run, weights: str) -> Score | None:
    """The run's score with these weights; None if it has not ended or scored no images."""
    if not run.has_results:
        return None
    score = run.score if weights == "last" else run.results.best.score
    if not score.n:
        return None
    return Score(**score.to_json(), of=score.of, seen=seen_words(run.recipe))
