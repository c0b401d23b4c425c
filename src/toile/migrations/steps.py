"""What changed in the forms of files, version by version. Nothing else knows older names.

`SETTINGS` is of recipes, studies, searches and sheets together, for settings stand in all of them,
as fields and by address. `RECORDS` is of every other file, by its name. A file has as many versions
as it has steps, and one; one that is in neither table is still of its first.

Something is called otherwise: a line in the last step's `renamed`, or in a new step where that one
has been released. CONTRIBUTING.md says what else belongs to it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True)
class Migration:
    """What was done to a form from one version to the next.

    `renamed` has dotted addresses, old -> new: `training.average`, a kind's field as
    `training.optimizer.sgd.momentum` or `network.conv.filters`, a kind or a word by what it stands
    under, `training.optimizer.sgd`. `*` is every entry of a list. `rewrite` changes in place what
    no new name says: a record, or each whole recipe of a settings file.
    """

    renamed: Mapping[str, str] = field(default_factory=dict)
    rewrite: Callable[[Document], None] = lambda document: None


# All settings of data before `rule`, and enough of training's to know a recipe written in full.
FIRST_OF_DATA = {
    "name", "validation", "split", "folds", "fold", "test", "size_px", "colour", "label_column",
    "scaling",
}  # fmt: skip
FIRST_OF_TRAINING = {"optimizer", "schedule", "epochs", "precision", "threads", "device"}


def say_first_rules(recipe: Document) -> None:
    """A recipe in full without these is from when images had one rule and batches were whole."""
    data, training = recipe.get("data"), recipe.get("training")
    if isinstance(data, dict) and data.keys() >= FIRST_OF_DATA:
        data.setdefault("rule", 1)
    if isinstance(training, dict) and training.keys() >= FIRST_OF_TRAINING:
        resolved = (training["precision"], training["threads"], training["device"])
        # Only a run's recipe has all of these resolved; a study's may still be taken either way.
        if "auto" not in resolved and not training.keys() & {"replicas", "shards"}:
            training["replicas"] = 1


def say_first_facts(facts: Document) -> None:
    """Before `data.rule` black was 0 and white 255, and no copy was left out.

    Toile 0.1 knew of an appearance the border and the margins alone.
    """
    first: Document = {"rule": 1, "greys": None, "copies": 0, "notes": [], "appearance": None}
    for name, value in first.items():
        facts.setdefault(name, value)


def say_ema(results: Document) -> None:
    """The moving average of the weights was called `average`."""
    score = results.get("score")
    if isinstance(score, dict) and score.get("weights") == "average":
        score["weights"] = "ema"


SETTINGS: tuple[Migration, ...] = (
    Migration(rewrite=say_first_rules),
    Migration(
        renamed={
            "about.takes": "about.unchanged",
            "training.average": "training.ema",
            "training.optimizer.muon.rest_learning_rate": (
                "training.optimizer.muon.adamw_learning_rate"
            ),
            "training.replicas": "training.shards",
            "training.start.taken": "training.start.copied",
        }
    ),
)
RECORDS: dict[str, tuple[Migration, ...]] = {
    "data.json": (
        Migration(rewrite=say_first_facts),
        Migration(
            renamed={
                "appearance.paper": "appearance.background",
                "appearance.framing.extent": "appearance.framing.size",
            }
        ),
        Migration(
            renamed={
                "appearance.features.drawn share": "appearance.features.foreground fraction",
            }
        ),
    ),
    "history.jsonl": (Migration(renamed={"chooses": "selection", "scores": "holdout"}),),
    "validation.safetensors": (Migration(renamed={"arrays.chooses": "arrays.selection"}),),
    "novelty.safetensors": (Migration(renamed={"arrays.strange": "arrays.out_of_distribution"}),),
    "results.json": (Migration(rewrite=say_ema),),
    "checkpoint.safetensors": (Migration(renamed={"arrays.average/": "arrays.ema/"}),),
    "export": (Migration(renamed={"takes": "input_kind"}),),
}
SETTINGS_FILES = ("recipe.yaml", "study.yaml", "search.yaml", "sheet.yaml", "search.json")
"""Files in which settings stand. A search's memory has them by address."""

WITHIN = {
    "export": {"data": "data.json"},
    "manifest.json": {"looks": "ledger.jsonl"},
    "test.json": {"look": "ledger.jsonl"},
}
"""What in a file is of the form of another, one or a list, and says its own version."""

LATER: dict[str, tuple[Any, ...]] = {
    "data.corrections": (None,),
    "data.orientation": ("auto",),
    "data.white": (None,),
    "training.engine": ("auto", "fast"),
    # Counting and keeping change no number of a run.
    "training.census": (False, True),
    "training.keep": (None, "epochs"),
    "training.start.cut": ([],),
    "training.start.file": (None,),
    "training.start.selected": (False,),
    "training.start.silent": ([],),
}
"""Settings that came later, each by the values that mean what a recipe without it does."""
