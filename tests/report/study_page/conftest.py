from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toile.report.study_page.tables import Correct
from toile.runs.run_environment import environment_in
from toile.studies import Factors, Reading, StudyResult, study_of, study_test_in

MakeStudy = Callable[..., StudyResult]
ENVIRONMENT = environment_in(
    {"toile": "0.1.0", "python": "3.11.7", "torch": "2.13.0", "cores": 2, "threads": 1}
)


@pytest.fixture
def make_study(make_run, tmp_path: Path) -> MakeStudy:
    """A study of these scores by level; a word in their place is the status of a reading without.

    Every reading has the same run's folder: a report reads the first one's alone.
    """
    run, _ = make_run()

    def make(
        table: Mapping[str, Sequence[float | str]],
        test: dict[str, Any] | None = None,
        reasons: Mapping[str, str] | None = None,
        **asked: Any,
    ) -> StudyResult:
        readings = tuple(
            Reading(level, number, number - 1, run.folder, one, reason=(reasons or {}).get(one, ""))
            if isinstance(one, str)
            else Reading(level, number, number - 1, run.folder, "finished", one, 30.0)
            for level, row in table.items()
            for number, one in enumerate(row, start=1)
        )
        spec = {"recipe": "s1-lab", "vary": {"network.conv1.filters": list(table)}} | asked
        levels = tuple(Factors(name, {}) for name in table)
        look = None if test is None else study_test_in({"runs": [], **test})
        return StudyResult(
            tmp_path,
            study_of(spec),
            levels,
            readings,
            ENVIRONMENT,
            test=look,
        )

    return make


EPOCHS = {
    "2": [0.8859, 0.8701, 0.8755, 0.8760],
    "5": [0.8915, 0.8992, 0.8914, 0.8822],
    "20": [0.9026, 0.9008, 0.9035, 0.8991],
}


@pytest.fixture
def epochs(make_study: MakeStudy) -> StudyResult:
    """Three levels of the lab sheet, of which 2 and 20 are told apart."""
    return make_study(EPOCHS, question="How many epochs?")


@pytest.fixture
def correct(epochs: StudyResult) -> Correct:
    rng = np.random.default_rng(0)
    return {name: rng.random((len(row), 500)) < 0.9 for name, row in EPOCHS.items()}
