import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "words",
    [["--help"], ["presets"], ["check", "s1-lab"], ["runs"], ["data"], ["settings", "seed"]],
)
def test_quick_commands_leave_torch_alone(words, tmp_path):
    code = (
        "import sys, toile.cli\n"
        f"sys.argv = ['toile', *{words!r}]\n"
        "try:\n    toile.cli.main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_version_is_the_packages(toile):
    import toile as package

    assert toile("--version").output.strip() == package.__version__
