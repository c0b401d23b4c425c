"""A process that takes trials: `python -m toile.searches.trial_worker`.

The worker of a study, but that a file in a trial's folder stops that trial alone.
"""

from toile.executors import main
from toile.searches.result import PRUNED

if __name__ == "__main__":
    main(lambda folder: (folder / PRUNED).exists())
