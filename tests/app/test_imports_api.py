"""Networks that were trained elsewhere: brought as a file, read in a process, made runs."""

import os
import sys
from pathlib import Path

import pytest

from tests.app.conftest import until
from tests.app.test_data_api import added
from toile.conversion import MOST_BYTES, SCALINGS
from toile.recipe import read_recipe
from toile.runs import Run
from toile.workbench import export_run

CRASHING = "import os, sys; sys.stdin.readline(); os.abort()"
HANGING = """
import json, sys
sys.stdin.readline()
print(json.dumps({"progress": [1, 2, "images"]}), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def files(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The network of `first` as others write it, by endings."""
    folder = tmp_path_factory.mktemp("files")
    run = Run(trained / "first")
    return {
        suffix: export_run(run, suffix, folder / f"network.{suffix}").file.read_bytes()
        for suffix in ("onnx", "safetensors")
    }


def brought(ask, name: str, content: bytes) -> str:
    """An upload of a file called `name`."""
    upload = ask("POST", "/api/uploads").json()["upload"]
    assert ask("PUT", f"/api/uploads/{upload}/{name}", content=content).status_code == 200
    return upload


def outcome(ask, upload: str, **words) -> dict:
    """What an import comes to in the end."""
    begun = ask("POST", "/api/imports", json={"upload": upload, **words})
    assert begun.status_code == 200, begun.text
    looks = []

    def is_over() -> bool:
        looks.append(ask("GET", f"/api/imports/{upload}"))
        return looks[-1].status_code != 202

    until(is_over)
    return looks[-1].json()


def instead(monkeypatch, folder: Path, program: str) -> None:
    """Begin `program` in place of what computes."""
    file = folder / "program"
    file.write_text(f"#!{sys.executable}\n{program}")
    file.chmod(0o700)
    monkeypatch.setattr("toile.app.computing.sys.executable", str(file))


def test_a_file_becomes_a_run_and_the_page_says_what_the_command_says(
    ask, workspace, few_garments, files
):
    data = added(ask, path=str(few_garments))
    upload = brought(ask, "My net (2).onnx", files["onnx"])
    # It learnt too little to tell how its pictures were scaled; its file can be tried again.
    refused = outcome(ask, upload, data=data)["error"]
    assert "no way of reading" in refused
    assert str(workspace) not in refused

    imported = outcome(ask, upload, data=data, scaling="unit")
    *_, tried, chosen, proof, accuracy, warning = imported["sentences"]
    assert tried.startswith("tried on the half of validation that chooses: ")
    assert "0 to 1: " in tried
    assert chosen == "chosen: 0 to 1"
    assert proof.startswith("the same outputs as ONNX Runtime ")
    score = Run(workspace / imported["run"]).score
    assert accuracy.startswith(f"accuracy {100 * score.value:.2f} % ({100 * score.low:.2f} to ")
    assert warning.startswith("warning: It was imported from My net (2).onnx: ")
    row = ask("GET", f"/api/runs/{imported['run']}").json()["row"]
    assert (row["status"], row["name"]) == ("imported", "my-net--2")
    assert ask("POST", f"/api/runs/{imported['run']}/page").status_code == 200
    assert list((workspace / ".data").glob("upload-*")) == []


def test_weights_alone_take_the_network_of_a_draft(ask, workspace, few_garments, files):
    data = added(ask, path=str(few_garments))
    network = read_recipe(workspace / "first" / "recipe.yaml").model_dump(mode="json")["network"]
    # Of its own data nothing is taken.
    draft = {"name": "mine", "data": {"name": "mnist", "size_px": 32}, "network": network}
    ask("PUT", "/api/drafts/build-mine", json={"content": {"recipe": draft}})
    upload = brought(ask, "weights.safetensors", files["safetensors"])
    said = {"data": data, "scaling": "standard"}
    refused = outcome(ask, upload, **said)["error"]
    assert refused.startswith("weights.safetensors holds weights without a network")
    imported = outcome(ask, upload, recipe="draft:build-mine", **said)
    run = Run(workspace / imported["run"])
    assert run.plan.parameters == Run(workspace / "first").plan.parameters
    assert run.recipe.data.name == str(few_garments)


def test_what_is_no_network_is_refused_in_the_engines_words(ask, workspace):
    upload = brought(ask, "broken.onnx", b"no network at all")
    refused = outcome(ask, upload, data="fashion-sample")["error"]
    assert "broken.onnx" in refused
    assert ".data" not in refused
    assert ask("DELETE", f"/api/uploads/{upload}").status_code == 200


def test_a_file_larger_than_any_network_is_not_read(ask, workspace):
    upload = brought(ask, "large.onnx", b"")
    os.truncate(workspace / ".data" / f"upload-{upload}" / "large.onnx", MOST_BYTES + 1)
    refused = outcome(ask, upload, data="fashion-sample")["error"]
    assert refused == f"large.onnx has {MOST_BYTES + 1:,} bytes; at most {MOST_BYTES:,} are read"
    assert ask("GET", "/api/imports").json()["most_bytes"] == MOST_BYTES


def test_a_file_that_crashes_its_reader_is_said_to_be_damaged(ask, tmp_path, monkeypatch):
    instead(monkeypatch, tmp_path, CRASHING)
    upload = brought(ask, "hostile.h5", b"\x89HDF")
    refused = outcome(ask, upload, data="fashion-sample")["error"]
    assert refused.startswith("the process that read the file ended; the file is")
    assert ask("GET", "/api/runs").status_code == 200
    assert ask.session.imports.look(upload).status == "failed"


def test_an_import_is_stopped_and_leaves_no_run(ask, workspace, tmp_path, monkeypatch):
    instead(monkeypatch, tmp_path, HANGING)
    upload = brought(ask, "net.onnx", b"x")
    words = {"upload": upload, "data": "fashion-sample"}
    ask("POST", "/api/imports", json=words)
    until(lambda: ask("GET", f"/api/imports/{upload}").json().get("done") == 1)
    assert "is already being read" in ask("POST", "/api/imports", json=words).json()["error"]
    assert ask("DELETE", f"/api/uploads/{upload}").status_code == 422
    out = Path(ask.session.imports.look(upload).question["out"])
    assert out.parent == workspace.absolute()
    out.mkdir()
    assert ask("POST", f"/api/imports/{upload}/stop").status_code == 200
    assert not out.exists()
    assert "was stopped" in ask("GET", f"/api/imports/{upload}").json()["error"]
    assert ask("DELETE", f"/api/uploads/{upload}").status_code == 200


def test_what_can_be_asked_for_is_said_and_nothing_else_is_read(ask):
    scalings = ask("GET", "/api/imports").json()["scalings"]
    assert [scaling["name"] for scaling in scalings] == list(SCALINGS)
    upload = brought(ask, "net.onnx", b"x")
    assert ask("POST", "/api/imports", json={"upload": upload, "data": "/etc"}).status_code == 404
    for name in ("..", "0" * 16, "/etc/passwd"):
        words = {"upload": name, "data": "fashion-sample"}
        assert ask("POST", "/api/imports", json=words).status_code == 422
    assert ask("GET", f"/api/imports/{upload}").status_code == 404
    wrong = outcome(ask, upload, data="fashion-sample", scaling="byte")["error"]
    assert "bytes" in wrong
