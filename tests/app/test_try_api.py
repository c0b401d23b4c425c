"""A picture answered by a run's network, in a process of its own."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.app.conftest import is_alive
from toile.prediction import PictureCorrections, ask_together
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


def test_a_preparation_is_corrected_as_the_library_corrects_it(ask, workspace, drawing):
    how = "turns=1&left=0.1&top=0&right=0.2&bottom=0&invert=true&always=true"
    said = ask("POST", f"/api/try/first?{how}", content=drawing).json()
    corrections = PictureCorrections(turns=1, cut=(0.1, 0.0, 0.2, 0.0), invert=True)
    network = Run(workspace / "first").classifier()
    own = network.ask(drawing, always=True, show_steps=True, corrections=corrections)
    assert [one["name"] for one in said["steps"]] == [one.name for one in own.steps]
    assert [one["name"] for one in said["steps"]][1:3] == ["Turned by you", "Cut by you"]
    assert "Inverted by you" in [one["name"] for one in said["steps"]]
    assert said["top"][0]["name"] == own.top[0].class_name
    refused = ask("POST", "/api/try/first?left=0.6&right=0.6", content=drawing)
    assert "leave something of the picture" in refused.json()["error"]


def test_a_class_has_an_outline_to_draw_on_from(ask):
    shown = ask("GET", "/api/try/first/outlines/1").json()
    pixels = np.frombuffer(base64.b64decode(shown["pixels"]), np.uint8)
    assert set(pixels.tolist()) == {0, 255}
    assert 0.01 < (pixels > 0).mean() < 0.3
    assert ask("GET", "/api/try/first/outlines/10").status_code == 422


def test_no_outline_is_of_other_images_than_the_run_learnt(ask, workspace):
    record = workspace / "first" / "data.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"order": "0" * 64}))
    refused = ask("GET", "/api/try/first/outlines/1")
    assert refused.status_code == 422
    assert "first was trained on other images than" in refused.json()["error"]


def test_several_runs_vote_as_the_library_has_them_vote(ask, workspace, drawing):
    rng = np.random.default_rng(0)
    networks = [Run(workspace / name).classifier() for name in ("first", "second")]
    for picture in (drawing, png(rng.integers(0, 256, (28, 28), dtype=np.uint8))):
        said = ask("POST", "/api/votes?run=first&run=second", content=picture).json()
        (own,) = ask_together(networks, [picture])
        assert [one["name"] for one in said["top"]] == [one.class_name for one in own.top]
        assert [one["probability"] for one in said["top"]] == pytest.approx(
            [one.probability for one in own.top], abs=1e-6
        )
        sentence = own.vote.sentence if own.vote else ""
        assert said["sentence"] == sentence.replace(f"{workspace}/", "")
        assert (said["refusal"] == "") == (own.vote is not None)
        for one, (run, alone) in zip(said["runs"], own.runs, strict=True):
            assert one["run"] == Path(run).name
            assert one["abstained"] == list(alone.abstained)
            assert [top["name"] for top in one["top"]] == [top.class_name for top in alone.top]


def test_a_run_that_cannot_be_asked_has_no_voice(ask, workspace, drawing):
    (workspace / "second" / "last.safetensors").unlink()
    said = ask("POST", "/api/votes?run=first&run=second", content=drawing).json()
    assert said["runs"][0]["error"] == ""
    assert "last.safetensors" in said["runs"][1]["error"]
    assert (said["top"], said["sentence"]) == ([], "")
    assert said["refusal"] == "fewer than two runs could predict"
    assert ask("POST", "/api/votes?run=first&run=first", content=drawing).status_code == 422
