"""Studies: readings of several levels, and what they allow one to say.

Speaks tables of readings by level, accuracies as fractions or in points; numpy and scipy.
"""

from toile.studies.pairs import Pair
from toile.studies.table_file import read_table, table_of
from toile.studies.verdict import Best, Level, Verdict, judge_readings
from toile.studies.words import pair_words, verdict_sentence

__all__ = [
    "Best",
    "Level",
    "Pair",
    "Verdict",
    "judge_readings",
    "pair_words",
    "read_table",
    "table_of",
    "verdict_sentence",
]
