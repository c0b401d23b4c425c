"""Running a lab sheet: every exercise is checked first, then they are done in order."""

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
    sheet_result,
    sheet_text,
    write_status,
)
from toile.studies import LiveStudy, hold_study, study


@dataclass(eq=False)
class LiveExercise:
    """An exercise about to be taken; `work` trains what it needs, if anything."""

    planned: Planned
    work: LiveStudy | LiveSearch | None


@dataclass(eq=False)
class LiveSheet:
    """A sheet being taken: iterate it for its exercises, each having been taken when it comes.

    Nothing is written before. Who shows more takes each of `exercises` himself and then concludes.

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
        """What it has come to by now."""
        return sheet_result(self.folder, self.sheet, self.quick)

    @contextmanager
    def taking(self) -> Iterator[None]:
        """Hold the folder, with the sheet in it, while exercises are taken.

        Raises ToileError where another process has the sheet in hand.
        """
        with ExitStack() as held:
            hold_study(self.folder, held)
            write_atomically(self.folder / SHEET, sheet_text(self.sheet).encode())
            write_status(self.result)
            yield

    def conclude(self, exercise: LiveExercise, progress: Progress = no_progress) -> None:
        """Make of an exercise what is made once its trainings are in: pictures, a file, a table."""
        # Loads what draws and what asks networks, which no refused sheet is to wait for.
        from toile.workbench.sheet_exercise import conclude

        conclude(self.result, exercise.planned, progress)
        write_status(self.result)

    def __iter__(self) -> Iterator[LiveExercise]:
        with self.taking():
            for exercise in self.exercises:
                if exercise.work is not None:
                    exercise.work.finish()
                self.conclude(exercise)
                yield exercise

    def finish(self) -> SheetResult:
        """Take all exercises that were asked for; returns the result."""
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
    """A sheet ready to be taken: a file, the name of one that comes with Toile, or a Sheet.

    `quick` takes few images, epochs and readings; `only` some of the exercises, by number. All of
    them are checked on their data before anything runs. Asked again it goes on with what is
    missing. `on="inline"` trains in this process, in place of others. Raises ToileError for
    anything a user can put right, naming the exercise.

        >>> live = toile.run_sheet("fashion-lab", quick=True, only=[1], on="inline")
        >>> for exercise in live:
        ...     print(exercise.planned.number, exercise.planned.exercise.title)
        1 The first nine
    """
    sheet = source if isinstance(source, Sheet) else read_sheet(source)
    folder = Path(out) if out else RunsFolder().folder / (sheet.name + "-quick" * quick)
    plan_sheet(sheet, quick)
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
    """Raise ToileError where it needs a package, a photograph or runs that cannot be had."""
    if exercise.export is not None:
        from toile.distribution import extra_packages

        with extra_packages("export"):
            import h5py  # type: ignore[import-untyped] # noqa: F401
        photo = exercise.export.photo
        if photo is not None:
            if not Path(photo).is_file():
                raise ToileError(
                    f"photo {photo} is no file; name one beside the sheet, or leave it out"
                )
            (source,) = sources_of([photo])
            source.read()
    runs = [open_run(side.run) for side in exercise.sides if side.run is not None]
    if runs:
        first, second = runs
        if first.folder.samefile(second.folder):
            raise ToileError(f"it compares {first.name} with itself; name another run")
        compare_predictions(first, second)
