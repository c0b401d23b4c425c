"""All that is done with data, done with data larger than memory: the same to the bit."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import toile
from toile.data import MappedPixels, describe
from toile.errors import ToileError
from toile.executors.ray_worker import dataset_to_send
from toile.runs import prepare_data
from toile.workbench import (
    Removal,
    census,
    export_run,
    inspected,
    mistakes_of,
    prune,
    view_pruning_curve,
)

LITTLE = "400"
"""Bytes of memory, for which two pictures of 8 x 8 are many."""
SECONDS = {"seconds", "images_per_second", "evaluation_seconds", "total_seconds"}
FILES = ("last", "best", "validation", "novelty", "pictures")
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "varied, standardised": {
        "augmentation.shift": 2,
        "augmentation.flip": "random",
        "augmentation.rotate": 10,
        "augmentation.noise": 0.1,
        "data.scaling": "standard",
    },
    "in two parts": {"training.shards": 2, "training.threads": 2},
    "counted, many held out": {"data.validation": 0.4, "training.census": True},
    "nothing held out": {"data.validation": 0, "augmentation.shift": 1},
}
MIDDLING = "20000"
"""Bytes of memory for all pictures, and for no copy of those that are learnt from."""
Memories = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def memories(tmp_path, monkeypatch) -> Memories:
    """`with memories("little")`: memory for few pictures, middling or enough; a cache for each."""

    @contextmanager
    def entered(name: str) -> Iterator[None]:
        with monkeypatch.context() as context:
            context.setenv("TOILE_CACHE", str(tmp_path / f"cache-{name}"))
            context.delenv("TOILE_MEMORY", raising=False)
            if name == "little":
                context.setenv("TOILE_MEMORY", LITTLE)
            if name == "middling":
                context.setenv("TOILE_MEMORY", MIDDLING)
                context.setattr("toile.data.mapped_pixels.MOST_COPIED_BYTES", 0)
            yield

    return entered


def remains(folder: Path) -> dict[str, Any]:
    """What must be the same: weights, answers, hashes, facts of the data, and history."""
    files = [folder / f"{name}.safetensors" for name in FILES]
    records = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    return {
        **{file.name: file.read_bytes() for file in files if file.exists()},
        "history": [
            {name: value for name, value in record.items() if name not in SECONDS}
            for record in records
        ],
        "data": json.loads((folder / "data.json").read_text()),
        "census": [file.read_bytes() for file in sorted(folder.glob("census/*"))],
    }


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_training_gives_the_same_bits(small, memories, tmp_path, settings):
    kept = {}
    for memory in ("little", "middling", "enough"):
        with memories(memory):
            run = toile.train(small(1), settings=settings, out=tmp_path / memory)
            kept[memory] = remains(run.folder)
    assert kept["little"] == kept["middling"] == kept["enough"]


def test_one_that_was_stopped_goes_on_to_the_same_bits(small, memories, tmp_path):
    kept = {}
    for memory in ("little", "enough"):
        with memories(memory):
            live = toile.begin(small(3), out=tmp_path / memory)
            for event in live.events():
                if getattr(event, "step", 0) > 7:
                    break
        with memories("little"):
            kept[memory] = remains(toile.resume(live.run).folder)
    with memories("enough"):
        kept["undisturbed"] = remains(toile.train(small(3), out=tmp_path / "whole").folder)
    assert kept["little"] == kept["enough"] == kept["undisturbed"]


def test_the_training_part_stays_in_its_file(small, memories):
    with memories("little"):
        prepared = prepare_data(small(1).data)
        assert isinstance(prepared.dataset.train.pixels, MappedPixels)
        assert isinstance(prepared.split.train.pixels, MappedPixels)
    with memories("enough"):
        assert isinstance(prepare_data(small(1).data).split.train.pixels, np.ndarray)


def test_of_a_set_in_memory_no_large_part_is_copied_to_learn_from(small, memories):
    with memories("middling"):
        prepared = prepare_data(small(1).data)
        whole, learnt = prepared.dataset.train.pixels, prepared.split.train.pixels
        assert isinstance(whole, np.ndarray)
        assert isinstance(learnt, MappedPixels)
        assert np.shares_memory(learnt.source, whole)
        assert len(learnt) < len(whole)


@pytest.fixture
def largest_copies(monkeypatch) -> list[int]:
    """How many pictures of a set in a file were copied at once, each time."""
    copies = []
    index = MappedPixels.__getitem__

    def watched(pixels, key):
        part = index(pixels, key)
        copies.append(len(part) if part.ndim == 4 else 1)
        return part

    monkeypatch.setattr(MappedPixels, "__getitem__", watched)
    return copies


def test_no_step_of_a_training_copies_more_than_a_batch(
    small, memories, tmp_path, largest_copies, monkeypatch
):
    # Statistics go over pieces of 4 MB, which would hold all of these pictures.
    monkeypatch.setattr("toile.data.images.CHUNK_BYTES", 200)
    monkeypatch.setattr("toile.network.scoring.BATCH", 7)
    for module in ("principal_components", "features"):
        monkeypatch.setattr(f"toile.data.{module}.MOST_IMAGES", 5)
    with memories("little"):
        settings = {"augmentation.shift": 1, "training.keep": "epochs"}
        toile.train(small(1), settings=settings, out=tmp_path / "run")
    assert max(largest_copies) == 8


def answers(run: toile.Run, folder: Path) -> dict[str, Any]:
    """What is said of a run, by all that looks at its data."""
    evaluated = toile.evaluate(run, open_test=True, why="the same from a file").to_json()
    scores = toile.baselines(run, keep=False).model_dump(mode="json")["scores"]
    pruned = prune(run, Removal(fraction=0.5)).run
    return {
        "test": {name: evaluated[name] for name in ("accuracy", "loss", "confusion")},
        "census": census(run, why=True).to_json(),
        "baselines": [(score["name"], score["accuracy"]) for score in scores],
        "pruned": remains(pruned.folder)["last.safetensors"],
        "curve": view_pruning_curve([run]).record,
        "exported": export_run(run, "safetensors", folder / "exported").about.parity.model_dump(),
        "mistakes": len(mistakes_of(run).axes),
        "described": describe(toile.load_data(run.recipe.data)).to_json(),
    }


def test_what_looks_at_the_data_says_the_same(small, memories, tmp_path):
    said = {}
    for memory in ("little", "enough"):
        with memories(memory):
            settings = {"data.validation": 0.4, "network.conv1.filters": 4}
            run = toile.train(small(2), settings=settings, out=tmp_path / memory / "run")
            said[memory] = answers(run, tmp_path / memory)
    for name, words in said["enough"].items():
        assert said["little"][name] == words, name


def test_validation_pictures_are_asked_for_in_pieces_and_say_the_same(
    small, pictures, memories, tmp_path, largest_copies, monkeypatch
):
    for name, most in {
        "toile.data.images.CHUNK_BYTES": 200,
        "toile.network.scoring.BATCH": 7,
        "toile.workbench.robustness.AT_ONCE": 7,
        "toile.workbench.robustness.NO_CLASS": 21,
        "toile.evaluation.baselines.VALUES_AT_ONCE": 7 * 64,
    }.items():
        monkeypatch.setattr(name, most)
    answers = []
    for memory in ("little", "enough"):
        with memories(memory):
            run = toile.train(small(2, validation=0.4), out=tmp_path / memory / "run")
            assert len(run.validation.indices) == 19
            del largest_copies[:]
            robust = toile.evaluate_robustness(run, attacks=False)
            settings = {"validation": 19, "size_px": 8}
            scores = [
                toile.baselines(run, keep=False),
                toile.baselines(str(pictures), settings=settings),
            ]
            answers.append(
                {
                    **robust.values,
                    "best": inspected(run, "best").validation.logits,
                    "baselines": [[each.accuracy for each in score.scores] for score in scores],
                }
            )
            assert 19 not in largest_copies
            assert (7 in largest_copies) == (memory == "little")
    little, enough = answers
    assert little.keys() == enough.keys()
    for name, array in enough.items():
        assert np.array_equal(little[name], array), name


def test_a_study_comes_to_the_same_scores(small, memories, tmp_path):
    scores = {}
    for memory in ("little", "enough"):
        with memories(memory):
            live = toile.study(small(1), readings=2, out=tmp_path / memory, on="inline")
            scores[memory] = [reading.score for reading in live.finish().readings]
    assert None not in scores["little"]
    assert scores["little"] == scores["enough"]


def test_it_is_not_sent_to_a_cluster(small, memories):
    with memories("little"), pytest.raises(ToileError, match="each node of a cluster holds a copy"):
        dataset_to_send(small(1).data)
