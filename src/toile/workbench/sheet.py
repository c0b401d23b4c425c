"""Runs a lab sheet: all exercises are checked first, then they run in order."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from toile.data import Progress, no_progress
from toile.errors import ToileError
from toile.files import write_atomically
from toile.prediction import sources_of
from toile.runs import RunsFolder, compare_predictions, open_run
from toile.searches import LiveSearch, search
from toile.sheets import (
    SHEET,
    WORK,
    Exercise,
    Planned,
    Sheet,
    SheetResult,
    plan_sheet,
    read_sheet,
    refuse_fixed_seeds,
    sheet_result,
    sheet_text,
    single_readings,
    write_status,
)
from toile.studies import LiveStudy, hold_study, study


@dataclass(eq=False)
class LiveExercise:
    """An exercise to run; `work` is its study or search, or None if it trains nothing."""

    planned: Planned
    work: LiveStudy | LiveSearch | None


@dataclass(eq=False)
class LiveSheet:
    """A sheet to run: iterating runs its exercises in order, and yields each when it is done.

    Nothing is written before. To show the progress of trainings, run the `work` of each of
    `exercises` inside `held()` and then call `conclude`.

        >>> live = toile.run_sheet("fashion-lab", quick=True, only=[1], on="inline")
        >>> [exercise.planned.exercise.title for exercise in live.exercises]
        ['The first nine']
    """

    folder: Path
    sheet: Sheet
    quick: bool
    exercises: tuple[LiveExercise, ...]
    notes: list[str] = field(default_factory=list)

    @property
    def result(self) -> SheetResult:
        """The result so far."""
        return sheet_result(self.folder, self.sheet, self.quick)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder, with the sheet written into it, while exercises run.

        Raises ToileError if another process runs the sheet.
        """
        with ExitStack() as stack:
            hold_study(self.folder, stack)
            write_atomically(self.folder / SHEET, sheet_text(self.sheet).encode())
            write_status(self.result)
            yield

    def conclude(self, exercise: LiveExercise, progress: Progress = no_progress) -> None:
        """Make the outcome of an exercise after its trainings: pictures, a file, a comparison."""
        # Imported here: it loads matplotlib and torch, for which a refused sheet should not wait.
        from toile.workbench.sheet_exercise import conclude

        conclude(self.result, exercise.planned, progress)
        write_status(self.result)

    def __iter__(self) -> Iterator[LiveExercise]:
        with self.held():
            for exercise in self.exercises:
                if exercise.work is not None:
                    exercise.work.finish()
                self.conclude(exercise)
                yield exercise

    def finish(self) -> SheetResult:
        """Run all requested exercises; returns the result."""
        for _ in self:
            pass
        return self.result


def run_sheet(
    source: str | Path | Sheet,
    *,
    quick: bool = False,
    only: Sequence[int] | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    on: str = "local",
    progress: Progress = no_progress,
) -> LiveSheet:
    """A sheet ready to run, from a file, the name of one of Toile's sheets, or a Sheet.

    `quick` uses few images, epochs and readings; `only` runs some exercises, by number. All
    exercises are checked with their data before anything runs. A second call continues with what
    is missing. `on="inline"` trains in this process instead of others. Raises ToileError, which
    names the exercise, for all that a user can mend.

        >>> live = toile.run_sheet("fashion-lab", quick=True, only=[1], on="inline")
        >>> for exercise in live:
        ...     print(exercise.planned.number, exercise.planned.exercise.title)
        1 The first nine
    """
    sheet = source if isinstance(source, Sheet) else read_sheet(source)
    folder = Path(out) if out else RunsFolder().folder / (sheet.name + "-quick" * quick)
    complete_plan = plan_sheet(sheet, quick)
    if not (folder / SHEET).exists():
        refuse_fixed_seeds(sheet, complete_plan)
    planned = plan_sheet(sheet, quick, only)
    exercises = []
    for plan in planned:
        try:
            _refuse_what_is_missing(plan.exercise)
            exercises.append(
                LiveExercise(plan, _work(plan, folder / plan.key, workers, on, progress))
            )
        except ToileError as error:
            raise ToileError(f"exercise {plan.number}: {error}") from None
    notes = [
        f"exercise {exercise.planned.number}: {note}"
        for exercise in exercises
        for note in (exercise.work.notes if exercise.work else [])
    ]
    notes = [*single_readings(planned), *notes]
    return LiveSheet(folder, sheet, quick, tuple(exercises), notes)


def _work(
    planned: Planned, folder: Path, workers: int | None, on: str, progress: Progress
) -> LiveStudy | LiveSearch | None:
    if planned.search is not None:
        return search(planned.search, out=folder, workers=workers, on=on, progress=progress)
    if planned.study is None:
        return None
    target = folder if planned.exercise.kind == "study" else folder / WORK
    return study(planned.study, out=target, workers=workers, on=on, progress=progress)


def _refuse_what_is_missing(exercise: Exercise) -> None:
    """Raise ToileError if a package, a photograph or a run that it needs is missing."""
    if exercise.export is not None:
        from toile.distribution import extra_packages

        with extra_packages("export"):
            import h5py  # type: ignore[import-untyped] # noqa: F401
        photo = exercise.export.photo
        if photo is not None:
            if not Path(photo).is_file():
                raise ToileError(
                    f"photo {photo} is no file; name one next to the sheet, or leave it out"
                )
            (source,) = sources_of([photo])
            source.read()
    runs = [open_run(side.run) for side in exercise.sides if side.run is not None]
    if runs:
        first, second = runs
        if first.folder.samefile(second.folder):
            raise ToileError(f"it compares {first.name} with itself; name another run")
        compare_predictions(first, second)
