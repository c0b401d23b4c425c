"""Processes that compute parts of every batch: the same bits, whatever becomes of them."""

import errno
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from toile.data import Images, Margins, PixelStatistics, Split
from toile.engine.parallel import channels, workers
from toile.engine.parallel.shared import TensorSpec, shared_file, shared_tensors
from toile.recipe import plan_network, recipe_of, with_settings
from toile.training import Finished, Fit, Stepped, begin, prepare_torch, resolve, train

CONV = {"conv": {"filters": 4, "padding": "same"}}
NORMED = [CONV, "batchnorm", "relu", {"maxpool": 2}, "flatten", {"dense": "classes"}]
PLAIN = [CONV, "relu", {"maxpool": 2}, {"dropout": 0.5}, "flatten", {"dense": "classes"}]
SHAPE = (1, 8, 6)
STATISTICS = PixelStatistics((0.5,), (0.3,), (0.0,), Margins(0.0, 0.0, 0.0, 0.0))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a process may be late, and the tests are not of that."""
    monkeypatch.setattr(channels, "PATIENCE_SECONDS", 60.0)


@pytest.fixture(autouse=True)
def same_threads_after() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def fit_of(network: list, parts: int = 2, frozen: tuple[str, ...] = (), **rest: object) -> Fit:
    """A fit of two epochs on 37 random pictures, in batches of 12: the last one has a picture."""
    training = {"threads": parts, "shards": parts, "batch_size": 12, "epochs": 2}
    settings = {"precision": "float32", "optimizer": "adam", **rest.pop("training", {})}
    recipe = recipe_of({"network": network, "training": training | settings, **rest})
    if frozen:
        start = {"run": "other", "copied": frozen, "frozen": frozen}
        recipe = recipe_of(
            {**recipe.model_dump(), "training": recipe.training.model_dump() | {"start": start}}
        )
    plan = plan_network(recipe.network, SHAPE, 3)
    rng = np.random.default_rng(0)
    images = Images(rng.integers(0, 256, (37, *SHAPE), dtype=np.uint8), rng.integers(0, 3, 37))
    few = images.gather(np.arange(4))
    split = Split(images, few, np.arange(4), np.arange(4) < 2, None)
    resolved = resolve(recipe, plan)
    prepare_torch(resolved.training)
    return begin(resolved, plan, split, STATISTICS)


def trained(fit: Fit, with_workers: bool) -> Fit:
    if with_workers:
        fit.gradient.begin_workers(fit.batches, wait=True)
        assert fit.gradient.has_workers
    for event in train(fit):
        assert fit.gradient.has_workers == with_workers or isinstance(event, Finished)
    return fit


def assert_same(one: Fit, other: Fit) -> None:
    mine, theirs = one.tensors(), other.tensors()
    assert [name for name in mine if not torch.equal(mine[name], theirs[name])] == []


@pytest.mark.parametrize(
    "settings",
    [
        {
            "network": NORMED,
            "parts": 3,
            "augmentation": {"shift": 1, "noise": 0.1},
            "training": {"precision": "bfloat16"},
        },
        {"network": PLAIN, "training": {"batch_size": 9, "optimizer": "muon", "ema": 0.9}},
        {"network": NORMED, "frozen": ("conv1", "batchnorm1")},
    ],
    ids=["three-parts-augmented-bfloat16", "a-larger-last-batch-dropout-average", "frozen"],
)
def test_processes_give_the_bits_that_threads_give(settings):
    by_threads, by_processes = (fit_of(**settings) for _ in range(2))
    assert_same(trained(by_threads, False), trained(by_processes, True))


@pytest.mark.parametrize(
    "network",
    [NORMED, pytest.param(PLAIN, marks=pytest.mark.slow)],
    ids=["normed", "plain"],
)
def test_where_one_is_killed_threads_go_on_to_the_same_bits(network):
    expected, fit = trained(fit_of(network), False), fit_of(network)
    fit.gradient.begin_workers(fit.batches, wait=True)
    for event in train(fit):
        if isinstance(event, Stepped) and event.step == 2:
            (process,) = fit.gradient._workers._processes
            process.kill()
            process.wait()
    assert not fit.gradient.has_workers
    assert_same(expected, fit)


def test_where_one_cannot_begin_threads_give_the_same_bits(monkeypatch):
    expected, fit = trained(fit_of(NORMED), False), fit_of(NORMED)
    monkeypatch.setattr(workers, "WORKER", (sys.executable, "-c", "import sys; sys.exit(1)"))
    fit.gradient.begin_workers(fit.batches, wait=True)
    assert_same(expected, trained(fit, False))


def test_where_one_is_gone_before_it_has_begun_the_others_end_too(monkeypatch):
    expected, fit = trained(fit_of(NORMED, parts=3), False), fit_of(NORMED, parts=3)
    begun = []

    def begin_and_lose_the_first(*given):
        begun.append(begin_process(*given))
        if len(begun) == 1:
            begun[0].kill()
            begun[0].wait()
        return begun[-1]

    begin_process = workers._process
    monkeypatch.setattr(workers, "_process", begin_and_lose_the_first)
    fit.gradient.begin_workers(fit.batches, wait=True)
    assert len(begun) == 2
    assert all(process.returncode is not None for process in begun)
    assert_same(expected, trained(fit, False))


def test_batch_norms_of_any_size_meet():
    """100,800 numbers of each picture are normed: three megabytes of statistics a step."""
    wide = [{"conv": {"filters": 2100, "padding": "same"}}, "relu", "flatten", "batchnorm"]
    settings = {"network": [*wide, {"dense": "classes"}], "training": {"epochs": 1}}
    by_threads, by_processes = (fit_of(**settings) for _ in range(2))
    assert_same(trained(by_threads, False), trained(by_processes, True))


@pytest.mark.parametrize(
    ("network", "parts"),
    [(NORMED, 3), pytest.param(PLAIN, 2, marks=pytest.mark.slow)],
    ids=["normed", "plain"],
)
def test_where_one_is_stopped_threads_go_on_to_the_same_bits(network, parts, monkeypatch):
    monkeypatch.setattr(channels, "PATIENCE_SECONDS", 0.3)
    expected, fit = trained(fit_of(network, parts), False), fit_of(network, parts)
    fit.gradient.begin_workers(fit.batches, wait=True)
    processes = fit.gradient._workers._processes
    for event in train(fit):
        if isinstance(event, Stepped) and event.step == 2:
            processes[-1].send_signal(signal.SIGSTOP)
    assert not fit.gradient.has_workers
    assert all(process.returncode == -signal.SIGKILL for process in processes)
    assert_same(expected, fit)


def test_one_that_is_stopped_before_it_has_begun_is_not_waited_for_without_end(monkeypatch):
    expected, fit = trained(fit_of(NORMED), False), fit_of(NORMED)
    stop = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"
    monkeypatch.setattr(workers, "WORKER", (sys.executable, "-c", stop))
    monkeypatch.setattr(workers, "BEGIN_SECONDS", 0.3)
    fit.gradient.begin_workers(fit.batches, wait=True)
    assert_same(expected, trained(fit, False))


def test_a_ctrl_c_while_they_begin_does_not_reach_them():
    fit = fit_of(NORMED)
    fit.gradient.begin_workers(fit.batches)
    fit.gradient._workers._processes[0].send_signal(signal.SIGINT)
    assert fit.gradient._workers.are_ready(wait=True)
    fit.gradient.close()


@pytest.mark.parametrize("missing", ["memory", "folder for temporary files", "open files"])
def test_where_there_is_no_room_for_what_they_share_threads_give_the_same_bits(
    missing, monkeypatch
):
    expected, fit = trained(fit_of(NORMED), False), fit_of(NORMED)

    def no_room(*given):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        if missing == "memory":
            patched.setattr(os, "posix_fallocate", no_room)
        elif missing == "open files":
            patched.setattr(workers, "Pipe", no_room)
        else:
            patched.delattr(os, "memfd_create")
            patched.setattr(tempfile, "tempdir", "/no/such/folder")
        fit.gradient.begin_workers(fit.batches, wait=True)
    assert_same(expected, trained(fit, False))


def test_they_begin_by_themselves_in_a_long_training_and_end_where_it_is_left(monkeypatch):
    fit = fit_of(PLAIN, training={"epochs": 1_000})
    monkeypatch.setattr("toile.engine.gradient.WORTH_SECONDS", 0.0)
    for event in train(fit):
        if fit.gradient.has_workers and fit.gradient._workers.are_ready():
            (process,) = fit.gradient._workers._processes
            break
        assert not isinstance(event, Stepped) or event.step < 10_000
    assert process.poll() is not None
    assert not fit.gradient.has_workers
    assert any(fit.gradient.has_workers for _ in train(fit)), "none where it goes on"


def test_a_short_training_begins_none():
    fit = fit_of(PLAIN, training={"epochs": 4})
    assert not any(fit.gradient.has_workers for _ in train(fit))


def test_a_training_that_is_asked_for_more_epochs_begins_them(monkeypatch):
    fit = fit_of(PLAIN)
    for _ in train(fit):
        pass
    monkeypatch.setattr("toile.engine.gradient.WORTH_SECONDS", 0.0)
    extended = {"training.epochs": 40, "training.extended": [{"step": 8, "epochs": 2}]}
    fit.recipe = with_settings(fit.recipe, extended)
    assert any(fit.gradient.has_workers for _ in train(fit))


def test_a_network_in_one_part_begins_none():
    fit = fit_of(PLAIN, parts=1)
    fit.gradient.begin_workers(fit.batches, wait=True)
    assert not fit.gradient.has_workers


def test_they_end_with_the_process_that_began_them(tmp_path):
    script = tmp_path / "begin.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_workers import NORMED, fit_of\n"
        "fit = fit_of(NORMED)\n"
        "fit.gradient.begin_workers(fit.batches, wait=True)\n"
        "print(fit.gradient._workers._processes[0].pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, script], **pipes) as process:
        os.kill(int(process.stdout.readline()), 0)
        process.send_signal(signal.SIGKILL)
        # Its errors come to an end when the partner, to which they are open too, has ended.
        assert process.stderr.read() == b""


def test_shared_tensors_have_their_forms_and_are_seen_by_all():
    like = [
        torch.zeros(3, 2, 5, 4).to(memory_format=torch.channels_last),
        torch.zeros((), dtype=torch.int64),
        torch.zeros(7, dtype=torch.uint8),
    ]
    specs = [TensorSpec.of(one) for one in like]
    file = shared_file(specs)
    mine, theirs = shared_tensors(file, specs), shared_tensors(file, specs)
    os.close(file)
    for number, (one, other, spec) in enumerate(zip(mine, theirs, specs, strict=True)):
        assert TensorSpec.of(one) == spec
        assert one.data_ptr() % 64 == 0
        one.fill_(number + 1)
        assert (other == number + 1).all()
    assert all((one == number + 1).all() for number, one in enumerate(mine))
