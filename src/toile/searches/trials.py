"""Running a search's trials: asked for one by one, followed by epochs, some stopped early."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from toile.errors import ToileError
from toile.executors import Executor, Task, TaskOutcome, TaskSchedule
from toile.files import write_json
from toile.recipe import Recipe, plan_network, recipe_text
from toile.runs import Known, Run, pin_start, read_state, reading_folder
from toile.searches.result import (
    PRUNED,
    Memory,
    Trial,
    epoch_scores,
    read_memory,
    read_trial,
    trial_key,
)
from toile.searches.sampler import Sampler
from toile.searches.spec import Search, Space, most_epochs, trial_recipe
from toile.studies import Paused

Stop = Callable[[], bool]


@dataclass(frozen=True)
class TrialBegun:
    """A trial has been asked for and is being trained, or goes on."""

    trial: Trial


@dataclass(frozen=True)
class TrialEnded:
    """A trial has finished, diverged, failed, or was stopped early."""

    trial: Trial


SearchEvent = TrialBegun | TrialEnded | Paused


@dataclass(frozen=True, eq=False)
class Ground:
    """What every trial begins from: the recipe, what is searched, and the data's shape."""

    base: Recipe
    space: Space
    shape: tuple[int, int, int]
    num_classes: int
    starts: Known = field(default_factory=dict)
    """The weights that trials begin with, as they were when the search was asked for."""

    @property
    def most_epochs(self) -> int:
        """The most epochs a trial may be trained for."""
        return most_epochs(self.base, self.space)

    def recipe(self, values: Mapping[str, object]) -> Recipe:
        """A trial's recipe. Raises ToileError where the values do not go together."""
        recipe = pin_start(trial_recipe(self.base, self.space, values), self.starts)
        plan_network(recipe.network, self.shape, self.num_classes)
        return recipe


class Trials:
    """Trials handed to an executor as it has room, and what becomes of them."""

    def __init__(
        self, folder: Path, spec: Search, ground: Ground, sampler: Sampler, executor: Executor
    ) -> None:
        self.folder, self.spec, self.ground, self.sampler = folder, spec, ground, sampler
        self.memory: Memory = read_memory(folder)
        self.heard: Counter[int] = Counter()
        self.trial_numbers: dict[str, int] = {}
        self.schedule = TaskSchedule(executor, self._why_open)

    def events(self, stop: Stop) -> Iterator[SearchEvent]:
        """Try until all trials have ended or `stop` says so."""
        yield from self._recall()
        while not stop():
            yield from self._ask_more()
            if not self.schedule.open:
                return
            for outcome in self.schedule.outcomes():
                yield from self._events(outcome, self.trial_numbers[outcome.key])
            for key in self.schedule.open:
                self._watch(self.trial_numbers[key])

    def _recall(self) -> Iterator[SearchEvent]:
        """Ask and tell again what was asked and told, and go on with what has not ended."""
        for number, values in enumerate(self.memory.asked, start=1):
            self.sampler.ask(number, values)
        for number in self.memory.told:
            trial = self._read(number)
            for epoch, score in enumerate(trial.scores, start=1):
                self.sampler.is_hopeless(number, epoch, score)
            self.sampler.tell(number, trial.score, trial.status == "pruned")
        for number in range(1, len(self.memory.asked) + 1):
            if number in self.memory.told:
                continue
            self._watch(number)
            if self._read(number).ended:
                yield self._end(number)
            else:
                yield self._begin(number)

    def _ask_more(self) -> Iterator[SearchEvent]:
        while self.schedule.has_room and len(self.memory.asked) < self.spec.trials:
            number = len(self.memory.asked) + 1
            values = self.sampler.ask(number)
            self.memory.asked.append(values)
            try:
                self.ground.recipe(values)
            except ToileError as error:
                self.memory.failed[trial_key(number)] = str(error)
                yield self._end(number)
                continue
            # On disk before it begins, so that what is begun is known.
            self.memory.write(self.folder)
            yield self._begin(number)

    def _begin(self, number: int) -> TrialBegun:
        recipe = self.ground.recipe(self.memory.asked[number - 1])
        key = trial_key(number)
        self.trial_numbers[key] = number
        folder = reading_folder(self.folder, key)
        self.schedule.add(Task(key, folder, recipe_text(recipe, complete=True)))
        return TrialBegun(self._read(number))

    def _why_open(self, key: str) -> str:
        number = self.trial_numbers[key]
        self._watch(number)
        return "" if self._read(number).ended else "its run ended before its last epoch"

    def _events(self, outcome: TaskOutcome, number: int) -> Iterator[SearchEvent]:
        match outcome.kind:
            case "waiting":
                yield Paused(outcome.reason)
            case "ended":
                yield self._end(number)
            case "failed":
                self.memory.failed[outcome.key] = outcome.reason
                yield self._end(number)
            case "refused":
                raise ToileError(f"trial {number}: {outcome.reason}")

    def _end(self, number: int) -> TrialEnded:
        trial = self._read(number)
        self.sampler.tell(number, trial.score, trial.status == "pruned")
        self.memory.told.append(number)
        self.memory.write(self.folder)
        return TrialEnded(trial)

    def _watch(self, number: int) -> None:
        """Give the epochs that are new to the pruner; it may have the trial stopped.

        What it decides follows from the scores alone, not from how far the trial has come since.
        """
        run = Run(reading_folder(self.folder, trial_key(number)))
        pruned = run.folder / PRUNED
        if pruned.exists() or not (run.folder / "state.json").exists():
            return
        # A small file that says whether the long one is worth reading.
        state = read_state(run.folder)
        if state.epoch <= self.heard[number]:
            return
        for epoch, score in enumerate(epoch_scores(run), start=1):
            if epoch <= self.heard[number]:
                continue
            self.heard[number] = epoch
            if self.sampler.is_hopeless(number, epoch, score) and epoch < state.epochs:
                write_json(pruned, {"epoch": epoch})
                return

    def _read(self, number: int) -> Trial:
        values = self.memory.asked[number - 1]
        return read_trial(self.folder, number, values, self.memory.failed, self.spec.seed)
