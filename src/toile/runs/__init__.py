"""The run folder: one training, remembered as plain files that survive a kill at any moment.

Knows recipes, data and training; draws and prints nothing. The `recorder`, which needs torch, is
imported by its own name.
"""

from toile.files import write_whole
from toile.runs.bundle import Manifest, bundle_run, unpack_bundle
from toile.runs.checkpoint import has_checkpoint, load_checkpoint, standing
from toile.runs.create import create_run, refuse_unless_empty
from toile.runs.environment import differences, environment
from toile.runs.few_steps import few_steps_of
from toile.runs.judging import (
    commonest_of,
    judge_validation,
    scored_images,
    scored_part,
    temperature_of,
)
from toile.runs.ledger import is_of, keep_inner_looks, looks_of, read_ledger, write_score
from toile.runs.ledger_file import Look
from toile.runs.listing import (
    Listed,
    is_path,
    is_run,
    kept_run,
    list_runs,
    open_run,
    runs_called,
)
from toile.runs.look import open_test, open_test_for_all
from toile.runs.names import counted_back, meant_by, steps_back
from toile.runs.novelty import KeptNovelty, abstention_of
from toile.runs.pictures import Pictures, doubts_about, pictures_of, pictures_to_keep
from toile.runs.records import Named, Record, read_record
from toile.runs.removal import (
    Contents,
    contents_of,
    delete_folder,
    refuse_link,
    remove_run,
    run_to_remove,
)
from toile.runs.results import TARGETS, convergence_of, seconds_of
from toile.runs.run import History, Run, Validation
from toile.runs.seen import fill_seen, seen_json, seen_words
from toile.runs.state import STATUSES, State, read_state
from toile.runs.tensors import CorruptFile, Stored, load_arrays
from toile.runs.workspace import COLLECTIONS, ledger_folders, runs_folder

__all__ = [
    "COLLECTIONS",
    "STATUSES",
    "TARGETS",
    "Contents",
    "CorruptFile",
    "History",
    "KeptNovelty",
    "Listed",
    "Look",
    "Manifest",
    "Named",
    "Pictures",
    "Record",
    "Run",
    "State",
    "Stored",
    "Validation",
    "abstention_of",
    "bundle_run",
    "commonest_of",
    "contents_of",
    "convergence_of",
    "counted_back",
    "create_run",
    "delete_folder",
    "differences",
    "doubts_about",
    "environment",
    "few_steps_of",
    "fill_seen",
    "has_checkpoint",
    "is_of",
    "is_path",
    "is_run",
    "judge_validation",
    "keep_inner_looks",
    "kept_run",
    "ledger_folders",
    "list_runs",
    "load_arrays",
    "load_checkpoint",
    "looks_of",
    "meant_by",
    "open_run",
    "open_test",
    "open_test_for_all",
    "pictures_of",
    "pictures_to_keep",
    "read_ledger",
    "read_record",
    "read_state",
    "refuse_link",
    "refuse_unless_empty",
    "remove_run",
    "run_to_remove",
    "runs_called",
    "runs_folder",
    "scored_images",
    "scored_part",
    "seconds_of",
    "seen_json",
    "seen_words",
    "standing",
    "steps_back",
    "temperature_of",
    "unpack_bundle",
    "write_score",
    "write_whole",
]
