"""What the process that computes for the server may use."""

import subprocess
import sys

import pytest

RESERVE_64_GIB = (
    "import mmap; mmap.mmap(-1, 64 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, "
    "prot=mmap.PROT_READ)"
)
ASK_FOR_13_GIB = "import numpy; numpy.empty(13 << 30, 'u1')"


@pytest.mark.skipif(sys.platform != "linux", reason="no other system holds a process to its limit")
@pytest.mark.parametrize(
    ("words", "last_line"),
    [
        # As CUDA does, so that a network on a GPU can be asked.
        (RESERVE_64_GIB, ""),
        (ASK_FOR_13_GIB, "ArrayMemoryError: Unable to allocate 13.0 GiB"),
    ],
    ids=["reserved", "written to"],
)
def test_what_it_may_write_to_is_limited_and_not_what_it_may_reserve(words, last_line):
    code = f"from toile.app.computing_process import limit_memory; limit_memory(); {words}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert last_line in "".join(done.stderr.splitlines()[-1:])
    assert (done.returncode == 0) == (last_line == "")
