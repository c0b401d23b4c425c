"""One name for the package index, and extras that all else does without."""

import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.version import Version

from toile.distribution import EXTRAS, NAME

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tests" / "export"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WRITTEN = [
    path
    for pattern in ("*.md", "docs/*.md", "benchmarks/*", "src/**/*", "Makefile", "pyproject.toml")
    for path in ROOT.glob(pattern)
    if path.suffix in (".md", ".py", ".yaml", ".toml", ".html", ".txt") or path.name == "Makefile"
]


def test_the_distribution_has_one_name_which_its_extras_use_too():
    assert PROJECT["project"]["name"] == NAME
    extras = PROJECT["project"]["optional-dependencies"]
    own = [one for lines in extras.values() for one in lines if one.startswith("toile")]
    assert own
    assert all(one.startswith(f"{NAME}[") for one in own)


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_brings_what_is_said_to_be_missing_without_it(extra):
    brought = PROJECT["project"]["optional-dependencies"][extra]
    names = {re.split(r"[\[><=]", one)[0] for one in brought}
    # Imported by another name than it is installed by.
    imported_as = {"scikit-learn": "sklearn", "mlflow-skinny": "mlflow"}
    names = {imported_as.get(name, name) for name in names}
    assert set(EXTRAS[extra]) <= names
    always = {re.split(r"[><=]", one)[0] for one in PROJECT["project"]["dependencies"]}
    assert not always & set(EXTRAS[extra])


def test_the_floors_that_are_tried_are_the_bounds_that_are_promised():
    lines = [line.split("#")[0] for line in (ROOT / "floors.txt").read_text().splitlines()]
    tried = dict(line.strip().split("==") for line in lines if line.strip())
    extras = PROJECT["project"]["optional-dependencies"]
    bounds = [PROJECT["project"]["dependencies"], *(extras[one] for one in EXTRAS)]
    promised = {
        name: Version(bound)
        for one in chain.from_iterable(bounds)
        if not one.startswith(NAME)
        for name, bound in [one.split(">=")]
    }
    assert {name: Version(version) for name, version in tried.items()} == promised


def test_nobody_is_sent_to_the_stranger_called_toile_in_the_index():
    # A clone is installed by its path, and by no name at all.
    sent = re.compile(r"pip3? install[^\n`]*[ '\"]toile\b")
    assert [path for path in WRITTEN if sent.search(path.read_text())] == []


def test_the_readme_in_the_index_has_no_path_that_leads_nowhere():
    text = (ROOT / "README.md").read_text()
    hook = PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    for one in hook["substitutions"]:
        text = re.sub(one["pattern"], one["replacement"], text)
    assert re.findall(r"\]\((?!\w+:)[^)]*\)", text) == []
    assert "`docs/verdicts.md`" in text


BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name}}", name=name)

sys.meta_path.insert(0, Blocked())
sys.path.insert(0, {folder!r})
from toile.errors import ToileError
import toile, toile.export, toile.workbench
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
    ("package", "action", "extra"),
    [
        ("onnx", OPEN_ONNX, "export"),
        ("onnxruntime", OPEN_ONNX, "export"),
        ("h5py", OPEN_KERAS, "export"),
        ("onnxscript", f"{BUILD})", "export"),
        ("onnxruntime", f"{BUILD}, conftest.noise(1))", "export"),
    ],
)
def test_a_missing_package_is_named_with_the_line_to_type(package, action, extra):
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED.format(package=package, action=action, folder=str(FOLDER))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == (
        f"{package} is not installed, which this needs: in the clone of Toile type "
        f"pip install -c constraints.txt -e '.[{extra}]'"
    )
