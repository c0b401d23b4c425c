"""A run's page: everything a reader needs to judge it and to repeat it."""

from markupsafe import Markup

from toile.data import AnyPixels
from toile.recipe import Plan, recipe_text
from toile.report.confusion import MOST_NARROW, confusion_figure
from toile.report.curves import curve_figure
from toile.report.page import cost
from toile.report.page.harder_pictures import harder_pictures
from toile.report.page.inline_svg import inline_svgs
from toile.report.page.inside_section import InsideSection
from toile.report.page.render import render
from toile.report.page.status import run_status
from toile.report.page.validation_summary import ValidationSummary, summarise_validation
from toile.report.reliability import reliability_figure
from toile.report.series import Measure
from toile.report.titles import run_title
from toile.runs import (
    History,
    Run,
    abstention_of,
    convergence_of,
    few_steps_of,
    is_of,
    looks_of,
    why_data_unknown,
)

# The confusion matrix as a table has k * k cells: over 20 MB for 1000 classes.
MOST_TABLED = 60


def run_page(
    run: Run,
    plan: Plan,
    pixels: AnyPixels | None,
    inside: InsideSection | None = None,
) -> str:
    """The page of a run in any state: one HTML document without scripts or external addresses.

    `pixels` are the validation images in the order of `run.validation`; None leaves them out.
    `inside` is the section on the inside of the network; None leaves it out.
    """
    history, facts = run.history, run.data
    looks = [look for look in looks_of(run) if look.test == facts.test_fingerprint]
    summary = (
        summarise_validation(run.recipe, run.validation, facts.class_names, pixels)
        if run.has_validation
        else None
    )
    return render(
        "run.html",
        title=run_title(run),
        run=run,
        remarks=run.remarks.sentence,
        plan=plan,
        data=facts,
        environment=run.environment,
        results=run.results.to_json() if run.has_results else None,
        history=history,
        convergence=convergence_of(history.epochs),
        run_status=run_status(run),
        loss=_curve(history, "loss") if run.recipe.training.epochs else None,
        accuracy=_curve(history, "accuracy") if run.recipe.training.epochs else None,
        summary=summary,
        inside=inside,
        abstention=abstention_of(run).cost,
        confusion=summary and _confusion(summary),
        reliability=summary and _reliability(summary),
        looks=looks,
        run_looks=[look for look in looks if is_of(look, run)],
        most_tabled=MOST_TABLED,
        most_narrow=MOST_NARROW,
        layers=cost.layer_rows(plan),
        strips={
            "Parameters": cost.parameter_strip(plan),
            "Multiply-adds": cost.mac_strip(plan),
        },
        recipe=recipe_text(run.recipe),
        few_steps=few_steps_of(run),
        baselines=run.baselines,
        harder=harder_pictures(run),
        imported=run.imported,
        data_unknown="" if pixels is not None else why_data_unknown(run),
    )


def _curve(history: History, measure: Measure) -> Markup:
    figures = [curve_figure(history, measure, narrow) for narrow in (False, True)]
    return inline_svgs(*figures, says=f"{measure.capitalize()} over the epochs")


def _confusion(summary: ValidationSummary) -> Markup:
    names = [row.name for row in summary.classes]
    matrix, says = (
        summary.judgement.matrix,
        "Confusion matrix; its numbers are in the table below",
    )
    narrow = confusion_figure(matrix, names, True) if len(names) <= MOST_NARROW else None
    return inline_svgs(confusion_figure(matrix, names), narrow, says=says)


def _reliability(summary: ValidationSummary) -> Markup:
    bins = summary.judgement.calibration.bins
    figures = [reliability_figure(bins, narrow) for narrow in (False, True)]
    return inline_svgs(*figures, says="Reliability diagram; its numbers are in the table below")
