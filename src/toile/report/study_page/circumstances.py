"""The sections on how a study was done and how to repeat it."""

from collections.abc import Mapping

from toile.report.page.numbers import count
from toile.report.study_page.parts import Section
from toile.runs import Run
from toile.statistics import list_names
from toile.studies import StudyResult, study_text


def circumstances(result: StudyResult) -> list[Section]:
    """Sections on what was varied and held fixed, data, machine, and how to repeat the study."""
    spec = result.spec
    varied = [(address, list_names(list(values))) for address, values in spec.vary.items()]
    if spec.levels:
        varied.insert(0, ("Whole recipes", list_names(list(spec.levels))))
    recipe = spec.recipe if isinstance(spec.recipe, str) else spec.recipe.get("name", "recipe")
    fixed = [("Recipe", recipe), *((address, str(value)) for address, value in spec.set.items())]
    most = max((reading.number for reading in result.readings), default=1)
    seeds = f"{spec.seed} to {spec.seed + most - 1}, the same at each level"
    fixed.append(("Seeds", seeds) if most > 1 else ("Seed", str(spec.seed)))
    sections = [Section("Varied", facts=tuple(varied))] if varied else []
    sections.append(Section("Held fixed", facts=tuple(fixed)))
    run = first_run(result)
    if run is not None:
        sections.append(Section("Data", facts=_data(run)))
    if result.environment:
        mixed = [f"Some readings ran elsewhere: {reason}." for reason in result.mixed]
        sections.append(Section("Machine", tuple(mixed), _machine(result.environment.to_json())))
    again = (
        "The study's file is below; on the same kind of machine, with the same versions, the "
        "readings come out the same to the last digit."
    )
    return [
        *sections,
        Section("Repeat it", (again,), code=result.command),
        Section("The study's file", code=study_text(spec)),
    ]


def first_run(result: StudyResult) -> Run | None:
    """The run of the first reading that finished."""
    return next(
        (Run(reading.folder) for reading in result.readings if reading.status == "finished"), None
    )


def _data(run: Run) -> tuple[tuple[str, str], ...]:
    facts = run.data
    return (
        ("Name", facts.name),
        ("Training images", count(facts.train)),
        ("Validation images", count(facts.validation)),
        ("Test images", count(facts.test)),
        ("Classes", count(len(facts.class_names))),
        ("Fingerprint", facts.fingerprint),
    )


def _machine(environment: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    names = {
        "toile": "Toile", "python": "Python", "torch": "torch", "numpy": "numpy",
        "system": "System", "processor": "Processor", "cores": "Cores", "device": "Device",
        "threads": "Threads a reading", "precision": "Precision",
    }  # fmt: skip
    return tuple((says, str(environment[key])) for key, says in names.items() if key in environment)
