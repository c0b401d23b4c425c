"""A search's trials taken: asked for one by one, followed by epochs, stopped where hopeless."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from toile.errors import ToileError
from toile.files import write_json
from toile.recipe import Recipe, plan_network, recipe_text
from toile.runs import Run, read_state
from toile.studies.asking import Asking
from toile.studies.events import Paused
from toile.studies.executor import Answer, Executor, Job
from toile.studies.search import Search, Space, most_epochs, trial_recipe
from toile.studies.search_result import (
    PRUNED,
    Memory,
    Trial,
    epoch_scores,
    read_memory,
    read_trial,
    trial_key,
)
from toile.studies.starts import Known, pin_start
from toile.studies.take import SECONDS_BETWEEN_QUESTIONS, SECONDS_WITHOUT_ROOM, TRIES

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
        self, folder: Path, spec: Search, ground: Ground, asking: Asking, executor: Executor
    ) -> None:
        self.folder, self.spec, self.ground = folder, spec, ground
        self.asking, self.executor = asking, executor
        self.memory: Memory = read_memory(folder)
        self.open: dict[str, int] = {}
        self.heard: Counter[int] = Counter()
        self.tries: Counter[int] = Counter()
        self.without_room: dict[str, float] = {}

    def events(self, stop: Stop) -> Iterator[SearchEvent]:
        """Try until all trials have ended or `stop` says so."""
        yield from self._recall()
        while not stop():
            yield from self._ask_more()
            if not self.open:
                return
            now = time.monotonic()
            for key in [key for key, until in self.without_room.items() if now > until]:
                del self.without_room[key]
                self._submit(self.open[key])
            for answer in self.executor.answers(SECONDS_BETWEEN_QUESTIONS):
                yield from self._take(answer, self.open[answer.key])
            for number in self.open.values():
                self._watch(number)

    def _recall(self) -> Iterator[SearchEvent]:
        """Ask and tell again what was asked and told, and go on with what has not ended."""
        for number, values in enumerate(self.memory.asked, start=1):
            self.asking.ask(number, values)
        for number in self.memory.told:
            trial = self._read(number)
            for epoch, score in enumerate(trial.scores, start=1):
                self.asking.is_hopeless(number, epoch, score)
            self.asking.tell(number, trial.score, trial.status == "pruned")
        for number in range(1, len(self.memory.asked) + 1):
            if number in self.memory.told:
                continue
            self._watch(number)
            if self._read(number).ended:
                yield self._end(number)
            else:
                yield self._begin(number)

    def _ask_more(self) -> Iterator[SearchEvent]:
        while len(self.open) < self.executor.slots and len(self.memory.asked) < self.spec.trials:
            number = len(self.memory.asked) + 1
            values = self.asking.ask(number)
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
        self.open[trial_key(number)] = number
        self._submit(number)
        return TrialBegun(self._read(number))

    def _submit(self, number: int) -> None:
        recipe = self.ground.recipe(self.memory.asked[number - 1])
        key = trial_key(number)
        folder = self.folder / "readings" / key
        self.executor.submit(Job(key, folder, recipe_text(recipe, complete=True)))

    def _take(self, answer: Answer, number: int) -> Iterator[SearchEvent]:
        match answer.kind:
            case "done":
                self._watch(number)
                if self._read(number).ended:
                    yield self._end(number)
                else:
                    yield from self._lost(number, "its run ended before its last epoch")
            case "lost":
                yield from self._lost(number, answer.text)
            case "no room":
                self.without_room[answer.key] = time.monotonic() + SECONDS_WITHOUT_ROOM
                yield Paused(answer.text)
            case "refused":
                raise ToileError(f"trial {number}: {answer.text}")

    def _lost(self, number: int, reason: str) -> Iterator[SearchEvent]:
        self.tries[number] += 1
        if self.tries[number] < TRIES:
            self._submit(number)
            return
        self.memory.failed[trial_key(number)] = reason
        yield self._end(number)

    def _end(self, number: int) -> TrialEnded:
        trial = self._read(number)
        self.asking.tell(number, trial.score, trial.status == "pruned")
        self.memory.told.append(number)
        self.memory.write(self.folder)
        self.open.pop(trial_key(number), None)
        return TrialEnded(trial)

    def _watch(self, number: int) -> None:
        """Give the epochs that are new to the pruner; it may have the trial stopped.

        What it decides follows from the scores alone, not from how far the trial has come since.
        """
        run = Run(self.folder / "readings" / trial_key(number))
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
            if self.asking.is_hopeless(number, epoch, score) and epoch < state.epochs:
                write_json(pruned, {"epoch": epoch})
                return

    def _read(self, number: int) -> Trial:
        values = self.memory.asked[number - 1]
        return read_trial(self.folder, number, values, self.memory.failed, self.spec.seed)
