"""`toile inspect robustness` and `toile evaluate --robustness`: words, numbers, files, refusals."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from toile.evaluation import CORRUPTIONS
from toile.runs import Run
from toile.workbench import robustness

# Here an SVG is what users get: elsewhere the suite leaves figures out.
pytestmark = pytest.mark.usefixtures("with_figures")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of which few pictures are validated: each is asked for some fifty times."""
    from tests.command_line import call_in

    words = ["--data=fashion-sample", "--set=network.conv1.filters=2", "--set=training.epochs=1"]
    words += [
        "--set=training.batch_size=256",
        "--set=data.validation=300",
        "--set=training.threads=1",
    ]
    folder = tmp_path_factory.mktemp("few") / "runs" / "run"
    done = call_in(folder.parent.parent, "train", "s1-lab", f"--out={folder}", *words)
    assert done.code == 0, done.errors
    return folder


@pytest.fixture(scope="module")
def told(trained, tmp_path_factory):
    """What both commands say of a run: one in JSON, the other in words."""
    from tests.command_line import call_in

    place = tmp_path_factory.mktemp("told")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(robustness, "NO_CLASS", 20)
        patch.setattr(robustness, "ATTACKED", 50)
        inspected = call_in(place, "inspect", "robustness", trained, "--no-attacks", "--json")
        evaluated = call_in(
            place, "evaluate", trained, "--robustness", "--out=a.svg", "--values=a.npz"
        )
    assert evaluated.code == 0, evaluated.errors
    assert inspected.code == 0, inspected.errors
    return place, json.loads(inspected.output), " ".join(evaluated.output.split())


def test_the_sentence_leads_and_every_score_has_its_interval(told, trained):
    _, record, said = told
    assert said.startswith(record["sentence"])
    assert record["attacks"] == {"clean": None, "scores": []}
    n = len(Run(trained).validation.labels)
    assert record["clean"]["accuracy"]["n"] == n
    for row in record["corruptions"]:
        for level in row["strengths"]:
            accuracy = level["accuracy"]
            ends = [100 * accuracy[name] for name in ("value", "low", "high")]
            assert "{:.1f} ({:.1f}-{:.1f})".format(*ends) in said
    assert "each pixel by at most 8 of 255" in said
    assert "noise, which is no class: answered" in said
    assert "genuine validation pictures" in said


def test_it_draws_and_keeps_the_logits(told, trained):
    place, _, said = told
    assert "On harder pictures" in (trained / "report.html").read_text()
    assert "wrote a.svg" in said
    assert "<path" in (place / "a.svg").read_text()
    n = len(Run(trained).validation.labels)
    with np.load(place / "a.npz") as kept:
        assert set(CORRUPTIONS) | {"fgsm", "pgd", "clean", "labels", "indices"} <= set(kept)
        assert kept["rotate"].shape == (5, n, 10)
        assert kept["rotate_strengths"].tolist() == [5, 10, 15, 30, 45]


def test_what_does_not_go_together_is_refused(toile, among_runs):
    def refused(*words) -> str:
        answer = toile("evaluate", "last", *words)
        assert answer.code == 2
        return " ".join(answer.errors.split())

    assert "leave --open-test out" in refused("--robustness", "--open-test", "--why=x")
    assert "leave --against out" in refused("--robustness", "--against=last")
    assert "go with --robustness" in refused("--out=a.png")
    assert "ends in '.jpg'" in refused("--robustness", "--out=a.jpg")


def test_without_captum_attacks_are_refused_before_anything_is_measured(trained, tmp_path):
    blocker = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'captum':\n"
        "            raise ModuleNotFoundError(f'No module named {name}', name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "import toile.evaluation\n"
        "toile.evaluation.CORRUPTIONS.clear()\n"
        "from toile.cli import main\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", blocker, "inspect", "robustness", str(trained)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert "captum is not installed, which an attack needs" in said
    assert "-e '.[inspect]'" in said
    assert "--no-attacks" in said


def test_what_cannot_be_stored_is_said_all_the_same(toile, trained, tmp_path, monkeypatch):
    monkeypatch.setattr(robustness, "NO_CLASS", 20)
    folder = shutil.copytree(trained, tmp_path / "full")
    (folder / "robustness.json").unlink(missing_ok=True)
    (folder / "robustness.json").mkdir()
    answer = toile("inspect", "robustness", "./full", "--no-attacks")
    assert answer.code == 2
    assert "noise, which is no class: answered" in answer.output
    assert "printed above, but could not be saved for the page and the model card" in " ".join(
        answer.errors.split()
    )


def test_scores_are_saved_where_nobody_reads_to_the_end(toile, trained, tmp_path, monkeypatch):
    def leave(_: str) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(robustness, "NO_CLASS", 20)
    monkeypatch.setattr("toile.cli.inspect.robustness.say", leave)
    folder = shutil.copytree(trained, tmp_path / "left")
    for name in ("robustness.json", "report.html"):
        (folder / name).unlink(missing_ok=True)
    files = ["--out=a.svg", "--values=a.npz"]
    with pytest.raises(BrokenPipeError):
        toile("inspect", "robustness", "./left", "--no-attacks", *files)
    assert {path.name for path in tmp_path.glob("a.*")} == {"a.svg", "a.npz"}
    assert (folder / "robustness.json").exists()
    assert "On harder pictures" in (folder / "report.html").read_text()
