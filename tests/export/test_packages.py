"""Without the extra packages all else works, and what needs them says what to type."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent

BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name}}", name=name)

sys.meta_path.insert(0, Blocked())
sys.path.insert(0, {folder!r})
from toile.errors import ToileError
import toile, toile.export
try:
    {action}
except ToileError as error:
    print(error)
else:
    sys.exit("nothing was refused")
"""


OPEN_ONNX = "toile.export.OnnxClassifier(b'')"
OPEN_KERAS = "toile.export.KerasClassifier(b'')"
BUILD = (
    "from toile.export.build import build_file; import conftest; "
    "build_file('onnx', conftest.trained_of(['flatten', {'dense': 'classes'}])"
)


@pytest.mark.parametrize(
    ("package", "action"),
    [
        ("onnx", OPEN_ONNX),
        ("onnxruntime", OPEN_ONNX),
        ("h5py", OPEN_KERAS),
        ("onnxscript", f"{BUILD})"),
        ("onnxruntime", f"{BUILD}, conftest.noise(1))"),
    ],
)
def test_a_missing_package_is_named_with_the_line_to_type(package, action):
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED.format(package=package, action=action, folder=str(FOLDER))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = f"{package} is not installed, which this needs: pip install 'toile[export]'"
    assert done.stdout.strip() == expected
