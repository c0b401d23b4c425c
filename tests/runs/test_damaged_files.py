"""Every file of a run, damaged in any way, is read to an answer or refused with a sentence."""

import contextlib
import hashlib
import io
import itertools
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Mapping

import pytest

from tests.fuzzing import unanswered
from toile.evaluation import Estimate
from toile.report.page.run_page import run_page
from toile.runs import (
    LookScore,
    Run,
    bundle_run,
    convergence_of,
    differences,
    judge_validation,
    list_runs,
    load_arrays,
    read_ledger,
    read_state,
    seconds_of,
    unpack_bundle,
    write_score,
)
from toile.runs.classifier import load_network
from toile.runs.ledger import write_look
from toile.runs.ledger_file import LookRequest
from toile.runs.tensors import save_arrays

Read = Callable[[bytes], object]
SCORE = LookScore(Estimate(0.9, 0.8, 0.95, 100))
QUICK, MANY = 230, 60_000


@pytest.fixture
def whole(trained, tmp_path) -> Run:
    """A finished run whose test part was looked at twice."""
    facts = {"weights": "last", "recipe": "r", "data": "d", "source": "/data"}
    test = trained.run.data.test_fingerprint
    for number in (1, 2):
        look = write_look(
            [tmp_path], LookRequest(run="whole", test=test, **facts), f"look {number}"
        )
        write_score([tmp_path], look, SCORE)
    return trained.run


def read_all_of(run: Run) -> object:
    """What its page, a comparison or an export read of a run, but for the drawing."""
    epochs = run.history.epochs
    listed = [one.state.accuracy for one in list_runs(run.folder.parent)]
    scores = judge_validation(run.recipe, run.validation)
    recorded = run.environment.to_json()
    other = differences(recorded, recorded)
    reached = convergence_of(epochs), seconds_of(epochs) if epochs else None
    halves = [one[half]["accuracy"] for one in epochs for half in ("holdout", "selection")]
    return run.plan, run.score, listed, scores, other, reached, halves


@pytest.fixture
def files(whole, make_recorder) -> tuple[dict[str, bytes], dict[str, Read]]:
    """The files of a run by name, and for each what reads it once it is damaged."""
    folder = whole.folder
    names = [path.name for path in folder.iterdir() if path.is_file() and path.name != ".lock"]
    seeds = {name: (folder / name).read_bytes() for name in names}
    checkpoint = max((folder / "checkpoint").iterdir())
    restored = make_recorder(folder, restored=True)

    def of_the_run(name: str) -> Read:
        def read(content: bytes) -> object:
            (folder / name).write_bytes(content)
            try:
                if name == "state.json":
                    return list_runs(folder.parent), read_state(folder)
                if name in ("last.safetensors", "best.safetensors"):
                    return load_network(whole, name.partition(".")[0])
                return read_all_of(whole)
            finally:
                (folder / name).write_bytes(seeds[name])

        return read

    def restore(content: bytes) -> object:
        for path in (folder / "checkpoint").iterdir():
            path.write_bytes(content)
        return restored.restore()

    def restore_signed(content: bytes) -> object:
        """Another content of the facts, its checksum right."""
        with contextlib.suppress(ValueError, RecursionError):
            arrays = load_arrays_of(seeds["checkpoint"])
            save_arrays(checkpoint, arrays, json.loads(content))
        return restored.restore()

    def load_arrays_of(content: bytes):
        checkpoint.write_bytes(content)
        return load_arrays(checkpoint).arrays

    read = {name: of_the_run(name) for name in seeds}
    seeds["checkpoint"] = checkpoint.read_bytes()
    seeds["checkpoint's facts"] = json.dumps(load_arrays(checkpoint).facts).encode()
    seeds["ledger.jsonl"] = (folder.parent / "ledger.jsonl").read_bytes()

    def ledger(content: bytes) -> object:
        (folder.parent / "ledger.jsonl").write_bytes(content)
        return [
            (look.time, look.score and look.score.accuracy) for look in read_ledger(folder.parent)
        ]

    read |= {"checkpoint": restore, "checkpoint's facts": restore_signed, "ledger.jsonl": ledger}
    return seeds, read


@pytest.fixture
def bundles(whole, tmp_path) -> tuple[dict[str, bytes], dict[str, Read]]:
    """A bundle, its manifest, and each of its files with a sha256 that is right again."""
    path = bundle_run(whole, tmp_path / "whole.zip")
    sound = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    count = itertools.count()

    def unpack(content: bytes) -> object:
        path.write_bytes(content)
        target = tmp_path / f"elsewhere-{next(count)}"
        try:
            return unpack_bundle(path, read_all_of, target)
        finally:
            # Whole, or nothing but a lock: neither a part of a run nor a look of it.
            left = sorted(one.name for one in target.glob("*")) if target.exists() else []
            assert left in ([], [".lock"]) or (target / "ledger.jsonl").exists()
            shutil.rmtree(target, ignore_errors=True)

    def with_member(name: str) -> Read:
        return lambda content: unpack(_zipped(members, name, content))

    parts = [name for name in members if not name.endswith((".txt", ".html", ".safetensors"))]
    seeds = {"bundle": sound} | {f"bundled {name}": members[name] for name in parts}
    read = {"bundle": unpack} | {f"bundled {name}": with_member(name) for name in parts}
    return seeds, read


def _zipped(members: Mapping[str, bytes], name: str, content: bytes) -> bytes:
    changed = dict(members) | {name: content}
    if name != "manifest.json":
        manifest = json.loads(members["manifest.json"])
        manifest["files"][name] = hashlib.sha256(content).hexdigest()
        changed["manifest.json"] = json.dumps(manifest).encode()
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for member, text in changed.items():
            archive.writestr(member, text)
    return written.getvalue()


@pytest.fixture
def without_fsync(monkeypatch) -> None:
    """Thousands of files are written here that no power cut is to survive."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def test_a_damaged_file_of_a_run_is_read_or_refused(files, without_fsync):
    seeds, read = files
    assert unanswered(read, seeds, QUICK) == []


def test_a_damaged_bundle_is_read_or_refused(bundles, without_fsync):
    seeds, read = bundles
    assert unanswered(read, seeds, 70) == []


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_file_of_a_run_damaged_in_very_many_ways_is_read_or_refused(files, without_fsync):
    seeds, read = files
    assert unanswered(read, seeds, MANY, seed=1) == []


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_bundle_damaged_in_very_many_ways_is_read_or_refused(bundles, without_fsync):
    seeds, read = bundles
    assert unanswered(read, seeds, 20_000, seed=1) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_run_with_a_damaged_file_has_a_page_or_is_refused(whole, without_fsync):
    folder = whole.folder
    names = ("recipe.yaml", "data.json", "results.json", "history.jsonl", "environment.json")
    seeds = {name: (folder / name).read_bytes() for name in names}

    def draw(name: str) -> Read:
        def read(content: bytes) -> object:
            (folder / name).write_bytes(content)
            try:
                return run_page(whole, whole.plan, None).encode()
            finally:
                (folder / name).write_bytes(seeds[name])

        return read

    assert unanswered({name: draw(name) for name in names}, seeds, 300) == []
