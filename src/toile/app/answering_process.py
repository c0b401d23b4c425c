"""The process that answers pictures with the networks of runs; ends with its input."""

import base64
import json
import resource
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

from toile.errors import ToileError
from toile.process import prepare_process

# A picture of a few bytes may ask for gigabytes.
MEMORY_BYTES = 12 << 30
OPEN_RUNS = 8
SHOWN_PX = 256
Question = dict[str, Any]


def main() -> None:
    """Answer until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    prepare_process()
    # What anything else prints is no answer.
    replies, sys.stdout = sys.stdout.buffer, sys.stderr
    serve(sys.stdin.buffer, replies)


def serve(questions: BinaryIO, replies: BinaryIO) -> None:
    """Read questions, each a line of JSON and `num_bytes` of a picture, and answer each."""
    opened: OrderedDict[tuple[str, str, float], Any] = OrderedDict()
    while line := questions.readline():
        question = json.loads(line)
        picture = questions.read(question["num_bytes"])
        try:
            answer = _answer(opened, question, picture)
        except ToileError as error:
            answer = {"error": str(error)}
        except MemoryError:
            answer = {"error": "the picture is too large for the memory that may be used on it"}
        replies.write(json.dumps(answer).encode() + b"\n")
        replies.flush()


def _answer(opened: OrderedDict[Any, Any], question: Question, picture: bytes) -> Question:
    """What a run's network says of a picture; `opened` keeps the last networks asked."""
    from toile.runs import Run

    folder, weights = Path(question["folder"]), question["weights"]
    path = folder / f"{weights}.safetensors"
    key = (str(folder), weights, path.stat().st_mtime if path.exists() else 0.0)
    if key not in opened:
        opened[key] = Run(folder).classifier(weights)
    opened.move_to_end(key)
    while len(opened) > OPEN_RUNS:
        opened.popitem(last=False)
    prediction = opened[key].ask(
        picture,
        num_top=question["num_top"],
        always=question["always"],
        show_steps=question["steps"],
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


if __name__ == "__main__":
    main()
