"""What this process and those that tests start are to have set; it comes before torch is loaded."""

import os
import sys

from toile.process import prepare_process

prepare_process()
# Where a shell or a container forbids bytecode, each of the many processes that tests start
# would compile every module anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# As many processes as cores are at work; where numpy is not loaded yet, that is in all but this
# one, its threads would spin as they wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# No test loses power: what this process writes need not be waited for until it is on the disk,
# which takes some 10 ms a time. Only an open file is accepted, as by the system.
os.fsync = os.fstat
