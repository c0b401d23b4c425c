"""A search's folder: its settings, its trials, and its finalists' study.

`search.yaml` holds the settings, `readings/` a run folder for each trial, `finalists/` a study.
What no run's folder can tell stands in `search.json`: what was asked, in which order it was told,
and which trials failed. A trial that was stopped early has the epoch in its folder.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toile.errors import ToileError
from toile.files import write_json
from toile.migrations import from_file
from toile.read_once import ReadOnce
from toile.recipe import read_text, read_value
from toile.runs import FINALISTS, Run, RunsFolder
from toile.searches.records import PrunedRecord, SearchRecord
from toile.searches.spec import Search, search_of
from toile.studies import (
    StudyResult,
    cell_key,
    open_study,
    read_reading,
    read_record,
)

LEVEL = "trial"
WORST = 0.0
"""What a diverged trial counts as."""
PRUNED = "pruned.json"
SUMMARY = "summary.json"
"""What `toile search --json` said; there while nothing has come of the search since."""
CHOSEN_ON = "the half of validation that chooses"
_SCORES: ReadOnce[tuple[float, ...]] = ReadOnce(20_000)


@dataclass
class Memory:
    """What a search remembers beside its runs; `told` are numbers of trials, in order."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Keep it in `folder`."""
        write_json(folder / "search.json", vars(self))


@dataclass(frozen=True)
class Trial:
    """One run that was tried: number from 1, and the values picked for it, by address.

    `status` is a run's, or `waiting` or `pruned`. `scores` are accuracies after each epoch, on the
    half of validation that chooses.
    """

    number: int
    values: Mapping[str, Any]
    folder: Path
    status: str
    scores: tuple[float, ...] = ()
    seconds: float | None = None
    reason: str = ""

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.status in ("finished", "pruned", "diverged", "failed")

    @property
    def score(self) -> float | None:
        """What it counts as: the last epoch's score, the worst where it diverged, else None."""
        if self.status == "diverged":
            return WORST
        return self.scores[-1] if self.status == "finished" and self.scores else None

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        fields = {key: value for key, value in vars(self).items() if key != "folder"}
        return fields | {"score": self.score, "run": str(self.folder)}


@dataclass(frozen=True, eq=False)
class SearchResult:
    """A search as its folder has it now; `finalists` is their study once there is one.

    >>> result = toile.open_search("batches")
    >>> len(result.trials), result.finalists.ended
    (2, True)
    >>> result.to_json()["sentence"] == result.sentence
    True
    """

    folder: Path
    spec: Search
    trials: tuple[Trial, ...]
    finalists: StudyResult | None = None

    def ranked(self) -> tuple[Trial, ...]:
        """Finished trials, best first, of equal settings the first alone."""
        finished = [trial for trial in self.trials if trial.status == "finished" and trial.scores]
        finished.sort(key=lambda trial: (-trial.scores[-1], trial.number))
        first: dict[str, Trial] = {}
        for trial in finished:
            first.setdefault(repr(dict(trial.values)), trial)
        return tuple(first.values())

    def chosen(self) -> tuple[Trial, ...]:
        """The trials whose settings are read again, best first."""
        return self.ranked()[: self.spec.finalists]

    @property
    def sentence(self) -> str:
        """What the search found, as it looked when it was chosen and as it is."""
        # Here, since what makes it is of this class.
        from toile.searches.sentences import search_sentence

        return search_sentence(self)

    def count(self, *statuses: str) -> int:
        """How many trials stand so: `finished`, `pruned`, `diverged`, `failed`."""
        return sum(trial.status in statuses for trial in self.trials)

    @property
    def ended(self) -> bool:
        """Whether no trial and no finalist's reading is left to be taken."""
        tried = len(self.trials) >= self.spec.trials and all(trial.ended for trial in self.trials)
        read = self.finalists is not None and self.finalists.ended
        return tried and (read or not self.chosen())

    @property
    def seconds(self) -> float:
        """Seconds of training and scoring, trials and readings together."""
        again = 0.0 if self.finalists is None else self.finalists.seconds
        return again + sum(trial.seconds or 0.0 for trial in self.trials)

    def to_json(self) -> dict[str, Any]:
        """The trials, and the chosen beside their fresh readings, as `toile search --json`."""
        from toile.searches.sentences import search_summary

        return search_summary(self)


def level_of(trial: Trial) -> str:
    """What a finalist is called among the finalists."""
    return f"{LEVEL} {trial.number}"


def open_search(name: str | Path) -> SearchResult:
    """The search in a folder, or called so where runs are kept. Raises ToileError without one.

    >>> [trial.status for trial in toile.open_search("batches").trials]
    ['finished', 'finished']
    """
    folder = search_folder(name)
    if folder is None:
        raise ToileError(f"{name} is no search; `toile studies` lists them")
    return search_result(folder, read_search(folder))


def search_folder(name: str | Path) -> Path | None:
    """The folder of the search called `name`: a path, a name or its beginning, or `last`."""
    if os.path.isfile(Path(name) / "search.yaml"):
        return Path(name)
    entry = RunsFolder().find(name, "search")
    return None if entry is None else entry.folder


def read_search(folder: Path) -> Search:
    """The settings of the search in `folder`."""
    path = folder / "search.yaml"
    document = read_value(read_text(path), str(path))
    if not isinstance(document, dict):
        raise ToileError(f"{path} is damaged: it is no search")
    return search_of(from_file(document))


def read_memory(folder: Path) -> Memory:
    """What the search in `folder` remembers; empty before it has begun."""
    path = folder / "search.json"
    record = read_record(path, SearchRecord)
    memory = Memory(*(record.get(name, empty) for name, empty in vars(Memory()).items()))
    if any(number > len(memory.asked) for number in memory.told):
        raise ToileError(f"{path} is damaged: it was told of trials that it never asked for")
    return memory


def search_result(folder: Path, spec: Search) -> SearchResult:
    """What `spec` has come to in `folder`, which need not be there yet."""
    memory = read_memory(folder)
    trials = tuple(
        read_trial(folder, number, values, memory.failed, spec.seed)
        for number, values in enumerate(memory.asked, start=1)
    )
    finalists = folder / FINALISTS
    has_study = (finalists / "study.yaml").exists()
    return SearchResult(folder, spec, trials, open_study(finalists) if has_study else None)


def read_trial(
    folder: Path, number: int, values: Mapping[str, Any], failed: Mapping[str, str], seed: int
) -> Trial:
    """How one trial of the search in `folder` stands."""
    reading = read_reading(folder, LEVEL, number, seed, failed)
    run, status, seconds = Run(reading.folder), reading.status, reading.seconds
    scores = epoch_scores(run)
    pruned = read_record(run.folder / PRUNED, PrunedRecord)
    if pruned:
        # It may have come further before it was stopped; what counts is what was decided on.
        status, scores = "pruned", scores[: pruned["epoch"]]
        if run.has_results:
            seconds = run.results.seconds.total
    return Trial(number, values, run.folder, status, scores, seconds, reading.reason)


def epoch_scores(run: Run) -> tuple[float, ...]:
    """Accuracy after each epoch on the half of validation that chooses."""
    return _SCORES.of(
        (f"{run.folder}/history.jsonl",),
        lambda: tuple(epoch["selection"]["accuracy"] for epoch in run.history.epochs),
    )


def trial_key(number: int) -> str:
    """The name of a trial's folder."""
    return cell_key(LEVEL, number)


def finalist_mean(result: SearchResult, trial: Trial) -> tuple[float, float, float, int] | None:
    """Mean, interval and n of the fresh readings of a trial's settings, fractions."""
    verdict = None if result.finalists is None else result.finalists.verdict
    if verdict is None:
        return None
    for level in verdict.levels:
        if level.name == level_of(trial):
            return (
                level.mean / verdict.unit,
                level.low / verdict.unit,
                level.high / verdict.unit,
                level.n,
            )
    return None
