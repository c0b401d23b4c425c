"""A process that takes trials: `python -m toile.workbench.trial_worker`.

The worker of a study, but that a file in a trial's folder stops that trial alone.
"""

from functools import lru_cache, partial
from pathlib import Path

from toile.process import prepare_process
from toile.studies.search_result import PRUNED
from toile.workbench.worker import Jobs, Line, work


def main() -> None:
    """Take trials until the input ends."""
    prepare_process()
    line, jobs = Line(), Jobs()
    from toile.workbench.prepared import prepare_data

    shelf = lru_cache(maxsize=2)(prepare_data)
    while (job := jobs.take()) is not None:
        work(job, shelf, line, partial(_is_over, jobs, Path(job["folder"]) / PRUNED))


def _is_over(jobs: Jobs, hopeless: Path) -> bool:
    return jobs.ended.is_set() or hopeless.exists()


if __name__ == "__main__":
    main()
