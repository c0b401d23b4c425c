"""What an answer over HTTP costs beyond decoding the picture: `toile serve` on loopback.

The service runs in a process of its own; 2,000 PNGs of 28 x 28 go over one connection, one after
the other, as a client of Python's own library sends them. The same pictures are then decoded and
prepared, and answered by the network, in this process without a server.
"""

import http.client
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import Image

NUM_PICTURES = 2_000
WARM_UP = 200
PROMISED_MS = 1.0
# About what a server waits between two requests; a core that has slept is slower for a while.
PAUSE_SECONDS = 0.0005
TOILE = [sys.executable, "-m", "toile.cli"]


def main() -> None:
    from toile.data import load_data, no_progress, read_picture
    from toile.prediction import prepare
    from toile.process import prepare_process
    from toile.service import open_model

    prepare_process()
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, ONNX Runtime {version('onnxruntime')}, "
        f"uvicorn {version('uvicorn')}, n = {NUM_PICTURES}\n"
    )
    pictures = [as_png(one) for one in load_data("fashion-sample").train.pixels[:NUM_PICTURES]]
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        words = ["train", "quick", "--data=fashion-sample", "--epochs=1", "--no-page"]
        subprocess.run([*TOILE, *words, f"--out={run}"], check=True, capture_output=True)
        # Makes the file, so that the service starts without torch, as it does every later time.
        classifier = open_model(str(run), None, no_progress).classifier
        round_trips, health = over_http(run, pictures)

    def prepare_one(content: bytes) -> Any:
        return prepare(read_picture(content, "it"), classifier.facts).pixels

    decoded = milliseconds(lambda one: read_picture(one, "it"), pictures)
    prepared = milliseconds(prepare_one, pictures)
    rested = milliseconds(prepare_one, pictures, PAUSE_SECONDS)
    network = milliseconds(
        lambda one: classifier.predict_proba(one[None]), map(prepare_one, pictures)
    )
    say("round trip of POST /predict", round_trips)
    say("round trip of GET /health", health)
    say("decoding alone", decoded)
    say("decoding and preparing alone", prepared)
    say("the same, a pause before each", rested)
    say("the network alone", network)
    beyond("round trip beyond decoding and preparing", round_trips, prepared)
    beyond("round trip beyond decoding", round_trips, decoded)


def as_png(picture: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture[0]).save(file, "PNG")
    return file.getvalue()


def over_http(run: Path, pictures: list[bytes]) -> tuple[list[float], list[float]]:
    """Milliseconds of every round trip of a picture, and of as many that ask for health alone."""
    command = [*TOILE, "serve", str(run), "--port=0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    connection = http.client.HTTPConnection(said["url"].removeprefix("http://"))
    headers = {"Authorization": f"Bearer {said['token']}"}

    def ask(method: str, path: str, body: bytes | None) -> None:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        assert response.read()
        assert response.status == 200

    predicted = milliseconds(lambda one: ask("POST", "/predict", one), pictures)
    health = milliseconds(lambda one: ask("GET", "/health", None), pictures)
    process.terminate()
    process.wait()
    return predicted, health


def milliseconds(
    work: Callable[[Any], object], things: Iterable[Any], pause: float = 0
) -> list[float]:
    """How long `work` takes on each of the things, once warm."""
    things = list(things)
    for one in things[:WARM_UP]:
        work(one)
    readings = []
    for one in things:
        time.sleep(pause)
        started = time.perf_counter()
        work(one)
        readings.append(1000 * (time.perf_counter() - started))
    return readings


def say(what: str, readings: list[float]) -> None:
    p50, p99 = statistics.median(readings), statistics.quantiles(readings, n=100)[98]
    print(f"{what:45} p50 {p50:6.3f} ms  p99 {p99:6.3f} ms", flush=True)


def beyond(what: str, whole: list[float], part: list[float]) -> None:
    value = statistics.median(whole) - statistics.median(part)
    verdict = "within" if value <= PROMISED_MS else "OVER"
    print(f"{what:45} p50 {value:6.3f} ms  {verdict} {PROMISED_MS} ms")


if __name__ == "__main__":
    main()
