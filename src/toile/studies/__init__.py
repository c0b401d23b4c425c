"""Studies: readings of several levels, how they are taken, and what they allow one to say.

Speaks settings of a study, readings that are run folders, and tables of readings by level,
accuracies as fractions or in points; numpy and scipy.
"""

from toile.studies.analyses import alpha_of, count_analyses, judge_kept, keep_analysis
from toile.studies.events import (
    Advanced,
    Ended,
    Looked,
    Paused,
    Retried,
    Started,
    StudyEvent,
)
from toile.studies.folder import open_study
from toile.studies.learning import (
    Curves,
    LearningCurve,
    LevelReached,
    learning_curves,
    reached_by_level,
)
from toile.studies.looks import LOOKS, next_look
from toile.studies.needed import ALPHA, Ahead, pooled_sd, readings_ahead
from toile.studies.noise import (
    Noise,
    PairNoise,
    SeedCorrelation,
    level_noise,
    pair_noise,
    seed_correlation,
)
from toile.studies.pairs import Pair
from toile.studies.plateau import Plateau
from toile.studies.read import parse_factor
from toile.studies.result import Factors, Reading, StudyResult
from toile.studies.search import Search
from toile.studies.search_result import SearchResult, open_search
from toile.studies.sheet import Sheet, list_sheets, read_sheet
from toile.studies.sheet_result import SheetResult, open_sheet
from toile.studies.spec import Study, study_of, study_text
from toile.studies.summary import study_summary
from toile.studies.table_file import read_table, table_of
from toile.studies.table_form import TableForm
from toile.studies.trend import Trend, is_geometric
from toile.studies.verdict import (
    Best,
    Level,
    Verdict,
    judge_readings,
    next_alpha,
    refuse_two_units,
)
from toile.studies.words import (
    analysis_sentence,
    folds_sentence,
    list_names,
    pair_words,
    planning_sentence,
    signed,
    study_sentence,
    trend_sentence,
    verdict_sentence,
)

__all__ = [
    "ALPHA",
    "LOOKS",
    "Advanced",
    "Ahead",
    "Best",
    "Curves",
    "Ended",
    "Factors",
    "LearningCurve",
    "Level",
    "LevelReached",
    "Looked",
    "Noise",
    "Pair",
    "PairNoise",
    "Paused",
    "Plateau",
    "Reading",
    "Retried",
    "Search",
    "SearchResult",
    "SeedCorrelation",
    "Sheet",
    "SheetResult",
    "Started",
    "Study",
    "StudyEvent",
    "StudyResult",
    "TableForm",
    "Trend",
    "Verdict",
    "alpha_of",
    "analysis_sentence",
    "count_analyses",
    "folds_sentence",
    "is_geometric",
    "judge_kept",
    "judge_readings",
    "keep_analysis",
    "learning_curves",
    "level_noise",
    "list_names",
    "list_sheets",
    "next_alpha",
    "next_look",
    "open_search",
    "open_sheet",
    "open_study",
    "pair_noise",
    "pair_words",
    "parse_factor",
    "planning_sentence",
    "pooled_sd",
    "reached_by_level",
    "read_sheet",
    "read_table",
    "readings_ahead",
    "refuse_two_units",
    "seed_correlation",
    "signed",
    "study_of",
    "study_sentence",
    "study_summary",
    "study_text",
    "table_of",
    "trend_sentence",
    "verdict_sentence",
]
