"""A search in progress: its trials, and then its finalists as a study."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toile.errors import ToileError
from toile.executors import Inline, MakeExecutor, Processes
from toile.files import write_atomically, write_json
from toile.recipe import Recipe, with_settings
from toile.runs import FINALISTS
from toile.searches.result import (
    PRUNED,
    SUMMARY,
    SearchResult,
    Trial,
    level_of,
    search_result,
)
from toile.searches.same_start import refuse_other_start
from toile.searches.sampler import Sampler
from toile.searches.sentences import search_summary
from toile.searches.spec import Search, search_text, settings_at
from toile.searches.trials import Ground, SearchEvent, Stop, Trials
from toile.studies import (
    Alternative,
    LiveStudy,
    Study,
    StudyEvent,
    hold_study,
    plan_levels,
    study,
    worker_processes,
)

TRIAL_WORKER = (sys.executable, "-P", "-m", "toile.searches.trial_worker")
STOPPING = "training.early_stopping"
NEVER = 10_000
"""So much patience never stops early; it only keeps the choosing half out of the score."""


def trial_processes(workers: int, pass_fds: Sequence[int]) -> Processes:
    """Processes of this machine, each of which trains a trial until it has ended or was pruned."""
    return Processes(TRIAL_WORKER, workers, pass_fds)


def trials_inline(workers: int, pass_fds: Sequence[int]) -> Inline:
    """This process, which does the same."""
    return Inline(lambda folder: (folder / PRUNED).exists())


@dataclass(eq=False)
class LiveSearch:
    """A search under way: iterate it for its events, leave the loop to stop it.

    First come those of its trials, then those of the finalists' study. Nothing is written before.

        >>> live = toile.search(recipe, over={"training.epochs": [1, 2]}, trials=2, on="inline")
        >>> live.spec.trials, live.folder.exists()
        (2, False)
    """

    folder: Path
    spec: Search
    ground: Ground
    workers: int
    notes: list[str] = field(default_factory=list)
    saved_text: str | None = None
    """The text of the folder's search.yaml; None where there was none."""
    executor: MakeExecutor = trial_processes
    """Where trials are trained."""
    finalists_executor: MakeExecutor = worker_processes
    """Where the finalists' readings are."""

    @property
    def result(self) -> SearchResult:
        """What it has come to by now."""
        return search_result(self.folder, self.spec)

    def __iter__(self) -> Iterator[SearchEvent | StudyEvent]:
        yield from self.events()
        if self.result.chosen():
            yield from self.finalists()

    def finish(self) -> SearchResult:
        """Try all trials that are missing, and read the finalists; returns the result."""
        for _ in self:
            pass
        self.write_summary()
        return self.result

    def events(self, stop: Stop = lambda: False) -> Iterator[SearchEvent]:
        """Try what is missing, yielding what happens; `stop` is asked all the time."""
        sampler = Sampler(self.spec, self.ground.space, self.ground.most_epochs)
        with ExitStack() as held:
            lock = hold_study(self.folder, held)
            text = search_text(self.spec)
            if text != self.saved_text:
                write_atomically(self.folder / "search.yaml", text.encode())
                self.saved_text = text
            # The summary is of the search as it was; what is asked now may add to it.
            (self.folder / SUMMARY).unlink(missing_ok=True)
            with self.executor(self.workers, (lock,)) as executor:
                trials = Trials(self.folder, self.spec, self.ground, sampler, executor)
                yield from trials.events(stop)

    def finalists(self) -> LiveStudy:
        """The study of the best trials' settings, with seeds that no trial had.

        Raises ToileError before a trial has finished.
        """
        chosen = self.result.chosen()
        if not chosen:
            raise ToileError(f"no trial of {self.folder} has finished; there is nothing to read")
        refuse_other_start(self.folder)
        held = dict(self.spec.set)
        if self.ground.base.training.early_stopping is None:
            held[f"{STOPPING}.patience"] = NEVER
        # Differing values may still make one recipe, where a layer is off for instance.
        distinct: dict[str, tuple[Trial, dict[str, Any]]] = {}
        for trial in reversed(chosen):
            settings = self.judged_apart(held, trial)
            distinct[self.finalist_recipe(held, settings).hash] = trial, settings
        levels = {
            level_of(trial): Alternative(set=settings)
            for trial, settings in reversed(distinct.values())
        }
        finalist_study = Study(
            name=f"{self.spec.name}-{FINALISTS}",
            question=self.spec.question,
            recipe=self.spec.recipe,
            set=held,
            levels=levels,
            readings=self.spec.readings,
            seed=self.spec.seed + 1,
            margin=self.spec.margin,
        )
        live = study(finalist_study, out=self.folder / FINALISTS, workers=self.workers)
        live.executor = self.finalists_executor
        recipes = [level.recipe for level in plan_levels(live.spec)]
        assert all(recipe.training.early_stopping is not None for recipe in recipes)
        return live

    def judged_apart(self, held: Mapping[str, Any], trial: Trial) -> dict[str, Any]:
        """The trial's settings, scored without the half that chose it also where they say off."""
        settings = settings_at(self.ground.space, trial.values)
        if self.finalist_recipe(held, settings).training.early_stopping is None:
            settings[STOPPING] = {"patience": NEVER}
        return settings

    def finalist_recipe(self, held: Mapping[str, Any], settings: Mapping[str, Any]) -> Recipe:
        """What all finalists share, `held`, with the settings of one."""
        return with_settings(with_settings(self.ground.base, held), settings)

    def write_summary(self) -> None:
        """Keep in the folder what `toile search --json` says."""
        write_json(self.folder / SUMMARY, search_summary(self.result))
