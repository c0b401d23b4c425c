"""The outcome of a sheet's exercise after its trainings: pictures, a comparison, an export."""

import filecmp
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from toile.data import Progress, load_data, read_picture
from toile.files import write_json
from toile.prediction import Classifier, Prediction, PreparedPicture, prepare, sources_of
from toile.recipe import recipe_differences
from toile.report import canvas, picture_grid, picture_uri, save_figure
from toile.runs import (
    Run,
    abstention_of,
    compare_predictions,
    open_run,
    pictures_of,
    seal_of,
    seen_words,
)
from toile.sheets import OUTCOME, ExerciseOutcome, Planned, SheetResult, compared_levels
from toile.studies import keep_analysis

MODEL = "model.h5"


def conclude(result: SheetResult, planned: Planned, progress: Progress) -> None:
    """Make what the exercise asks for, and save the outcome in its folder."""
    outcome = result.outcomes[planned.number - 1]
    record: dict[str, Any] | None = None
    match planned.exercise.kind:
        case "show":
            record = _show(outcome, progress)
        case "compare":
            record = _compare(result, outcome)
        case "export" if not _is_current(outcome):
            record = _export(outcome, progress)
    if record is not None:
        outcome.folder.mkdir(parents=True, exist_ok=True)
        write_json(outcome.folder / OUTCOME, record)


def _is_current(outcome: ExerciseOutcome) -> bool:
    """Whether the file exists and its prediction is for the picture that the sheet names now."""
    export, record = outcome.planned.exercise.export, outcome.record
    assert export is not None
    if record is None or not (outcome.folder / MODEL).exists():
        return False
    is_photo = record["label"] is None
    if export.photo is None or not is_photo:
        return is_photo == (export.photo is not None)
    return filecmp.cmp(export.photo, outcome.folder / record["picture"], shallow=False)


def _show(outcome: ExerciseOutcome, progress: Progress) -> dict[str, Any]:
    """Draw and save the first images."""
    show, recipe = outcome.planned.exercise.show, outcome.planned.recipe
    assert show is not None
    assert recipe is not None
    dataset = load_data(recipe.data, progress=progress)
    images = dataset.train.gather(np.arange(min(show.images, len(dataset.train))))
    names = [dataset.class_names[label] for label in images.labels]
    outcome.folder.mkdir(parents=True, exist_ok=True)
    save_figure(picture_grid(images.pixels[:], names), outcome.folder / "images.png")
    pictures = [
        {"class": name, "uri": picture_uri(picture)}
        for name, picture in zip(names, images.pixels, strict=True)
    ]
    return {
        "data": dataset.name,
        "train": len(dataset.train),
        "test": len(dataset.test),
        "shape": list(dataset.shape),
        "classes": list(dataset.class_names),
        "fingerprint": dataset.fingerprint,
        "pictures": pictures,
    }


def _compare(result: SheetResult, outcome: ExerciseOutcome) -> dict[str, Any]:
    planned, compare = outcome.planned, outcome.planned.exercise.compare
    first, second = planned.exercise.sides
    if first.run is None or second.run is None:
        record = compared_levels(result, planned.number)
        if outcome.record is not None and compare is not None:
            # An earlier comparison was an analysis too; it may not be recorded yet.
            keep_analysis(outcome.folder, outcome.record["levels"], compare.margin)
        return record
    runs = [open_run(first.run), open_run(second.run)]
    warnings = [(run, seen_words(run.recipe)) for run in runs]
    differences = recipe_differences(runs[0].recipe, runs[1].recipe)
    return {
        "runs": [run.name for run in runs],
        "mcnemar": compare_predictions(*runs).to_json(),
        "recipe": [asdict(difference) for difference in differences],
        "seen": [f"Of {run.name} it must be said: {words}" for run, words in warnings if words],
    }


def _export(outcome: ExerciseOutcome, progress: Progress) -> dict[str, Any] | None:
    """Export the network, open the file, and predict a picture; None before it is trained."""
    from toile.export import KerasClassifier
    from toile.workbench.export import export_run

    run = trained_run(outcome)
    if run is None:
        return None
    file = outcome.folder / MODEL
    exported = export_run(run, "keras", file, force=True, progress=progress)
    picture, label = _picture(outcome, run, progress)
    # From here on the file predicts, not the run.
    reopened = KerasClassifier(file.read_bytes())
    classifier = Classifier(MODEL, reopened.about.data, reopened, abstention=abstention_of(run))
    # The sheet asks for a prediction, so reasons to abstain are only warnings.
    prediction = classifier.ask(picture, always=True)
    return {
        "file": MODEL,
        "run": str(run.folder),
        "parity": exported.parity.model_dump(),
        "runtime": reopened.runtime,
        "picture": picture.name,
        "label": label,
        **_prediction_record(prediction),
    }


def trained_run(outcome: ExerciseOutcome) -> Run | None:
    """The run of the network that an exercise exports; None before it is trained."""
    readings = () if outcome.study is None else outcome.study.readings
    return next((Run(reading.folder) for reading in readings if reading.status == "finished"), None)


def prepared_picture(file: Path, run: Run) -> PreparedPicture:
    """The picture in `file`, prepared for the network, with all steps."""
    with file.open("rb") as opened:
        return prepare(read_picture(opened, file.name), run.data)


def _prediction_record(prediction: Prediction) -> dict[str, Any]:
    return {
        "top": [candidate.to_json() for candidate in prediction.top],
        "warnings": list(prediction.warnings),
    }


def _picture(outcome: ExerciseOutcome, run: Run, progress: Progress) -> tuple[Path, str | None]:
    """A copy of the photograph, or a validation image as a file and its class."""
    export = outcome.planned.exercise.export
    assert export is not None
    if export.photo is not None:
        photo = Path(export.photo)
        seal = seal_of(run, pictures_of(run))
        seal.refuse_paths([photo])
        for source in sources_of([photo]):
            read = source.read()
            seal.refuse_hashes(source.name, source.hashes(read.scaled_like(run.data.greys)))
            seal.refuse_prepared(source.name, prepare(read, run.data, show_steps=False).pixels)
        copy = outcome.folder / f"photo{photo.suffix.lower()}"
        shutil.copyfile(photo, copy)
        return copy, None
    first = run.validation.indices[:1]
    image = load_data(run.recipe.data, progress=progress).train.gather(first)
    file = outcome.folder / "validation-image.png"
    Image.fromarray(np.ascontiguousarray(canvas(image.pixels[0]))).save(file)
    return file, run.data.class_names[image.labels[0]]
