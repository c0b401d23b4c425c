"""A Ray cluster of this machine's, started once, and tasks small enough to take in a moment."""

import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from toile.executors.executor import Task
from toile.recipe import read_recipe, recipe_text, with_settings

SMALL = {
    "data.name": "fashion-sample",
    "data.validation": 600,
    "network.conv1.filters": 2,
    "training.batch_size": 1000,
    "training.threads": 1,
    "training.precision": "float32",
}
NOTICED_SOON = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 200,
    "health_check_failure_threshold": 3,
}
"""A node that died is found out in a second, in place of some fifteen."""


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """A node of one CPU, to which others may be added."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Ray's own imports and files are not ours to keep tidy.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ray_utils = pytest.importorskip("ray.cluster_utils")
        head = {"num_cpus": 1, "include_dashboard": False, "_system_config": NOTICED_SOON}
        started = ray_utils.Cluster(initialize_head=True, head_node_args=head)
    yield started
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        started.shutdown()


@pytest.fixture
def make_task(tmp_path: Path) -> Callable[..., Task]:
    """A task called `key`, of one epoch unless said."""

    def make(key: str, epochs: int = 1, folder: Path | None = None, **settings: object) -> Task:
        values = {address.replace("__", "."): value for address, value in settings.items()}
        recipe = with_settings(read_recipe("s1-lab"), SMALL | {"training.epochs": epochs, **values})
        return Task(key, (folder or tmp_path) / key, recipe_text(recipe, complete=True))

    return make
