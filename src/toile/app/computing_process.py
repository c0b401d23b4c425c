"""The process that computes for the server: it answers questions until its input ends."""

import json
import resource
import sys
import time
from typing import Any, BinaryIO

from toile.app.computing import Question, Tell
from toile.app.data_answers import DataAnswers
from toile.app.import_answers import import_file, import_run
from toile.app.page_answers import renew_run_page
from toile.app.picture_answers import PictureAnswers
from toile.app.probe_answers import preview_start, probe_recipe
from toile.errors import ToileError
from toile.process import prepare_process

# A picture file of a few bytes may decode to gigabytes.
MEMORY_BYTES = 12 << 30
SECONDS_BETWEEN_LINES = 0.1


def main() -> None:
    """Answer questions until the input ends."""
    limit_memory()
    prepare_process()
    # Other prints must not mix with the answers.
    replies, sys.stdout = sys.stdout.buffer, sys.stderr
    serve(sys.stdin.buffer, replies)


def limit_memory() -> None:
    """Limit this process to 12 GiB of private memory.

    The limit is not on addresses (RLIMIT_AS), because CUDA reserves far more than there is memory.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))


def serve(questions: BinaryIO, replies: BinaryIO) -> None:
    """Read questions, each a line of JSON and `num_bytes` of content, and answer each."""
    pictures, data = PictureAnswers(), DataAnswers()
    verbs: dict[str, Any] = {
        "ask": pictures.ask,
        "vote": pictures.vote,
        "outline": pictures.outline,
        "probe": probe_recipe,
        "start": preview_start,
        "renew": renew_run_page,
        "import": import_file,
        "import run": import_run,
        **data.verbs(),
    }
    while line := questions.readline():
        question = json.loads(line)
        content = questions.read(question["num_bytes"])
        try:
            answer = verbs[question["verb"]](question, content, _teller(replies))
        except ToileError as error:
            answer = {"error": str(error)}
        except MemoryError:
            answer = {
                "error": "this needs more memory than the 12 GiB it may use; use smaller data"
            }
        _write(replies, answer)


def _teller(replies: BinaryIO) -> Tell:
    """Writes progress, ten times a second at most."""
    last = 0.0

    def tell(done: int, total: int | None, unit: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > SECONDS_BETWEEN_LINES:
            last = now
            _write(replies, {"progress": [done, total, unit]})

    return tell


def _write(replies: BinaryIO, answer: Question) -> None:
    replies.write(json.dumps(answer).encode() + b"\n")
    replies.flush()


if __name__ == "__main__":
    main()
