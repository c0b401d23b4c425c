"""Predictions of runs' networks for a picture, in the process that computes."""

import base64
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from toile.app.computing import Question, Tell
from toile.app.data_answers import packed
from toile.errors import ToileError

OPEN_RUNS = 8
SHOWN_PX = 256


class PictureAnswers:
    """Answers about pictures; the last eight networks stay open."""

    def __init__(self) -> None:
        self._opened: OrderedDict[tuple[str, str, float], Any] = OrderedDict()

    def ask(self, question: Question, content: bytes, tell: Tell) -> Question:
        """The prediction of a run's network for the picture file `content`."""
        prediction = self._network(Path(question["folder"]), question["weights"]).ask(
            content,
            num_top=question["num_top"],
            always=question["always"],
            show_steps=question["steps"],
            corrections=_corrections(question),
            name="the picture",
        )
        return {
            "top": _top(prediction.top),
            "warnings": list(prediction.warnings),
            "abstained": list(prediction.abstained),
            "steps": [_step(step) for step in prediction.steps],
        }

    def vote(self, question: Question, content: bytes, tell: Tell) -> Question:
        """The prediction of each run for a picture, and their vote as in `ask_together`.

        A run that fails has an `error` and does not vote. If fewer than two answer, most abstain,
        or their classes differ, there is no vote, and `refusal` says why.
        """
        from toile.prediction import vote

        predictions: list[Question] = []
        by_run: dict[str, np.ndarray] = {}
        classes: set[tuple[str, ...]] = set()
        for run, folder in question["runs"]:
            try:
                network = self._network(Path(folder), question["weights"])
                prediction, row = _full_answer(network, content, question)
            except ToileError as error:
                predictions.append({"run": run, "top": [], "abstained": [], "error": str(error)})
                continue
            by_run[run] = row
            classes.add(network.class_names)
            top, abstained = _top(prediction.top[: question["num_top"]]), prediction.abstained
            predictions.append({"run": run, "top": top, "abstained": list(abstained), "error": ""})
        refusal = ""
        if len(by_run) < 2:
            refusal = "fewer than two runs could predict"
        elif len(classes) > 1:
            refusal = "these runs do not have the same classes in the same order"
        elif 2 * sum(bool(answer["abstained"]) for answer in predictions) > len(by_run):
            refusal = "more than half of the runs give no answer"
        if refusal:
            return {"runs": predictions, "top": [], "sentence": "", "refusal": refusal}
        voted = vote(by_run, classes.pop(), question["num_top"])
        return {
            "runs": predictions,
            "top": _top(voted.top),
            "sentence": voted.sentence,
            "refusal": "",
        }

    def outline(self, question: Question, content: bytes, tell: Tell) -> Question:
        """The edges of a class's mean picture, light on dark, as a start for drawing."""
        from toile.data import class_outline, load_data
        from toile.runs import Run, data_settings, refuse_other_images

        run = Run(Path(question["folder"]))
        if not 0 <= question["label"] < len(run.data.class_names):
            raise ToileError(
                f"{run.id} has no class {question['label']}; its classes are 0 to "
                f"{len(run.data.class_names) - 1}"
            )
        dataset = load_data(data_settings(run), progress=tell, fetch=False)
        refuse_other_images(run, dataset)
        edges = class_outline(dataset, run.data.class_names[question["label"]])
        return packed(edges[None, None])

    def _network(self, folder: Path, weights: str) -> Any:
        from toile.runs import Run

        path = folder / f"{weights}.safetensors"
        key = (str(folder), weights, path.stat().st_mtime if path.exists() else 0.0)
        if key not in self._opened:
            self._opened[key] = Run(folder).classifier(weights)
        self._opened.move_to_end(key)
        while len(self._opened) > OPEN_RUNS:
            self._opened.popitem(last=False)
        return self._opened[key]


def _full_answer(network: Any, content: bytes, question: Question) -> tuple[Any, np.ndarray]:
    """A network's prediction, and all probabilities (k,) even if it abstains."""
    words = {
        "num_top": len(network.class_names),
        "always": question["always"],
        "corrections": _corrections(question),
        "name": "the picture",
    }
    prediction = network.ask(content, **words)
    named = prediction if prediction.top else network.ask(content, **words | {"always": True})
    probability_of = {candidate.class_name: candidate.probability for candidate in named.top}
    return prediction, np.array([probability_of[name] for name in network.class_names])


def _corrections(question: Question) -> Any:
    from toile.prediction import PictureCorrections

    return PictureCorrections(question["turns"], tuple(question["cut"]), question["invert"])


def _top(candidates: Any) -> list[Question]:
    return [
        {"name": candidate.class_name, "probability": candidate.probability}
        for candidate in candidates
    ]


def _step(step: Any) -> Question:
    # Only for display, and small enough to be sent while somebody draws.
    stride = -(-max(step.pixels.shape[1:]) // SHOWN_PX)
    shown = step.pixels[:, ::stride, ::stride]
    channels, height, width = shown.shape
    return {
        "name": step.name,
        "sentence": step.sentence,
        "channels": channels,
        "height": height,
        "width": width,
        "pixels": base64.b64encode(shown.tobytes()).decode(),
        "box": step.box and [side / stride for side in step.box],
    }
