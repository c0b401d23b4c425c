"""What was measured of a run's weights, kept in its folder with their sha256.

A training that goes on changes the weights: what is of others is not handed out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toile.errors import ToileError
from toile.runs.baseline_scores import BaselineScores, read_baselines
from toile.runs.corrupt_file import CorruptFile
from toile.runs.layout import BASELINES, IMPORT, ROBUSTNESS
from toile.runs.records import Import, Record, Results, RobustnessRecord, read_record_file
from toile.runs.state import read_state

MEASURING = {
    BASELINES: "toile baselines {run}",
    ROBUSTNESS: "toile evaluate {run} --robustness",
}
"""The command that makes each file."""


def weights_sha256(folder: Path, weights: str = "last") -> str:
    """The sha256 of the `last` or `best` weights of the run in `folder`; empty where it has none.

    Raises CorruptFile where the file that says it is damaged.
    """
    results, file = folder / "results.json", folder / f"{weights}.safetensors"
    if results.exists():
        return str(read_record_file(results, Results)["weights"].get(weights, ""))
    if not file.exists():
        return ""
    from toile.runs.tensors import load_arrays  # NumPy, which a listing does not wait for

    return load_arrays(file).sha256


def current_baselines(folder: Path) -> BaselineScores | None:
    """Those that are of the run's weights as they are; None where there are none."""
    with _naming_next_step(f"measure anew: {_command(BASELINES, folder)}"):
        scores = read_baselines(folder)
    is_current = scores is not None and scores.weights_sha256 == weights_sha256(folder)
    return scores if is_current else None


def current_robustness(folder: Path) -> Record | None:
    """What is of the run's weights as they are; None where there is nothing."""
    path = folder / ROBUSTNESS
    if not path.exists():
        return None
    with _naming_next_step(f"measure anew: {_command(ROBUSTNESS, folder)}"):
        record = read_record_file(path, RobustnessRecord)
    measured = record.get("weights_sha256")
    is_current = measured == weights_sha256(folder, record.get("weights", "last"))
    return record if measured and is_current else None


def read_import(folder: Path) -> Record | None:
    """How the network of the run in `folder` was read; None of one that was trained here."""
    path = folder / IMPORT
    if not path.exists():
        return None
    with _naming_next_step("import the network anew: toile import FILE"):
        return read_record_file(path, Import)


def refuse_training(folder: Path) -> None:
    """Raise ToileError while the run in `folder` is trained: its weights change meanwhile."""
    state = read_state(folder)
    if state.alive:
        raise ToileError(
            f"{_name(folder)} is {state.status} (process {state.pid}), so that its weights are not "
            "yet those it ends with; measure when it has ended"
        )


def refuse_without_results(folder: Path) -> None:
    """Raise ToileError where the run in `folder` has no results, of which a card could speak."""
    if (folder / "results.json").exists():
        return
    state, name = read_state(folder), _name(folder)
    if state.status == "diverged":
        raise ToileError(
            f"{name} diverged before an epoch was scored ({state.reason}), so that there is "
            "nothing to say in a card; train it with a lower learning rate"
        )
    raise ToileError(f"{name} has not ended, so that there is nothing to say in a card yet")


@contextmanager
def _naming_next_step(step: str) -> Iterator[None]:
    """A damaged file is refused with what can be done about it."""
    try:
        yield
    except CorruptFile as error:
        raise CorruptFile(f"{error}; delete the file, or {step}") from None


def _command(file: str, folder: Path) -> str:
    return MEASURING[file].format(run=_name(folder))


def _name(folder: Path) -> str:
    return folder.absolute().name
