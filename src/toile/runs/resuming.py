"""Going on with a run exactly where its checkpoint stands."""

from toile.data import Dataset, Split
from toile.errors import ToileError
from toile.recipe import Plan, Recipe, plan_network, with_settings
from toile.runs.beginning import start_weights
from toile.runs.checkpoint import CHECKPOINT_SECONDS, has_checkpoint, run_version
from toile.runs.live import LiveRun
from toile.runs.machine import differences, environment
from toile.runs.prepared import PreparedData
from toile.runs.recorder import Recorder
from toile.runs.requested import refuse_to_repeat
from toile.runs.run import Run
from toile.training import Fit, resolve
from toile.training import begin as begin_fit


def resume_prepared(
    run: Run,
    prepared: PreparedData,
    epochs: int | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> LiveRun:
    """`run` to go on with, as `toile.go_on` describes it, on its data, which has been read.

    Its caller set the process up.
    """
    version = run_version(run.folder)
    refuse_to_repeat(run, epochs)
    recipe = run.recipe
    dataset, split = prepared.dataset, prepared.split
    _refuse_other_data(run, dataset, split)
    plan = plan_network(recipe.network, dataset.shape, len(dataset.class_names))
    fit = _fit(run, recipe, plan, prepared)
    recorder = Recorder(run, fit, plan, split.validation_indices, checkpoint_seconds, version)
    notes = ["it had not come to a checkpoint, so it begins at its first step"]
    if has_checkpoint(run.folder):
        notes = recorder.restore()
    if epochs not in (None, recipe.training.epochs):
        _extend(fit, epochs)
        # In the folder once it trains, when nobody else can ask for another number.
        recorder.is_extended = True
    if changes := differences(run.environment.to_json(), environment(recipe.training)):
        notes.append(
            "this is not where the run began, so its last bits may differ: " + "; ".join(changes)
        )
    return LiveRun(run, plan, dataset, split, recorder, notes)


def _refuse_other_data(run: Run, dataset: Dataset, split: Split) -> None:
    """The images must be the same, in the same order, and divided as they were."""
    current = {
        "fingerprint": dataset.fingerprint,
        "order": dataset.order,
        "train": len(split.train),
        "validation": len(split.validation),
    }
    recorded = run.data.to_json()
    for name, value in current.items():
        if recorded[name] != value:
            raise ToileError(
                f"{run.id} was trained on data of {name} {recorded[name]!s:.16}; {dataset.path} "
                f"now has {value!s:.16}; bring the same data back"
            )


def _fit(run: Run, recipe: Recipe, plan: Plan, prepared: PreparedData) -> Fit:
    """A fit at its first step. Another run's weights are only needed where it has no checkpoint."""
    weights = None
    if recipe.training.start is not None and not has_checkpoint(run.folder):
        weights, _ = start_weights(recipe.training.start, plan)
    # Nothing is left to resolve, but the device may not be on this machine.
    resolved = resolve(recipe, plan)
    return begin_fit(resolved, plan, prepared.split, prepared.statistics, weights)


def _extend(fit: Fit, epochs: int | None) -> None:
    """Plan `epochs` from this step on."""
    training = fit.recipe.training
    before = training.model_dump()["extended"]
    extension = {"step": fit.position.step, "epochs": training.epochs}
    fit.recipe = with_settings(
        fit.recipe, {"training.epochs": epochs, "training.extended": [*before, extension]}
    )
