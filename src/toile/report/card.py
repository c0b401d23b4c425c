"""A run's model card in Markdown: what the network is for, how good it is, and where it fails.

In the form that model hubs show: a head of YAML, then sections. Source: Mitchell et al. 2019,
"Model Cards for Model Reporting", arXiv:1810.03993.
"""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from toile.data import portable
from toile.report.page.numbers import count, percent, with_ends
from toile.report.page.status import run_status
from toile.report.page.validation_summary import ClassRow, summarise_validation
from toile.report.study_page.markdown import escaped
from toile.runs import BASELINES, MEASURING, ROBUSTNESS, Look, Run, abstention_of, is_of, looks_of

NUM_WORST = 5


def model_card(run: Run) -> str:
    """The card of a run that has ended, from what its folder and the ledger hold.

    No picture is looked at. What was not measured is said, with the command that measures it.
    """
    sections = {
        escaped(f"{run.recipe.name} on {Path(run.data.name).name}"): _about(run),
        "Trained on": _trained_on(run),
        "How good it is": _scores(run),
        "Where it fails": _failures(run),
        "How its pictures are prepared": _preparation(run),
        "The sealed test part": _looks(run),
        "How it was made": _origin(run),
    }
    lines = [_head(run)]
    for level, (title, body) in zip((1, *[2] * len(sections)), sections.items(), strict=False):
        lines += [f"{'#' * level} {title}", *body]
    return "\n\n".join(lines) + "\n"


def _head(run: Run) -> str:
    # JSON is YAML, and quotes whatever a data set is called.
    fields: dict[str, object] = {
        "pipeline_tag": "image-classification",
        "tags": ["toile", "image-classification"],
        "datasets": [Path(run.data.name).name],
        "metrics": ["accuracy"],
    }
    rows = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join(["---", *rows, "---"])


def _about(run: Run) -> list[str]:
    plan, facts = run.plan, run.data
    words = (
        f"A convolutional network of {count(plan.parameters)} parameters ({count(plan.macs)} "
        f"multiply-adds for a picture) that says which of {len(facts.class_names)} classes a "
        f"picture of {facts.shape[2]} x {facts.shape[1]} px shows."
    )
    names = ", ".join(map(escaped, facts.class_names))
    remarks = [escaped(run.remarks.sentence)] * bool(run.remarks.sentence)
    return [words, f"Classes, in the order of its outputs: {names}.", *remarks]


def _trained_on(run: Run) -> list[str]:
    facts, start = run.data, run.recipe.training.start
    counts = (
        f"{count(facts.train)} training images; {count(facts.validation)} held out for validation; "
        f"{count(facts.test)} sealed as the test part"
    )
    rows = [
        f"{escaped(Path(facts.name).name)} (release: {escaped(facts.release)})",
        counts,
        f"fingerprint of the data `{facts.fingerprint}`",
    ]
    if facts.corrections is not None:
        rows.append(f"{count(facts.corrections.train)} labels were corrected before training")
    if start is not None:
        rows.append(f"it began with the weights of {escaped(start.file or Path(start.run).name)}")
    return [_listed([*rows, *map(escaped, facts.notes)])]


def _scores(run: Run) -> list[str]:
    status = run_status(run)
    score = status.score
    lines = [f"Accuracy {with_ends(score)}, n = {count(score.n)}."] if score else []
    lines.append(escaped(status.meaning))
    if run.baselines is None:
        lines.append(f"Beside simple classifiers: {_unmeasured(run, BASELINES)}.")
        return lines
    rows = [
        (escaped(entry.name), percent(entry.accuracy.value), percent(entry.accuracy.low),
         percent(entry.accuracy.high))
        for entry in run.baselines.scores
    ]  # fmt: skip
    heads = ("simple classifier on the same images", "accuracy", "from", "to")
    return [*lines, _table(heads, rows)]


def _failures(run: Run) -> list[str]:
    if not run.has_validation:
        return ["No images were held out to tell."]
    summary = summarise_validation(run.recipe, run.validation, run.data.class_names, None)

    def recall(row: ClassRow) -> float:
        value = row.scores.recall.value
        # A class without images has none.
        return 1.0 if math.isnan(value) else value

    worst = sorted(summary.classes, key=recall)[:NUM_WORST]
    rows = [
        (escaped(row.name), with_ends(row.scores.recall), count(row.scores.recall.n))
        for row in worst
    ]
    lines = [_table(("class that is found least", "recall", "images"), rows)]
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
    measured = run.robustness
    lines.append(
        f"On pictures that are harder to read: {escaped(measured['sentence'])}"
        if measured
        else f"On pictures that are harder to read: {_unmeasured(run, ROBUSTNESS)}."
    )
    cost = abstention_of(run).cost
    if cost is not None:
        lines.append(
            "Blank pictures, and pictures far from those it was trained on, get no answer from "
            f"`toile predict`: {escaped(cost.sentence)}."
        )
    return lines


def _unmeasured(run: Run, file: str) -> str:
    """That there is nothing of the run's weights as they are, and the command that measures it."""
    command = MEASURING[file].format(run=run.id)
    if (run.folder / file).exists():
        return f"measured of an earlier state; measure again: `{command}`"
    return f"not measured (`{command}`)"


def _preparation(run: Run) -> list[str]:
    facts = run.data
    channels, height, width = facts.shape
    rows = [
        f"{'grey' if channels == 1 else 'RGB'}, {width} x {height} px, channels first",
        "pixels / 255, so 0 is black and 1 white",
    ]
    if facts.scaling == "standard":
        means, sds = (
            ", ".join(f"{value:.6g}" for value in values) for values in (facts.mean, facts.sd)
        )
        rows.append(f"less the training mean ({means}), divided by the training SD ({sds})")
    if facts.greys is not None:
        rows.append(f"in the files black to white was {facts.greys.words}")
    rows.append(
        f"around what is in a training picture the border is {facts.border_grey[0]:.0f} of 255; "
        "`toile predict` brings a photograph into that form, and says each step"
    )
    return [_listed(rows)]


def _looks(run: Run) -> list[str]:
    looks = [look for look in looks_of(run) if look.test == run.data.test_fingerprint]
    run_looks = [look for look in looks if is_of(look, run)]
    if not looks:
        return ["It was never opened as of this card."]
    words = (
        f"Opened {count(len(looks))} time{'s' if len(looks) > 1 else ''} as of this card, "
        f"{count(len(run_looks))} of them for this network. Choosing a network by such a look "
        "makes its score too high."
    )
    return (
        [words, _table(("when", "why", "accuracy", "n"), map(_look, run_looks))]
        if run_looks
        else [words]
    )


def _look(look: Look) -> tuple[str, ...]:
    score = look.score and look.score.accuracy
    cells = (with_ends(score), count(score.n)) if score else ("no score followed", "")
    return (escaped(look.when), escaped(look.why), *cells)


def _origin(run: Run) -> list[str]:
    environment = run.environment
    words = (
        f"By Toile {escaped(environment.toile)}, torch {escaped(environment.torch)}, on "
        f"{escaped(environment.processor)} ({escaped(environment.device)}), seed "
        f"{run.recipe.seed}. `toile train recipe.yaml` repeats it:"
    )
    # Paths of this machine are nobody's business elsewhere.
    text, _ = portable(run.recipe, run.data, complete=False)
    recipe = text.rstrip()
    fence = "`" * (3 + 3 * ("```" in recipe))
    return [words, f"{fence}yaml\n{recipe}\n{fence}"]


def _listed(rows: Iterable[str]) -> str:
    return "\n".join(f"- {row}" for row in rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
