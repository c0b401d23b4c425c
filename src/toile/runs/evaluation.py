"""How good a run is: on validation by its stored answers, on the test part by a counted look.

Needs torch for a look alone, which imports it there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from toile import evaluation
from toile.data import DataSource, Progress, no_progress
from toile.errors import ToileError
from toile.evaluation import UNFITTED, Judgement, McNemar
from toile.prediction import Cost
from toile.runs.judging import judge_validation, scored_images, scored_part, temperature_of
from toile.runs.layout import ledger_folders
from toile.runs.ledger import looks_of, write_score
from toile.runs.ledger_file import Look
from toile.runs.listing import open_run
from toile.runs.look import open_test as look_at_test
from toile.runs.look import refuse_no_reason
from toile.runs.look_score import LookScore
from toile.runs.novelty import abstention_of
from toile.runs.pictures import pictures_of
from toile.runs.run import Run
from toile.runs.seen import refuse_unknown, seen_test_words, seen_words


@dataclass(frozen=True, eq=False)
class Evaluated:
    """A run's judgement and what it is of: `validation`, its scoring half, or `test`.

    `look` is the entry this judgement made in the ledger. `looks` counts all looks at this test
    part, `other_looks` those at the same source read differently, as in another size or fraction.

        >>> evaluated = toile.evaluate(run)
        >>> evaluated.of, evaluated.looks, evaluated.judgement.accuracy.n
        ('validation', 0, 1200)
    """

    run: Run
    of: str
    weights: str
    judgement: Judgement
    look: Look | None
    looks: int
    other_looks: int
    abstention: Cost | None
    """On how many genuine validation pictures `toile predict` gives no answer; of test None."""

    def __repr__(self) -> str:
        score = self.judgement.accuracy
        interval = f"{score.value:.4f} ({score.low:.4f} to {score.high:.4f})"
        return f"Evaluated({self.run.id!r}, {self.of}, accuracy {interval}, n {score.n})"

    @property
    def seen(self) -> str:
        """The warning beside the score if its images may have been learnt; else empty."""
        if self.look is not None and self.look.score is not None:
            return self.look.score.seen
        return seen_words(self.run.recipe)

    def to_json(self) -> dict[str, Any]:
        """The scores as JSON has them; the rows of `confusion` are true classes."""
        names = self.run.data.class_names
        judged = self.judgement
        return {
            "run": str(self.run.folder),
            "of": self.of,
            "weights": self.weights,
            "accuracy": judged.accuracy.to_json(),
            "top2": judged.top2.to_json(),
            "loss": judged.loss,
            "seen": self.seen or None,
            "per_class": [
                {"class": name, **scores.to_json()}
                for name, scores in zip(names, judged.per_class, strict=True)
            ],
            "macro": judged.macro.to_json(),
            "classes": list(names),
            "confusion": judged.matrix.tolist(),
            "most_confused": [
                {
                    "true": names[pair.true],
                    "predicted": names[pair.predicted],
                    "count": pair.count,
                    "fraction": pair.fraction,
                }
                for pair in judged.most_confused
            ],
            "calibration": judged.calibration.to_json(),
            "abstention": self.abstention and vars(self.abstention),
            "look": self.look and self.look.to_json(),
            "looks": self.looks,
            "other_looks": self.other_looks,
        }


def evaluate(
    run: str | Path | Run,
    *,
    open_test: bool = False,
    why: str = "",
    weights: str = "last",
    data: DataSource | None = None,
    progress: Progress = no_progress,
) -> Evaluated:
    """Judge `run` on validation, from its stored answers; with `open_test` on the sealed test part.

    A look at the test part takes `why`, is written into the ledger before it happens and is counted
    there for good; the network, with its `last` or `best` weights, answers the images in float32.
    `data` is where the run's images lie now, if no longer where they were. Raises ToileError where
    the run has no answers or weights, or its data is no longer the same.

        >>> toile.evaluate(run).judgement.accuracy.n
        1200
        >>> toile.evaluate(run, open_test=True, why="the final score").of
        'test'
    """
    run = open_run(run)
    if open_test:
        refuse_no_reason(why)  # before torch is loaded
        return _on_test(run, why, weights, data, progress)
    if why or weights != "last" or data is not None:
        figures = " or --figures" if not why and data is not None else ""
        option = "--why" if why else "--data" if data is not None else f"--weights {weights}"
        raise ToileError(
            f"{option} goes with --open-test{figures} (in Python open_test=True): on validation "
            "the run's stored answers are judged, which are those of its last weights; leave it out"
        )
    judgement = judge_validation(run.recipe, run.validation)
    return _evaluated(run, scored_part(run.recipe), "last", judgement, None)


def _on_test(
    run: Run, why: str, weights: str, data: DataSource | None, progress: Progress
) -> Evaluated:
    from toile.network import network_logits, pixels_of
    from toile.runs.classifier import load_network
    from toile.runs.known_data import load_run_data, validation_pixels

    facts = run.data
    pixels = pixels_of(facts.scaling, facts.mean, facts.sd)
    # All that can fail comes before the look, which counts whatever follows it.
    network = load_network(run, weights)
    dataset = load_run_data(run, progress, data)
    trained = pictures_of(run).trained
    temperature = UNFITTED
    if facts.validation:
        validation = run.validation
        if weights == "best":
            # The stored answers are the last weights'.
            logits = network_logits(network, validation_pixels(run, dataset), pixels)
            validation = replace(validation, logits=logits)
        temperature = temperature_of(validation)
    look, images = look_at_test(run, dataset, weights, why)
    logits = network_logits(
        network,
        images.pixels,
        pixels,
        lambda done: progress(done, len(images), "answering the test images"),
    )
    calibration = evaluation.calibrate(logits, images.labels, temperature)
    judgement = evaluation.judge(logits, images.labels, calibration)
    score = LookScore(
        judgement.accuracy, judgement.loss, seen_test_words(run.recipe, images, trained)
    )
    look = write_score(ledger_folders(run.folder), look, score)
    return _evaluated(run, "test", weights, judgement, look)


def _evaluated(
    run: Run, of: str, weights: str, judgement: Judgement, look: Look | None
) -> Evaluated:
    facts = run.data
    known = looks_of(run)
    # An older run's data.json may have its path as it was typed.
    sources = (facts.path, run.recipe.data.name)
    same_test = [entry for entry in known if entry.test == facts.test_fingerprint]
    other_test = [
        entry for entry in known if entry.test != facts.test_fingerprint and entry.source in sources
    ]
    cost = abstention_of(run).cost if look is None else None
    return Evaluated(run, of, weights, judgement, look, len(same_test), len(other_test), cost)


def same_validation_images(first: Run, second: Run) -> bool:
    """Whether both runs were validated on the same images in the same order.

    They may be of two sets, as an augmented set has the validation images of its parent, and in
    files of two formats, such as PNG and BMP.
    """
    digests = {first.data.validation_digest, second.data.validation_digest}
    if len(digests) == 1 and None not in digests:
        return True
    return first.data.order == second.data.order and np.array_equal(
        first.validation.indices, second.validation.indices
    )


def score_same_images(runs: Sequence[Run]) -> bool:
    """Whether the data of `runs`, or else their validation images, are the same, by `data.json`.

    Those are where the same data lies in two folders, and of an augmented set and its parent.
    """
    orders = {run.data.order for run in runs}
    digests = {run.data.validation_digest for run in runs}
    return len(orders) == 1 or (len(digests) == 1 and None not in digests)


def compare_predictions(
    first: str | Path | Run, second: str | Path | Run, *, allow_seen: bool = False
) -> McNemar:
    """McNemar's exact test of two runs on the validation images that both are scored on.

    Raises ToileError where they did not answer the same images in the same order; or where it is
    not known what the first weights of one were trained on, as of an imported network, unless that
    is allowed (`allow_seen`).

        >>> test = toile.compare_predictions(relu_runs[0], gelu_runs[0])
        >>> 0 <= test.p <= 1
        True
    """
    first, second = open_run(first), open_run(second)
    if not same_validation_images(first, second):
        raise ToileError(
            f"{first.id} and {second.id} were validated on different images, and McNemar's test "
            "needs the same ones: train both on the same data with the same data.split and "
            "data.validation"
        )
    if not allow_seen:
        refuse_unknown((first, second))
    pair = [(run, run.validation) for run in (first, second)]
    among = np.logical_and(*(scored_images(run.recipe, validation) for run, validation in pair))
    correct = [validation.logits.argmax(axis=1) == validation.labels for _, validation in pair]
    return evaluation.mcnemar(correct[0][among], correct[1][among])
