"""Toile: a local workbench for image classifiers.

    import toile

    run = toile.train("quick")
    print(run.results["score"])

Names are looked up when first used, so that `import toile` is quick and leaves torch alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from toile.distribution import VERSION

if TYPE_CHECKING:
    from toile.data import Dataset, describe, list_sources, load_data, split_data
    from toile.errors import ToileError
    from toile.library import resume, train
    from toile.recipe import Recipe, list_presets, plan_network, read_recipe, with_settings
    from toile.runs import Run, bundle_run, list_runs, open_run, read_ledger
    from toile.studies import (
        SearchResult,
        SheetResult,
        Study,
        StudyResult,
        Verdict,
        judge_readings,
        open_search,
        open_study,
        verdict_sentence,
    )
    from toile.workbench.begin import begin
    from toile.workbench.bench import Bench, bench
    from toile.workbench.bundle import import_bundle
    from toile.workbench.evaluate import Evaluated, compare_answers, evaluate
    from toile.workbench.export import export_run
    from toile.workbench.go_on import go_on
    from toile.workbench.live import LiveRun
    from toile.workbench.live_search import LiveSearch
    from toile.workbench.live_study import LiveStudy
    from toile.workbench.page import write_report
    from toile.workbench.predict import Answered, predict
    from toile.workbench.search import search
    from toile.workbench.sheet import LiveSheet, run_sheet
    from toile.workbench.study import study
    from toile.workbench.study_look import open_study_test
    from toile.workbench.trained import load_network

__version__ = VERSION

_PLACES = {
    "Bench": "toile.workbench.bench",
    "Answered": "toile.workbench.predict",
    "Dataset": "toile.data",
    "Evaluated": "toile.workbench.evaluate",
    "LiveRun": "toile.workbench.live",
    "LiveSearch": "toile.workbench.live_search",
    "LiveSheet": "toile.workbench.sheet",
    "LiveStudy": "toile.workbench.live_study",
    "Recipe": "toile.recipe",
    "Run": "toile.runs",
    "SearchResult": "toile.studies",
    "SheetResult": "toile.studies",
    "Study": "toile.studies",
    "StudyResult": "toile.studies",
    "ToileError": "toile.errors",
    "Verdict": "toile.studies",
    "begin": "toile.workbench.begin",
    "bench": "toile.workbench.bench",
    "bundle_run": "toile.runs",
    "compare_answers": "toile.workbench.evaluate",
    "describe": "toile.data",
    "evaluate": "toile.workbench.evaluate",
    "export_run": "toile.workbench.export",
    "go_on": "toile.workbench.go_on",
    "import_bundle": "toile.workbench.bundle",
    "judge_readings": "toile.studies",
    "list_presets": "toile.recipe",
    "list_runs": "toile.runs",
    "list_sources": "toile.data",
    "load_data": "toile.data",
    "load_network": "toile.workbench.trained",
    "open_run": "toile.runs",
    "open_search": "toile.studies",
    "open_study": "toile.studies",
    "open_study_test": "toile.workbench.study_look",
    "plan_network": "toile.recipe",
    "predict": "toile.workbench.predict",
    "read_ledger": "toile.runs",
    "read_recipe": "toile.recipe",
    "resume": "toile.library",
    "run_sheet": "toile.workbench.sheet",
    "search": "toile.workbench.search",
    "split_data": "toile.data",
    "study": "toile.workbench.study",
    "train": "toile.library",
    "verdict_sentence": "toile.studies",
    "with_settings": "toile.recipe",
    "write_report": "toile.workbench.page",
}

__all__ = [
    "Answered",
    "Bench",
    "Dataset",
    "Evaluated",
    "LiveRun",
    "LiveSearch",
    "LiveSheet",
    "LiveStudy",
    "Recipe",
    "Run",
    "SearchResult",
    "SheetResult",
    "Study",
    "StudyResult",
    "ToileError",
    "Verdict",
    "begin",
    "bench",
    "bundle_run",
    "compare_answers",
    "describe",
    "evaluate",
    "export_run",
    "go_on",
    "import_bundle",
    "judge_readings",
    "list_presets",
    "list_runs",
    "list_sources",
    "load_data",
    "load_network",
    "open_run",
    "open_search",
    "open_study",
    "open_study_test",
    "plan_network",
    "predict",
    "read_ledger",
    "read_recipe",
    "resume",
    "run_sheet",
    "search",
    "split_data",
    "study",
    "train",
    "verdict_sentence",
    "with_settings",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"toile has no {name}")
    if name != "ToileError":
        import_module("toile.posix").refuse_windows()
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
