"""The sealed test part opened once for a whole study: one look, in which every reading takes part.

Imports torch where it answers the images.
"""

from dataclasses import replace
from typing import Any

from toile import evaluation
from toile.data import Progress, load_data, no_progress
from toile.errors import ToileError
from toile.files import finite, write_json
from toile.runs import (
    LookScore,
    Run,
    ledger_folders,
    look_score_in,
    looks_of,
    open_test_for_all,
    pictures_of,
    seen_test_words,
    write_score,
)
from toile.statistics import judge_readings
from toile.studies.result import StudyResult
from toile.studies.study_test import study_test_in
from toile.studies.summary import study_summary


def open_study_test(
    result: StudyResult, why: str = "", *, progress: Progress = no_progress
) -> StudyResult:
    """Score every finished reading on the test part, in one look that the ledger counts.

    What came of it is kept in the study's folder; asked again with no new readings, that is
    returned and nothing is opened. Raises ToileError where readings are still to come, or where
    they do not share one test part.

        >>> result = toile.open_study_test(toile.open_study("epochs"), "the study is done")
        >>> result.test is not None
        True
    """
    finished = [reading for reading in result.readings if reading.score is not None]
    runs = {(reading.level, reading.number): Run(reading.folder) for reading in finished}
    if not result.ended or not runs:
        raise ToileError(
            f"{result.folder} has readings to train; the test part is opened once, when all are in"
        )
    names = [run.id for run in runs.values()]
    if result.test is not None and list(result.test.runs) == names:
        _write_score(next(iter(runs.values())), result.test.to_json())
        return result
    fingerprints = {run.data.original_fingerprint for run in runs.values()}
    if len(fingerprints) > 1:
        raise ToileError(
            f"the levels of {result.folder} learn from {len(fingerprints)} different data, and a "
            "look is at one test part; judge them apart with toile evaluate"
        )
    why = why or f"the readings of {result.spec.name} are in"
    test = _look(result, list(runs.values()), why, progress)
    scores: dict[str, list[float]] = {}
    for (level, _), accuracy in zip(runs, test["accuracies"], strict=True):
        scores.setdefault(level, []).append(accuracy)
    judged = judge_readings(scores, accuracies=True)
    levels = {level.name: level.to_json() for level in judged.levels}
    test = finite({"levels": levels, "runs": names, **test})
    # Before the ledger has the score, without which a look that is cut short is gone on with.
    write_json(result.folder / "test.json", test)
    _write_score(next(iter(runs.values())), test)
    opened = replace(result, test=study_test_in(test))
    write_json(result.folder / "verdict.json", study_summary(opened))
    return opened


def _write_score(run: Run, test: dict[str, Any]) -> None:
    """Write what came of the look that `test` is of into the ledger, where a kill left it out."""
    for look in looks_of(run):
        if look.id == test["look"].get("id") and look.score is None:
            write_score(ledger_folders(run.folder), look, look_score_in(test["look"]["score"]))


def _look(result: StudyResult, runs: list[Run], why: str, progress: Progress) -> dict[str, Any]:
    from toile.network import network_logits, pixels_of
    from toile.runs import load_network

    # All that can fail comes before the look, which counts whatever follows it.
    networks = [load_network(run) for run in runs]
    scales = [
        pixels_of(facts.scaling, facts.mean, facts.sd) for facts in (run.data for run in runs)
    ]
    trained = [pictures_of(run).trained for run in runs]
    dataset = load_data(runs[0].recipe.data, progress=progress, corrections=None)
    look, images = open_test_for_all(runs, result.spec.name, dataset, why)
    accuracies = []
    for done, (network, pixels) in enumerate(zip(networks, scales, strict=True), start=1):
        logits = network_logits(network, images.pixels, pixels)
        accuracies.append(float(evaluation.accuracy(logits, images.labels).value))
        progress(done, len(runs), "networks at the test part")
    # The ledger has one line for all: their mean, with the interval that the images alone leave.
    correct = round(sum(accuracies) / len(runs) * len(images))
    mean = evaluation.proportion(correct, len(images))
    warnings = (
        seen_test_words(run.recipe, images, hashes)
        for run, hashes in zip(runs, trained, strict=True)
    )
    seen = next(filter(None, warnings), "")
    look = replace(look, score=LookScore(mean, seen=seen))
    looks = [entry for entry in looks_of(runs[0]) if entry.test == look.test]
    return {
        "accuracies": accuracies,
        "images": len(images),
        "look": look.to_json(),
        "looks": len(looks),
        "networks": sum(entry.networks for entry in looks),
    }
