"""How much memory something takes at its worst, in a process of its own."""

import subprocess
import sys

MEASURE = """
import sys
from toile.errors import ToileError
{setup}
def peak():
    # Not getrusage: its figure begins with the peak of the process that started this one.
    (line,) = (line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1000
before, kept = peak(), 0
try:
    kept = {code}
except ToileError as refusal:
    print(refusal, file=sys.stderr)
print(peak() - before)
"""


def peak_mb(code: str, setup: str) -> tuple[float, str]:
    """MB that computing `code` took at its worst, and the ToileError it ended with, or nothing.

    `setup` comes first, and is not counted.
    """
    script = MEASURE.format(code=code, setup=setup)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return float(done.stdout), done.stderr.strip()
