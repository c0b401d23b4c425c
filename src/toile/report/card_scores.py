"""The sections of a model card on how good the network is and where it fails."""

import math

from toile.evaluation import Estimate
from toile.report.card_file import CardFile, weights_words
from toile.report.card_text import markdown_table
from toile.report.page.numbers import count, percent, with_ends
from toile.report.page.status import INTERVAL, run_status
from toile.report.page.validation_summary import ClassRow, summarise_validation
from toile.report.study_page.markdown import escaped
from toile.runs import BASELINES, MEASURING, ROBUSTNESS, Run, abstention_of, seen_words

NUM_WORST = 5
EARLY_ENDS = {
    "diverged": "The training diverged: the loss stopped being a number, and it ended early, after "
    "{epochs} of {planned} epochs.",
    "stopped": "The training was stopped after {epochs} of {planned} epochs.",
}


def score_section(run: Run, file: CardFile | None) -> list[str]:
    """The accuracy of the card's weights, and that of simple classifiers."""
    status = run_status(run)
    score, meaning = _best(run) if _is_of_best(run, file) else (status.score, status.meaning)
    lines = [f"Accuracy {with_ends(score)}, n = {count(score.n)}."] if score else []
    lines.append(escaped(meaning))
    if file is not None and file.is_int8:
        lines.append(
            "That is the score of the network in float32; the section on the file says what int8 "
            "changed."
        )
    if status.status in EARLY_ENDS:
        ended = EARLY_ENDS[status.status]
        lines.append(ended.format(epochs=run.results.epochs, planned=run.recipe.training.epochs))
    return [*lines, *_baselines(run)]


def failure_section(run: Run, file: CardFile | None) -> list[str]:
    """The classes of lowest recall, the frequent mistakes, and accuracy on harder pictures."""
    if not run.has_validation:
        return ["No images were held out for validation, so this was not measured."]
    lines = []
    if _is_of_best(run, file):
        words = weights_words(run, "last")
        lines.append(f"Classes, mistakes and probabilities are of {words}, not of this file.")
    elif file is not None and file.is_int8:
        lines.append("Classes, mistakes and probabilities are of the network in float32.")
    lines += [*_mistakes(run), _robustness(run, file)]
    cost = abstention_of(run, "best" if _is_of_best(run, file) else "last").cost
    if cost is not None:
        lines.append(
            "Blank pictures, and pictures far from those it was trained on, get no answer from "
            f"`toile predict`: {escaped(cost.sentence)}."
        )
    return lines


def _is_of_best(run: Run, file: CardFile | None) -> bool:
    """Whether the file has other weights than those of the run's score."""
    return file is not None and not file.is_of(run.weights_sha256())


def _best(run: Run) -> tuple[Estimate, str]:
    best = run.results.best
    meaning = (
        f"The score is that of the weights of epoch {best.epoch}, the best by the choosing half of "
        f"validation, on {best.score.n:,} validation images, {best.score.of}{INTERVAL}"
    )
    return best.score, f"{seen_words(run.recipe)} {meaning}".strip()


def _baselines(run: Run) -> list[str]:
    scores = run.baselines
    if not run.has_validation:
        return []
    if scores is None:
        return [f"Compared with simple classifiers: {_unmeasured(run, BASELINES)}."]
    rows = [
        (escaped(entry.name), percent(entry.accuracy.value), percent(entry.accuracy.low),
         percent(entry.accuracy.high), count(entry.accuracy.n))
        for entry in scores.scores
    ]  # fmt: skip
    heads = (f"simple classifier, on {scores.of}", "accuracy", "from", "to", "n")
    return [f"Simple classifiers, fitted to {scores.fitted_to}:", markdown_table(heads, rows)]


def _mistakes(run: Run) -> list[str]:
    summary = summarise_validation(run.recipe, run.validation, run.data.class_names, None)

    def recall(row: ClassRow) -> float:
        value = row.scores.recall.value
        # A class without images has no recall.
        return 1.0 if math.isnan(value) else value

    worst = sorted(summary.classes, key=recall)[:NUM_WORST]
    rows = [
        (escaped(row.name), with_ends(row.scores.recall), count(row.scores.recall.n))
        for row in worst
    ]
    lines = [markdown_table(("class of lowest recall", "recall", "images"), rows)]
    confused = [
        f"{escaped(pair.true)} taken for {escaped(pair.predicted)} ({count(pair.confusion.count)})"
        for pair in summary.pairs[:NUM_WORST]
    ]
    if confused:
        lines.append(f"Most frequent mistakes: {', '.join(confused)}.")
    error = summary.judgement.calibration.error
    lines.append(
        f"Its probabilities are off by {percent(error)} on average (expected calibration error)."
    )
    return lines


def _robustness(run: Run, file: CardFile | None) -> str:
    measured = run.robustness
    if measured is None:
        option = " --weights best" * _is_of_best(run, file)
        return f"On pictures that are harder to read: {_unmeasured(run, ROBUSTNESS, option)}."
    weights = weights_words(run, measured.get("weights", "last"))
    if file is not None and not file.is_of(measured["weights_sha256"]):
        weights += ", which are not this file's"
    elif file is not None and file.is_int8:
        weights += " in float32"
    sentences = [escaped(measured["sentence"]), escaped(measured.get("seen") or "")]
    return f"On pictures that are harder to read, with {weights}: {' '.join(sentences).strip()}"


def _unmeasured(run: Run, file: str, option: str = "") -> str:
    """Say that the run's present weights were not measured, with the command that measures them."""
    command = MEASURING[file].format(run=run.id) + option
    if (run.folder / file).exists():
        return f"measured of an earlier state; measure again: `{command}`"
    return f"not measured (`{command}`)"
