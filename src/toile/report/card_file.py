"""The section of a model card on the exported file next to it."""

from dataclasses import dataclass

from toile.export import ExportMetadata
from toile.report.card_text import markdown_list
from toile.report.page.numbers import count, percent
from toile.report.study_page.markdown import escaped
from toile.runs import Run

FORMATS = {"onnx": "ONNX", "keras": "Keras", "safetensors": "safetensors"}
WEIGHTS = {
    "last": "the last epoch's weights",
    "best": "the weights of the best epoch by the choosing half of validation",
}


@dataclass(frozen=True)
class CardFile:
    """The exported file of a card: its name, its format and its metadata."""

    name: str
    format: str
    about: ExportMetadata

    def is_of(self, sha256: str) -> bool:
        """Whether the file has the weights of this hash."""
        return self.about.weights_sha256 == sha256

    @property
    def is_int8(self) -> bool:
        """Whether its weights were rounded to 8-bit integers."""
        return self.about.precision == "int8"


def file_section(run: Run, file: CardFile) -> list[str]:
    """The file's weights, input and output, and the proof that it predicts as the network does."""
    about = file.about
    rows = [
        f"{escaped(file.name)}, in the format of {FORMATS[file.format]}",
        f"it holds {weights_words(run, about.weights)}, sha256 `{about.weights_sha256}`",
        f"it takes {about.input}",
        f"it gives {about.output}",
        f"precision: {about.precision}",
        *_parity(run, about),
    ]
    return [markdown_list(rows)]


def weights_words(run: Run, weights: str) -> str:
    """What the `last` or `best` weights of a run are, such as `the last epoch's weights`."""
    results = run.results
    if not results.epochs:
        return "the weights it came or began with"
    if weights == "last" and results.score.weights == "ema":
        return "the moving average of the weights along the training"
    return WEIGHTS[weights]


def _parity(run: Run, about: ExportMetadata) -> list[str]:
    parity = about.parity
    if parity is None:
        return []
    images = f"{'validation' if run.data.validation else 'training'} images"
    rows = [
        (
            f"opened by {escaped(parity.runtime)} it gives the network's own answer on "
            f"{percent(parity.agreement)} of {count(parity.images)} {images}; the largest "
            f"difference is {parity.max_difference:.1e}"
        )
    ]
    if parity.accuracy is not None:
        rows.append(
            f"accuracy on those {images}: {percent(parity.accuracy)} in {about.precision}, "
            f"{percent(parity.accuracy_float32)} in float32"
        )
    return rows
