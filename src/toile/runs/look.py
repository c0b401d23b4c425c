"""The counted look: the only way from a run to the labels of a test part."""

from toile.data import Dataset, Images
from toile.data.sealed import open_sealed
from toile.errors import ToileError
from toile.runs.ledger import Look, write_look
from toile.runs.run import Run


def open_test(run: Run, dataset: Dataset, weights: str, why: str) -> tuple[Look, Images]:
    """Write the look into the ledger, then open the test part of the data `run` was trained on.

    Raises ToileError without a reason or where `dataset` is other data; nothing is written then.
    """
    if not why.strip():
        raise ToileError(
            "opening the test part takes a reason, why, which is kept in the ledger: --why "
            '"the settings are chosen, this is the final score"'
        )
    facts = run.facts
    if dataset.fingerprint != facts.fingerprint:
        raise ToileError(
            f"{run.id} was trained on data of fingerprint {facts.fingerprint:.16}; {dataset.path} "
            f"has {dataset.fingerprint:.16}; bring the same data back"
        )
    if not len(dataset.test):
        raise ToileError(f"{dataset.path} has no test images; there is nothing to open")
    look = write_look(
        run.folder.resolve().parent,
        run.id,
        weights,
        run.recipe.hash,
        dataset.fingerprint,
        dataset.test_fingerprint,
        str(dataset.path),
        why.strip(),
    )
    return look, open_sealed(dataset.test)
