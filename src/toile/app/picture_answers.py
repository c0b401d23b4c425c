"""What the networks of runs say of pictures, in the process that computes."""

import base64
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from toile.app.computing import Question, Tell
from toile.app.data_answers import packed
from toile.errors import ToileError

OPEN_RUNS = 8
OUTLINE_PX, OUTLINE_THICK_PX = 336, 5
MOST_AVERAGED = 2000
SHOWN_PX = 256


class PictureAnswers:
    """Networks that were asked lately, kept open."""

    def __init__(self) -> None:
        self._opened: OrderedDict[tuple[str, str, float], Any] = OrderedDict()

    def ask(self, question: Question, content: bytes, tell: Tell) -> Question:
        """What a run's network says of the picture whose bytes are `content`."""
        from toile.prediction import PictureCorrections

        prediction = self._network(Path(question["folder"]), question["weights"]).ask(
            content,
            num_top=question["num_top"],
            always=question["always"],
            show_steps=question["steps"],
            corrections=PictureCorrections(
                question["turns"], tuple(question["cut"]), question["invert"]
            ),
            name="the picture",
        )
        return {
            "top": [
                {"name": candidate.class_name, "probability": candidate.probability}
                for candidate in prediction.top
            ],
            "warnings": list(prediction.warnings),
            "abstained": list(prediction.abstained),
            "steps": [_step(step) for step in prediction.steps],
        }

    def outline(self, question: Question, content: bytes, tell: Tell) -> Question:
        """Where the mean picture of a class has its edges, to draw on from: light on dark."""
        from toile.runs import Run, load_run_data

        run = Run(Path(question["folder"]))
        train = load_run_data(run).train
        if not 0 <= question["label"] < len(run.facts.class_names):
            raise ToileError(f"class {question['label']} is asked for, which {run.id} has not")
        indices = np.flatnonzero(train.labels == question["label"])[:MOST_AVERAGED]
        background = np.array(run.facts.border_grey)[:, None, None]
        mean = np.abs(train.pixels[indices].mean(0) - background).max(0)
        large = Image.fromarray(mean.astype(np.float32)).resize((OUTLINE_PX, OUTLINE_PX))
        inside = np.asarray(large) > mean.max() / 2
        thick = Image.fromarray(inside).filter(ImageFilter.MaxFilter(2 * OUTLINE_THICK_PX + 1))
        edge = (np.asarray(thick) > 0) & ~inside
        return packed((255 * edge).astype(np.uint8)[None, None])

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


def _step(step: Any) -> Question:
    # For the eye alone, and small enough to be sent while somebody draws.
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
