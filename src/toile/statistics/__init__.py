"""Statistics: tables of readings by level, and what may be said of them.

Speaks accuracies by level, as fractions or in points; numpy and scipy. Knows no run.
"""

from toile.statistics.interim import LOOKS, next_look
from toile.statistics.mean import mean_interval
from toile.statistics.pairs import Finding, Pair
from toile.statistics.power import ALPHA, pooled_sd
from toile.statistics.sentences import (
    analysis_sentence,
    assumed_sentence,
    explained_once,
    folds_sentence,
    list_names,
    of_setting,
    planning_sentence,
    signed,
    trend_sentence,
    verdict_sentence,
)
from toile.statistics.table_file import read_table
from toile.statistics.table_form import TableForm
from toile.statistics.trend import is_geometric
from toile.statistics.variance import level_variance, pair_variance, seed_correlation
from toile.statistics.verdict import Level, Verdict, judge_readings, next_alpha
from toile.statistics.welch import ROUNDING

__all__ = [
    "ALPHA",
    "LOOKS",
    "ROUNDING",
    "Finding",
    "Level",
    "Pair",
    "TableForm",
    "Verdict",
    "analysis_sentence",
    "assumed_sentence",
    "explained_once",
    "folds_sentence",
    "is_geometric",
    "judge_readings",
    "level_variance",
    "list_names",
    "mean_interval",
    "next_alpha",
    "next_look",
    "of_setting",
    "pair_variance",
    "planning_sentence",
    "pooled_sd",
    "read_table",
    "seed_correlation",
    "signed",
    "trend_sentence",
    "verdict_sentence",
]
