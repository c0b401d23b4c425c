"""The run folder: one training, remembered as plain files that survive a kill at any moment.

Knows recipes, data and training; draws and prints nothing. The `recorder`, which needs torch, is
imported by its own name.
"""

from toile.runs.checkpoint import has_checkpoint, load_checkpoint
from toile.runs.create import create_run
from toile.runs.environment import differences, environment
from toile.runs.files import write_whole
from toile.runs.listing import Listed, list_runs, open_run, remove_run
from toile.runs.results import convergence_of, seconds_of
from toile.runs.run import History, Run, Validation, runs_folder
from toile.runs.state import STATUSES, State, read_state
from toile.runs.tensors import CorruptFile, load_arrays

__all__ = [
    "STATUSES",
    "CorruptFile",
    "History",
    "Listed",
    "Run",
    "State",
    "Validation",
    "convergence_of",
    "create_run",
    "differences",
    "environment",
    "has_checkpoint",
    "list_runs",
    "load_arrays",
    "load_checkpoint",
    "open_run",
    "read_state",
    "remove_run",
    "runs_folder",
    "seconds_of",
    "write_whole",
]
