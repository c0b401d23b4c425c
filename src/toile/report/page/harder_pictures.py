"""The robustness section of a run's page, from the scores saved with the run."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from toile.evaluation import Estimate
from toile.report.page.inline_svg import inline_svgs
from toile.report.robustness import ATTACK, ATTACK_UNIT, AccuracyFall, accuracy_falls_figure
from toile.runs import Run, estimate_of


@dataclass(frozen=True)
class HarderPictures:
    """The section: a sentence, the figure, and its numbers for a table.

    `no_class` has for each kind of picture without a class how often it gets a prediction.
    """

    sentence: str
    weights: str
    of: str
    seen: str
    clean: Estimate
    attacked: Estimate | None
    falls: tuple[AccuracyFall, ...]
    figure: Markup
    no_class: tuple[tuple[str, Estimate], ...]


def harder_pictures(run: Run) -> HarderPictures | None:
    """The section for the run's present weights; None if nothing was measured."""
    record = run.robustness
    if record is None:
        return None
    falls = accuracy_falls(record)
    figures = [accuracy_falls_figure(falls, narrow) for narrow in (False, True)]
    says = "Accuracy on harder pictures; its numbers are in the table below"
    return HarderPictures(
        record["sentence"],
        record.get("weights", "last"),
        record["of"],
        record.get("seen") or "",
        falls[0].clean,
        falls[-1].clean if falls[-1].title == ATTACK else None,
        falls,
        inline_svgs(*figures, says=says),
        tuple((each["kind"], estimate_of(each["answered"])) for each in record["no_class"]),
    )


def accuracy_falls(record: dict[str, Any]) -> tuple[AccuracyFall, ...]:
    """The panels of a `robustness.json`."""
    clean = estimate_of(record["clean"]["accuracy"])
    falls = []
    for corruption in record["corruptions"]:
        levels = [
            (level["strength"], estimate_of(level["accuracy"])) for level in corruption["strengths"]
        ]
        fall = AccuracyFall(corruption["corruption"], corruption["unit"], clean, {"": levels})
        falls.append(fall)
    attacks = record["attacks"]
    if attacks["scores"] and attacks["clean"]:
        lines: dict[str, list[tuple[float, Estimate]]] = {}
        for score in attacks["scores"]:
            lines.setdefault(score["method"], []).append(
                (score["eps"], estimate_of(score["accuracy"]))
            )
        falls.append(AccuracyFall(ATTACK, ATTACK_UNIT, estimate_of(attacks["clean"]), lines))
    return tuple(falls)
