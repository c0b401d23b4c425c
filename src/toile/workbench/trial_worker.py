"""A process that takes trials: `python -m toile.workbench.trial_worker`.

The worker of a study, but that a file in a trial's folder stops that trial alone.
"""

from toile.studies.search_result import PRUNED
from toile.workbench.worker import main

if __name__ == "__main__":
    main(lambda folder: (folder / PRUNED).exists())
