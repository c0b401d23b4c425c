"""A picture answered by a run's network, in a process of its own."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.app.conftest import is_alive
from toile.runs import Run


def png(pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def drawing() -> bytes:
    pixels = np.zeros((84, 84), np.uint8)
    pixels[10:74, 20:64] = 200
    return png(pixels)


def test_the_answer_is_the_very_one_of_the_library(ask, workspace, drawing):
    said = ask("POST", "/api/try/first?always=true", content=drawing).json()
    own = Run(workspace / "first").classifier().ask(drawing, always=True, show_steps=True)
    assert [one["name"] for one in said["top"]] == [one.class_name for one in own.top]
    assert [one["probability"] for one in said["top"]] == pytest.approx(
        [one.probability for one in own.top], abs=1e-6
    )
    assert [one["sentence"] for one in said["steps"]] == [one.sentence for one in own.steps]
    # The same process answers on; what is no picture does not end it.
    pid = ask.session.answering.pid
    refused = ask("POST", "/api/try/first", content=b"no picture")
    assert refused.status_code == 422
    assert "the picture" in refused.json()["error"]
    assert ask("POST", "/api/try/second", content=drawing).status_code == 200
    assert ask.session.answering.pid == pid
    ask.session.answering.end()
    assert not is_alive(pid)
