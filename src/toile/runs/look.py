"""The counted look: the only way from a run to the labels of a test part."""

import hashlib
from collections.abc import Sequence

from toile.data import Dataset, Images
from toile.data.sealed import open_sealed
from toile.errors import ToileError
from toile.runs.layout import ledger_folders, name_in_ledger
from toile.runs.ledger import resume_look, write_look
from toile.runs.ledger_file import Look, LookRequest
from toile.runs.run import Run


def open_test(run: Run, dataset: Dataset, weights: str, why: str) -> tuple[Look, Images]:
    """Write the look into the ledger, then open the test part of the data `run` was trained on.

    A look of it that was cut short before it had a score is gone on with, and counts once. Raises
    ToileError without a reason or where `dataset` is other data; nothing is written then.
    """
    name = name_in_ledger(run.folder)
    return _open([run], name, run.recipe.hash, dataset, weights, why)


def open_test_for_all(
    runs: Sequence[Run], name: str, dataset: Dataset, why: str
) -> tuple[Look, Images]:
    """One look of all `runs` together, of a study called `name`, by their last weights.

    They share one ledger and one test part. What is cut short, and raised, is as with `open_test`.
    """
    hashes = "\n".join(sorted(run.recipe.hash for run in runs))
    recipe = hashlib.sha256(hashes.encode()).hexdigest()
    return _open(runs, name, recipe, dataset, "last", why)


def refuse_no_reason(why: str) -> None:
    """Raise ToileError unless `why` says something."""
    if not why.strip():
        raise ToileError(
            "opening the test part takes a reason, why, which is kept in the ledger: --why "
            '"the settings are chosen, this is the final score"'
        )


def _open(
    runs: Sequence[Run], name: str, recipe: str, dataset: Dataset, weights: str, why: str
) -> tuple[Look, Images]:
    refuse_no_reason(why)
    for run in runs:
        known = run.data.original_fingerprint
        if dataset.original_fingerprint != known:
            raise ToileError(
                f"{run.id} was trained on data of fingerprint {known:.16}; {dataset.path} has "
                f"{dataset.original_fingerprint:.16}; bring the same data back"
            )
    if not len(dataset.test):
        raise ToileError(f"{dataset.path} has no test images; there is nothing to open")
    folders, test = ledger_folders(runs[0].folder), dataset.test_fingerprint
    request = LookRequest(
        name, weights, recipe, dataset.original_fingerprint, test, str(dataset.path), len(runs)
    )
    look = resume_look(folders, request) or write_look(folders, request, why.strip())
    return look, open_sealed(dataset.test)
