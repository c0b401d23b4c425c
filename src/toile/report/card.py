"""A run's model card in Markdown: what the network is for, how good it is, and where it fails.

It has the form that model hubs show: YAML metadata, then sections. Mitchell et al. 2019, "Model
Cards for Model Reporting", arXiv:1810.03993.
"""

import json
from pathlib import Path

from toile.data import portable
from toile.recipe import layers
from toile.report.card_file import CardFile, file_section
from toile.report.card_scores import failure_section, score_section
from toile.report.card_text import markdown_list, markdown_table
from toile.report.page.numbers import count, with_ends
from toile.report.study_page.markdown import escaped
from toile.runs import Look, Run, is_of, looks_of


def model_card(run: Run, file: CardFile | None = None) -> str:
    """The card of a run that has ended, from its folder and the ledger.

    With `file` the card is of that exported file: of its weights and its input. No picture is read.
    A score that was not measured is named, with the command that measures it.
    """
    imported = run.recipe.training.is_imported
    sections = {
        escaped(f"{run.recipe.name} on {Path(run.data.name).name}"): _about(run),
        **({"The file": file_section(run, file)} if file is not None else {}),
        **({"Trained elsewhere": _imported(run)} if imported else {"Trained on": _trained_on(run)}),
        "How good it is": score_section(run, file),
        "Where it fails": failure_section(run, file),
        "How its pictures are prepared": _preparation(run, file),
        "The sealed test part": _looks(run),
        "How it was made": _origin(run),
    }
    lines = [_head(run)]
    for level, (title, body) in zip((1, *[2] * len(sections)), sections.items(), strict=False):
        lines += [f"{'#' * level} {title}", *body]
    return "\n\n".join(lines) + "\n"


def _head(run: Run) -> str:
    # JSON is also YAML, and it quotes any name of a data set.
    fields: dict[str, object] = {
        "pipeline_tag": "image-classification",
        "tags": ["toile", "image-classification"],
        "metrics": ["accuracy"],
    }
    if not run.recipe.training.is_imported:
        # Model hubs read this field as the training data.
        fields["datasets"] = [Path(run.data.name).name]
    rows = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join(["---", *rows, "---"])


def _about(run: Run) -> list[str]:
    plan, facts = run.plan, run.data
    has_convolutions = any(
        isinstance(part.layer, layers.Conv) for layer in plan.layers for part in layer.walk()
    )
    kind = "convolutional network" if has_convolutions else "network without convolutions"
    words = (
        f"A {kind} of {count(plan.parameters)} parameters ({count(plan.macs)} "
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
    return [markdown_list([*rows, *map(escaped, facts.notes)])]


def _imported(run: Run) -> list[str]:
    """Where imported weights come from, and the data that scores them, not their training data."""
    facts, start = run.data, run.recipe.training.start
    assert start is not None
    assert start.file is not None
    rows = [
        f"its weights came from the file {escaped(Path(start.file).name)}",
        "it was trained elsewhere; its training data is not known",
        _scored_on(run),
        f"{count(facts.test)} images of that data are sealed as the test part",
        f"fingerprint of that data `{facts.fingerprint}`",
    ]
    if run.imported is not None:
        rows.append(f"accuracies on those others: {escaped(run.imported['sentence'])}")
    return [markdown_list([*rows, *map(escaped, facts.notes)])]


def _scored_on(run: Run) -> str:
    """The validation images that score an imported network, which are half where half chose."""
    facts, start = run.data, run.recipe.training.start
    images = (
        f"validation images of {escaped(Path(facts.name).name)} (release: {escaped(facts.release)})"
    )
    if start is None or not start.selected:
        return f"it is scored on {count(facts.validation)} {images}"
    return (
        f"it is scored on {count(run.score.n)} of the {count(facts.validation)} {images}; "
        "the others were used to find how its pictures are scaled"
    )


def _preparation(run: Run, file: CardFile | None) -> list[str]:
    facts = run.data
    channels, height, width = facts.shape
    picture = f"{'grey' if channels == 1 else 'RGB'}, {width} x {height} px"
    if file is not None:
        rows = [picture, f"as the file takes them: {file.about.input}"]
    else:
        rows = [f"{picture}, channels first", "pixels / 255, so 0 is black and 1 white"]
    if facts.scaling == "standard" and file is None:
        means, sds = (
            ", ".join(f"{value:.6g}" for value in values) for values in (facts.mean, facts.sd)
        )
        rows.append(f"minus the training mean ({means}), divided by the training SD ({sds})")
    if facts.greys is not None:
        rows.append(f"in the files black to white was {facts.greys.words}")
    # Without an appearance, in runs of Toile 0.1, the border is what is known.
    greys = facts.border_grey if facts.appearance is None else facts.appearance.background
    rows.append(
        f"the background of training pictures is {', '.join(f'{grey:.0f}' for grey in greys)} of "
        "255; `toile predict` prepares a photograph in this form and names each step"
    )
    return [markdown_list(rows)]


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
        [words, markdown_table(("when", "why", "weights", "accuracy", "n"), map(_look, run_looks))]
        if run_looks
        else [words]
    )


def _look(look: Look) -> tuple[str, ...]:
    score = look.score and look.score.accuracy
    cells = (with_ends(score), count(score.n)) if score else ("no score followed", "")
    return (escaped(look.when), escaped(look.why), escaped(look.weights), *cells)


def _origin(run: Run) -> list[str]:
    environment = run.environment
    words = (
        f"By Toile {escaped(environment.toile)}, torch {escaped(environment.torch)}, on "
        f"{escaped(environment.processor)} ({escaped(environment.device)}), seed "
        f"{run.recipe.seed}. {_repeating(run)}:"
    )
    # Paths of this machine are not published.
    text, _ = portable(run.recipe, run.data, complete=False)
    recipe = text.rstrip()
    fence = "`" * (3 + 3 * ("```" in recipe))
    return [words, f"{fence}yaml\n{recipe}\n{fence}"]


def _repeating(run: Run) -> str:
    """How the training can be repeated, and what is needed besides the recipe."""
    start = run.recipe.training.start
    if start is None:
        return "`toile train recipe.yaml` repeats it"
    if run.recipe.training.is_imported:
        return (
            f"It was not trained here, so no recipe repeats it: it needs "
            f"{escaped(Path(start.file or '').name)}, with sha256 of its weights `{start.sha256}`. "
            "This is how it was read"
        )
    source = escaped(Path(start.run).name)
    if run.pruning is not None:
        return (
            f"It was cut out of the run {source} by `toile inspect prune`, without whose weights "
            "the recipe does not repeat it"
        )
    return (
        f"The recipe alone does not repeat it: it began with the {start.weights} weights of the "
        f"run {source} (sha256 `{start.sha256}`). Where that run is at hand, `toile train "
        "recipe.yaml` does"
    )
