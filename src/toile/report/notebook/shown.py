"""How a notebook shows a run, its classifier, a study, a verdict, a dataset and a plan."""

import math
from functools import singledispatch

import numpy as np
from markupsafe import Markup

from toile.data import Dataset
from toile.errors import ToileError
from toile.prediction import Classifier
from toile.recipe import Plan
from toile.report.curves import curves_figure
from toile.report.grid import picture_grid
from toile.report.notebook.blocks import card, facts_table, figure, rows_table, sentence
from toile.report.page.numbers import DASH, count, decimals, duration, percent, shape, with_ends
from toile.report.page.status import run_status
from toile.report.readings import readings_figure
from toile.report.study_page.drawings import readings_words
from toile.report.titles import study_title
from toile.runs import Run
from toile.statistics import Verdict, signed, verdict_sentence
from toile.studies import Comparison, StudyResult, study_sentence

MOST_SHOWN = 20
"""Most classes of which a dataset shows a picture."""


def notebook_html(shown: object) -> str:
    """The HTML of `shown`; the error's sentence if it cannot be read."""
    try:
        return _html(shown)
    except ToileError as error:
        return sentence(str(error))


@singledispatch
def _html(shown: object) -> str:
    raise TypeError(f"there is no HTML of {type(shown).__name__}")


@_html.register
def _run(run: Run) -> str:
    status, facts = run_status(run), run.data
    epochs = run.history.epochs
    rows = [
        ("accuracy", DASH if status.score is None else with_ends(status.score)),
        ("loss", decimals(status.loss)),
        ("epochs", f"{len(epochs)} of {run.recipe.training.epochs}"),
        ("seconds", duration(epochs[-1]["total_seconds"] if epochs else None)),
        ("data", f"{facts.name}, {facts.train:,} images trained on, {facts.test:,} sealed"),
        ("folder", str(run.folder)),
    ]
    figures = (
        [figure(curves_figure(run.history), "Loss and accuracy over the epochs")] if epochs else []
    )
    note = f"{status.status}: {status.reason}" if status.reason else status.status
    return card(f"Run {run.id}", facts_table(rows), sentence(status.meaning), *figures, note=note)


@_html.register
def _classifier(classifier: Classifier) -> str:
    facts, cost = classifier.facts, classifier.abstention.cost
    rows = [
        ("images", f"{shape(facts.shape)}: channels, height, width"),
        ("data", f"{facts.name}, {facts.train:,} images trained on, {facts.test:,} sealed"),
        ("no answer", "no bounds are known, so every picture gets an answer"),
    ]
    if cost is not None:
        rows[-1] = ("no answer", cost.sentence)
    classes = rows_table(
        ("index", "class"), ((str(index), name) for index, name in enumerate(facts.class_names))
    )
    doubts = [sentence(doubt) for doubt in classifier.seal.doubts]
    return card(f"Classifier {classifier.name}", facts_table(rows), *doubts, classes)


@_html.register
def _study(result: StudyResult) -> str:
    verdict = result.verdict
    ended = f"{result.count('finished')} of {len(result.readings)} readings finished"
    blocks = [sentence(study_sentence(result))]
    if verdict is not None:
        gone = {level.name: 0 for level in result.levels}
        for reading in result.readings:
            gone[reading.level] += reading.status in ("diverged", "failed")
        drawing = readings_figure(verdict, gone, "")
        blocks += [_levels(verdict), figure(drawing, readings_words(verdict))]
    return card(study_title(result.spec), *blocks, note=ended)


@_html.register
def _comparison(comparison: Comparison) -> str:
    return card(
        "Runs compared",
        sentence(comparison.sentence),
        _levels(comparison.verdict),
        _pairs(comparison.verdict),
    )


@_html.register
def _verdict(verdict: Verdict) -> str:
    return card("Verdict", sentence(verdict_sentence(verdict)), _levels(verdict), _pairs(verdict))


@_html.register
def _dataset(dataset: Dataset) -> str:
    counts = np.bincount(dataset.train.labels, minlength=len(dataset.class_names))
    learnt, held_out = (len(part) for part in dataset.train.split_held_out())
    rows = [
        ("images", f"{learnt:,} to learn from" + f", {held_out:,} for validation" * bool(held_out)),
        ("test part", f"{len(dataset.test):,} images, sealed"),
        ("shape", f"{shape(dataset.shape)}: channels, height, width"),
        ("classes", str(len(counts))),
        ("fingerprint", dataset.fingerprint[:16]),
    ]
    classes = rows_table(
        ("class", "training images"),
        zip(dataset.class_names, map(count, counts.tolist()), strict=True),
    )
    # The first training image of each class that occurs; no test image is shown.
    occurring = np.flatnonzero(counts)[:MOST_SHOWN]
    first = np.array([np.flatnonzero(dataset.train.labels == label)[0] for label in occurring])
    names = [dataset.class_names[label] for label in occurring]
    grid = picture_grid(dataset.train.pixels[first], names, min(len(first), 10))
    notes = [sentence(note) for note in dataset.notes]
    pictures = figure(grid, "The first training image of each class")
    return card(f"Dataset {dataset.name}", facts_table(rows), *notes, pictures, classes)


@_html.register
def _plan(plan: Plan) -> str:
    rows = [
        (
            "\N{NO-BREAK SPACE}" * 2 * layer.name.count(".") + layer.name,
            shape(layer.output),
            count(layer.parameters),
            count(layer.macs),
            f"{100 * layer.macs / plan.macs:.1f} %" if plan.macs else DASH,
            f"{layer.receptive_field_px} px",
        )
        for layer in plan.walk()
    ]
    heads = ("layer", "output", "parameters", "multiply-adds", "fraction", "sees")
    note = f"{shape(plan.input)}, {plan.classes} classes"
    total = f"{count(plan.parameters)} parameters, {count(plan.macs)} multiply-adds an image"
    return card("Network", rows_table(heads, rows), sentence(total), note=note)


def _levels(verdict: Verdict) -> Markup:
    def ends(low: float, high: float) -> str:
        return f"{percent(low / verdict.unit)} to {percent(high / verdict.unit)}"

    rows = [
        (
            level.name,
            str(level.n),
            percent(level.mean / verdict.unit),
            ends(level.low, level.high) if level.n > 1 else DASH,
        )
        for level in verdict.levels
    ]
    return rows_table(("level", "n", "mean", "95 % interval"), rows)


def _pairs(verdict: Verdict) -> Markup:
    if not verdict.pairs:
        return Markup("")
    points = 100 / verdict.unit
    rows = [
        (
            pair.a,
            pair.b,
            pair.verdict + ", within the margin" * pair.within_margin,
            signed(points * pair.difference),
            DASH
            if math.isnan(pair.low)
            else f"{signed(points * pair.low)} to {signed(points * pair.high)}",
        )
        for pair in verdict.pairs
    ]
    return rows_table(("level", "and", "the first is", "points", "interval"), rows, words=3)
