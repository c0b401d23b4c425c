"""Studies on a Ray cluster, through the command line: killed nodes, Ctrl-C, what is refused."""

import os
import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import toile
from toile.errors import ToileError
from toile.executors.ray_worker import Cluster, dataset_to_send
from toile.studies import open_study

FILTERS = "network.conv1.filters"
WORDS = [
    "s1-lab",
    f"--vary={FILTERS}=2,3",
    "--readings=1",
    "--data=fashion-sample",
    "--epochs=2",
    "--set=training.batch_size=10",
    "--set=data.validation=600",
    "--no-page",
]
# Ray takes a minute to begin a worker where both cores are busy.
PATIENCE_SECONDS = 180
SAME = ("recipe.yaml", "last.safetensors", "best.safetensors", "validation.safetensors")
pytestmark = [pytest.mark.filterwarnings("ignore:::ray"), pytest.mark.timeout(600)]


def start(folder: Path, *words: str, address: str = "") -> subprocess.Popen[str]:
    environment = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    if address:
        environment["RAY_ADDRESS"] = address
    return subprocess.Popen(
        [sys.executable, "-m", "toile.cli", "study", *words, f"--out={folder}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=120)
    return process.returncode, output, errors


def wait_for(happened, process):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := happened()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def remains(folder: Path) -> dict[str, bytes]:
    """What bits a study is made of: every reading's recipe, weights and answers."""
    return {
        f"{run.name}/{file}": (run / file).read_bytes()
        for run in (folder / "readings").iterdir()
        for file in SAME
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    """The study taken by processes of this machine."""
    folder = tmp_path_factory.mktemp("local") / "study"
    code, _, errors = end(start(folder, *WORDS))
    assert code == 0, errors
    return folder


def assert_same(folder: Path, undisturbed: Path) -> None:
    assert remains(folder) == remains(undisturbed)
    assert len(list((folder / "readings").iterdir())) == 2
    table = open_study(folder).table()
    assert np.array_equal(table, open_study(undisturbed).table())
    assert not np.isnan(table).any()


@pytest.mark.slow
def test_a_node_killed_midway_costs_no_reading_and_the_table_is_the_local_one(
    cluster, undisturbed, tmp_path, monkeypatch, halting
):
    there = tmp_path / "there"
    there.mkdir()
    with warnings.catch_warnings(), monkeypatch.context() as patched:
        warnings.simplefilter("ignore")
        # Where processes of that node alone put what they work on.
        patched.setenv("TMPDIR", str(there))
        for name, value in halting.environment(f"{there}/*/best.safetensors", count=2).items():
            patched.setenv(name, value)
        node = cluster.add_node(num_cpus=1, include_dashboard=False)
    process = start(tmp_path / "study", *WORDS, "--on=ray", address=cluster.address)
    # A reading is under way there, and some of its epochs are done.
    assert halting.wait(process.pid)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cluster.remove_node(node, allow_graceful=False)
    code, _, errors = end(process)
    assert code == 0, errors
    assert_same(tmp_path / "study", undisturbed)
    assert "Traceback" not in errors
    assert not re.search(r"raylet|actor|\(pid", errors), errors
    assert [path.name for path in (tmp_path / "study").glob("readings/.*")] == []


@pytest.mark.slow
def test_stopped_by_ctrl_c_the_cluster_runs_on_and_the_study_goes_on_here(
    cluster, undisturbed, tmp_path, monkeypatch
):
    folder = tmp_path / "study"
    process = start(folder, *WORDS, "--on=ray", address=cluster.address)
    wait_for(lambda: list(folder.glob("readings/*/state.json")), process)
    os.killpg(process.pid, signal.SIGINT)
    code, _, errors = end(process)
    assert code == 130, errors
    assert f"toile: stopped; toile study {folder} continues it" in errors
    assert "Traceback" not in errors
    assert {one.status for one in open_study(folder).readings} <= {"finished", "stopped", "waiting"}
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    with Cluster()(0) as seats:
        assert seats.slots == 1
    assert end(start(folder, *WORDS))[0] == 0
    assert_same(folder, undisturbed)


@pytest.mark.slow
def test_without_an_address_it_has_a_cluster_of_its_own_and_says_no_more_than_usual(
    undisturbed, tmp_path
):
    code, output, errors = end(start(tmp_path / "study", *WORDS, "--on=ray"))
    assert code == 0, errors
    assert_same(tmp_path / "study", undisturbed)
    assert output.startswith("level  n")
    lines = [line for line in errors.splitlines() if line]
    ours = r"note: |.*readings to train on ray|.* readings|No SD is known"
    assert [line for line in lines if not re.match(ours, line)] == []


def test_more_than_any_node_has_is_refused_with_what_there_is(cluster, monkeypatch, tmp_path):
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    live = toile.study(
        "s1-lab", data="fashion-sample", readings=1, on="ray", gpus_per_reading=0.25, out=tmp_path
    )
    with pytest.raises(ToileError, match=r"asks for 1 CPUs and 0.25 GPUs.*1 CPUs and 0 GPUs"):
        live.finish()


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("127.0.0.1:1", "no cluster answers"),
        ("ray://127.0.0.1:10001", "started on a node of the cluster"),
    ],
)
def test_an_address_where_no_cluster_is_is_refused_at_once(address, complaint, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(ToileError, match=complaint), Cluster()(0):
        pass


def test_without_the_extra_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(ToileError, match=r"which --on ray needs: .*'\.\[cluster\]'"),
        Cluster()(0),
    ):
        pass


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"on": "mars"}, "on is mars"),
        ({"cpus_per_reading": 2}, "cpus_per_reading is 2, which goes with on ray"),
        ({"on": "ray", "cpus_per_reading": 0}, "cpus_per_reading is 0"),
        ({"on": "ray", "gpus_per_reading": -1}, "gpus_per_reading is -1"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(asked, complaint, tmp_path):
    with pytest.raises(ToileError, match=complaint):
        toile.study("s1-lab", data="fashion-sample", out=tmp_path / "study", **asked)
    assert not (tmp_path / "study").exists()


def test_of_the_test_part_only_number_and_marks_of_its_images_leave():
    import pickle

    recipe = toile.Recipe.preset("s1-lab").replace(data="fashion-sample")
    whole, sent = toile.load_data(recipe.data), dataset_to_send(recipe.data)
    assert len(sent.test) == len(whole.test) > 0
    assert sent.fingerprint == whole.fingerprint
    size = len(pickle.dumps(sent))
    train = whole.train
    learnt = train.pixels.nbytes + train.labels.nbytes + train.hashes.nbytes
    # A label and two hashes, of eight bytes each.
    assert size < learnt + 24 * len(whole.test) + 1e5
