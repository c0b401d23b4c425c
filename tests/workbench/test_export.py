"""A run is taken away whole or not at all."""

import errno
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import toile
from toile.export import OnnxClassifier
from toile.export.safetensors_file import SafetensorsClassifier
from toile.runs import CorruptFile, Run, load_arrays

QUICKLY = {"training.epochs": 2, "training.threads": 1, "network.conv1.filters": 2}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("runs") / "20260101-000000-s1-lab-abcd"
    return toile.train("s1-lab", data="fashion-sample", settings=QUICKLY, out=folder)


@pytest.fixture
def copy(run, tmp_path) -> Run:
    """The same run, to be damaged."""
    return Run(Path(shutil.copytree(run.folder, tmp_path / "damaged")))


def test_a_run_becomes_a_file_called_by_its_id_that_answers_as_it_was_scored(
    run, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    exported = toile.export_run(run, "onnx")
    assert exported.file == Path(f"{run.id}.onnx")
    assert (exported.format, exported.parity.images) == ("onnx", 100)
    classifier = OnnxClassifier(exported.file)
    assert classifier.about == exported.about
    validation = run.validation
    pixels = toile.load_data(run.recipe.data).train.pixels[validation.indices]
    np.testing.assert_allclose(classifier.logits(pixels), validation.logits, atol=1e-4)


def test_the_proof_is_over_images_spread_over_the_whole_validation_part(run):
    from toile.workbench.export import _spread

    assert _spread(np.arange(100, 110), 4).tolist() == [100, 103, 106, 109]
    assert _spread(np.arange(5), 100).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("weights", ["last", "best"])
def test_last_or_best_weights_are_taken_as_asked(run, tmp_path, weights):
    exported = toile.export_run(run, file=tmp_path / "a.safetensors", weights=weights)
    stored = load_arrays(run.folder / f"{weights}.safetensors")
    assert (exported.about.weights, exported.about.weights_sha256) == (weights, stored.sha256)
    opened = SafetensorsClassifier(exported.file.read_bytes())
    kept = opened._trained.weights
    assert all(np.array_equal(kept[name], stored.arrays[name]) for name in kept)


def test_int8_is_judged_on_the_whole_validation_part(run, tmp_path):
    exported = toile.export_run(run, file=tmp_path / "a.onnx", int8=True)
    parity = exported.parity
    assert parity.images == len(run.validation.indices)
    assert parity.accuracy_float32 == pytest.approx(run.results.validation.accuracy.value)
    changed = 1 - parity.agreement
    assert parity.accuracy == pytest.approx(parity.accuracy_float32, abs=changed + 1e-9)


def test_int8_tells_no_accuracy_of_images_that_were_learnt(small, tmp_path):
    run = toile.train(small(epochs=1, validation=0), out=tmp_path / "run")
    parity = toile.export_run(run, file=tmp_path / "a.onnx", int8=True).parity
    assert parity.images > 0
    assert (parity.accuracy, parity.accuracy_float32) == (None, None)


@pytest.mark.parametrize("int8", [False, True])
def test_a_file_that_takes_bytes_is_proven_on_bytes(run, tmp_path, int8):
    exported = toile.export_run(run, file=tmp_path / "a.onnx", input_kind="bytes", int8=int8)
    assert exported.about.input == "uint8 (n, 1, 28, 28): pixels, 0 to 255"
    assert exported.parity.agreement >= (0.98 if int8 else 1)
    pixels = toile.load_data(run.recipe.data).train.pixels[run.validation.indices]
    answers = OnnxClassifier(exported.file).logits(pixels).argmax(1)
    assert (answers == run.validation.logits.argmax(1)).mean() >= (0.98 if int8 else 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"to": "onnx", "input_kind": "floats"}, "input_kind is floats; it is scaled or bytes"),
        (
            {"to": "keras", "input_kind": "bytes"},
            "--input bytes is only for onnx, and the format is k",
        ),
        ({"to": "onnx", "weights": "first"}, "weights is first; it is last or best"),
        ({"to": "keras", "int8": True}, "--int8 is only for onnx, and the format is keras"),
        ({"file": "nowhere/a.h5"}, "nowhere is no folder; make it"),
        ({"file": "there.h5"}, r"there\.h5 is there already; name another, .* --force"),
        ({}, "the format is missing"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_computed(
    run, tmp_path, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    Path("there.h5").write_text("mine")
    with pytest.raises(toile.ToileError, match=words):
        toile.export_run(run, **arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["there.h5"]
    assert Path("there.h5").read_text() == "mine"


def test_a_file_is_replaced_when_asked(run, tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_text("old")
    toile.export_run(run, file=path, force=True)
    assert SafetensorsClassifier(path.read_bytes()).about.run == run.id


def test_a_run_that_is_not_there_is_answered_with_the_nearest(run, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", str(run.folder.parent))
    with pytest.raises(toile.ToileError, match=rf"did you mean {run.id}\?"):
        toile.export_run("20260101-000000-s1-lab-abce", "onnx")


def test_a_run_whose_weights_are_gone_says_so(copy):
    (copy.folder / "last.safetensors").unlink()
    with pytest.raises(toile.ToileError, match=r"has no last weights; .* is gone, bring it back"):
        toile.export_run(copy, "onnx")


def test_damaged_weights_are_not_exported(copy, tmp_path):
    path = copy.folder / "last.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptFile, match=r"last\.safetensors is damaged"):
        toile.export_run(copy, file=tmp_path / "a.h5")
    assert not (tmp_path / "a.h5").exists()


def test_other_images_than_the_runs_prove_nothing(copy, tmp_path):
    path = copy.folder / "data.json"
    path.write_text(json.dumps(copy.data.to_json() | {"order": "0" * 64}))
    with pytest.raises(toile.ToileError, match=r"other images .* bring the same data back"):
        toile.export_run(copy, file=tmp_path / "a.h5")


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("name", ["a.h5", "a.onnx", "a.safetensors"])
def test_a_failing_disk_leaves_the_old_file_and_nothing_beside_it(
    run, tmp_path, monkeypatch, name, call
):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / name).write_text("old")
    monkeypatch.setattr(os, call, fail)
    with pytest.raises(toile.ToileError, match="No space left on device; what was there before"):
        toile.export_run(run, file=tmp_path / name, force=True)
    assert (tmp_path / name).read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_disk_that_takes_no_more_leaves_nothing_half_written(run, tmp_path):
    def no_file_above_10_kb() -> None:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    # -B: Python cuts its own bytecode at the limit too, which no later process can load.
    done = subprocess.run(
        [sys.executable, "-B", "-m", "toile.cli", "export", str(run.folder), "a.safetensors"],
        cwd=tmp_path,
        preexec_fn=no_file_above_10_kb,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "a.safetensors cannot be written: File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []
