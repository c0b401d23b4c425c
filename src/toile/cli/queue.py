"""`toile queue`: trainings one after another, in processes that outlive this one."""

import time
from typing import Annotated, Any

import typer

from toile.cli.arguments import Json
from toile.cli.commands import Command, new_app
from toile.cli.terminal import plain, say, say_json, tell
from toile.cli.words import table
from toile.errors import ToileError

app = new_app("A queue of trainings, which the app uses too.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="The run's name, or a part of it.")]
SECONDS_BETWEEN_LOOKS = 0.5


@app.callback(invoke_without_command=True)
def queue(context: typer.Context, as_json: Json = False) -> None:
    """List the trainings that run and those that wait, in order."""
    if context.invoked_subcommand is None:
        _show(as_json)


@app.command(cls=Command)
def add(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE|PRESET", help="The recipe to train.")],
    data: Annotated[str | None, typer.Option(help="A known dataset, or a path.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="ADDRESS=VALUE", help="Change a setting.")
    ] = None,
) -> None:
    """Add a training at the end; the app or toile queue run starts it when cores are free."""
    from toile.recipe import parse_assignments, with_settings
    from toile.runs import requested_recipe
    from toile.studies import located

    job_recipe = requested_recipe(recipe, data=data, settings=parse_assignments(set_ or ()))
    # Another process trains it, perhaps in another folder, so paths are made absolute.
    values = {"data.name": job_recipe.data.name, "data.corrections": job_recipe.data.corrections}
    if job_recipe.training.start is not None:
        values["training.start.run"] = job_recipe.training.start.run
    job_recipe = with_settings(job_recipe, located(values))
    waiting = _queue()
    job = waiting.add(job_recipe)
    waiting.advance()
    say(job.id)


@app.command(cls=Command)
def move(
    name: Name,
    position: Annotated[int, typer.Argument(min=1, help="1 is the next to begin.")],
) -> None:
    """Change the order of the trainings that wait."""
    waiting = _queue()
    waiting.move(_job(name), position - 1)
    _show(as_json=False)


@app.command(cls=Command)
def stop(name: Name) -> None:
    """Stop a training at its next step, with a checkpoint from which it can be resumed."""
    job = _job(name)
    _queue().stop(job)
    say(f"{job} stops at its next step")


@app.command(cls=Command)
def remove(name: Name) -> None:
    """Remove a training that waits or could not begin."""
    job = _job(name)
    _queue().remove(job)
    say(f"{job} is out of the queue")


@app.command(cls=Command)
def run() -> None:
    """Start waiting trainings as cores become free, until none is left.

    Ctrl-C ends this command, not the trainings.
    """
    waiting = _queue()
    while any(job.status != "failed" for job in waiting.jobs()):
        waiting.advance()
        time.sleep(SECONDS_BETWEEN_LOOKS)
    failed = [job for job in waiting.jobs() if job.status == "failed"]
    if failed:
        reasons = "\n".join(f"{job.id} could not begin: {job.reason}" for job in failed)
        raise ToileError(f"{reasons}\nnext: toile queue remove {failed[0].id}")
    tell("nothing is left in the queue")


def _show(as_json: bool) -> None:
    waiting = _queue()
    jobs = waiting.jobs()
    if as_json:
        say_json({"cores": waiting.cores, "jobs": [vars(job) for job in jobs]})
        return
    if not jobs:
        say("no training runs or waits; toile queue add quick adds one")
        return
    position = iter(range(1, len(jobs) + 1))
    rows = [
        (
            str(next(position)) if job.status == "waiting" else "",
            job.id,
            _status(waiting, job),
            str(job.epochs),
            plain(job.reason),
        )
        for job in jobs
    ]
    say(table(("place", "run", "state", "epochs", ""), rows, left=3))


def _status(waiting: Any, job: Any) -> str:
    """The status of a job, in words."""
    if job.status == "failed":
        return "could not begin"
    if waiting.has_ended(job):
        return "writing its page"
    return "stopping" if job.stopping else str(job.status)


def _queue() -> Any:
    from toile.executors import TrainingQueue
    from toile.runs import runs_folder

    return TrainingQueue(runs_folder())


def _job(name: str) -> str:
    """The job with this name, or the only one whose name contains `name`."""
    ids = [job.id for job in _queue().jobs()]
    matching = [job for job in ids if job == name] or [job for job in ids if name in job]
    if len(matching) != 1:
        how = f"fits {len(matching)} trainings" if matching else "is not in the queue"
        raise ToileError(f"{name} {how}; toile queue lists them")
    (job,) = matching
    return job
