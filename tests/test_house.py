"""The house keeps its own rules: documents tell the truth, and nothing dangerous is called."""

import ast
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import call
from toile.data.catalogue import GARMENTS
from toile.recipe import settings_table
from toile.workbench import robustness

ROOT = Path(__file__).parents[1]
PLACES = ("*.md", "docs/*.md", "docs/guide/*.md", "benchmarks/*.md", "benchmarks/foreign/*.md")
DOCUMENTS = sorted(path for place in PLACES for path in ROOT.glob(place))
SOURCES = sorted((ROOT / "src").rglob("*.py"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_a_document_names_is_there(document):
    named = re.findall(r"`([\w./-]+/[\w./-]*|[\w-]+\.(?:md|toml|txt))`", document.read_text())
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text())
    missing = [
        path
        for path in named + links
        if not any((place / path).exists() for place in (ROOT, document.parent, ROOT / "src/toile"))
        and not path.startswith(("~", "/", "runs/", "checkpoint/"))
    ]
    assert missing == []


def test_every_setting_is_documented_as_the_models_have_it():
    written = (ROOT / "docs" / "settings.md").read_text()
    printed = subprocess.run(
        [sys.executable, "-m", "toile.cli", "settings", "--markdown"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed in written, "write it anew: make docs"
    assert len(settings_table()) > 80


def commands_of(document: Path) -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", document.read_text(), re.DOTALL)
    lines = [line.split("#")[0] for block in blocks for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line.strip()]


README = commands_of(ROOT / "README.md")
TOUR = [words for words in README if words[0] == "toile"]


def goes_by_day(words: list[str]) -> bool:
    """Whether no page of the guide has this command, which a test runs, or another needs it."""
    guide = [known for page in ROOT.glob("docs/guide/*.md") for known in commands_of(page)]
    return words[1] in ("train", "study") or words not in guide


def test_every_target_of_make_in_the_readme_is_one():
    targets = (ROOT / "Makefile").read_text()
    called = [words[1] for words in README if words[0] == "make"]
    assert len(called) >= 2
    assert [target for target in called if f"\n{target}:" not in targets] == []


def run_in_order(tour: list[list[str]], folder: Path, data: Path) -> None:
    """Run commands where the README lies; training for one epoch on few and small pictures."""
    (folder / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "photo.jpg", folder / "docs")
    small = [f"--data={data}", "--set=data.size_px=14"]
    for words in tour:
        if words[1] == "train":
            words = [*words, *small, "--set=training.epochs=1"]
        if words[1:3] == ["study", "s1-lab"]:
            words = [*words, *small, "--epochs=1", "--readings=2"]
        if words[1] == "search":
            words = [*words, *small, "--epochs=1", "--trials=3", "--readings=1"]
        if words[1] == "bench":
            words = [*words, f"--data={data}", "--rounds=1"]
        # The first study is trained by processes; what goes on with it need not begin them again.
        goes_on = words[1] == "study" and words[2] not in ("new", "s1-lab")
        if goes_on or words[1] == "search" or words[1:3] == ["sheet", "run"]:
            words = [*words, "--on=inline"]
        if words[1:3] == ["data", "show"]:
            words[3] = "fashion-sample"
        if words[1] == "resume":
            words[-1] = "2"
        done = call(*words[1:])
        assert done.code == 0, (words, done.errors)


def test_what_only_a_command_of_the_readme_does_runs(tmp_path, monkeypatch, few_garments):
    # Of pictures of no class, to measure robustness by: a thousand take seconds.
    monkeypatch.setattr(robustness, "NO_CLASS", 20)
    monkeypatch.chdir(tmp_path)
    tour = [words for words in TOUR if goes_by_day(words)]
    assert len(tour) >= 8
    run_in_order(tour, tmp_path, few_garments)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_command_of_the_readme_runs(tmp_path, monkeypatch, few_garments):
    monkeypatch.chdir(tmp_path)
    run_in_order(TOUR, tmp_path, few_garments)


def test_the_library_code_of_the_readme_runs(tmp_path, monkeypatch, few_garments):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    by_name, of_arrays, searched = blocks
    searched = searched.replace('"quick"', '"s1-lab"').replace("epochs=5", "epochs=1")
    searched = searched.replace("cv=3", "cv=2").replace("8}", "2}").replace("16}", "3}")
    by_name = by_name.replace('"quick"', f'"s1-lab", data="{few_garments}", epochs=1')
    of_arrays = of_arrays.replace('"quick"', '"s1-lab"').replace("epochs=5", "epochs=1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdout", None)
    X, y, X_test, y_test = np.load(few_garments).values()  # noqa: N806
    known = {"X": X[::3], "y": y[::3], "X_test": X_test, "y_test": y_test, "names": GARMENTS}
    exec(
        compile(
            by_name + of_arrays.replace("range(5)", "range(2)") + searched, "README.md", "exec"
        ),
        known,
    )


def test_nothing_that_runs_foreign_code_is_called():
    found = {path: calls for path in SOURCES if (calls := dangerous(path.read_text()))}
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "eval('1')", "compile('1', '', 'eval')", "import pickle", "from joblib import load",
        "torch.load('a')", "yaml.load(text)", "subprocess.run('a', shell=True)",
        "np.load('a', allow_pickle=True)", "httpx.get('a', verify=False)",
    ],
)  # fmt: skip
def test_each_way_to_run_foreign_code_is_seen(line):
    assert dangerous(line)
    assert not dangerous("import yaml\nyaml.load(text, Loader=Safe)\nsubprocess.run(['a'])")


def dangerous(source: str) -> list[str]:
    """The calls and imports in `source` that run what others wrote."""
    forbidden = {"eval", "exec", "__import__", "compile"}
    modules = {"pickle", "marshal", "shelve", "dill", "joblib"}
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {one.name.split(".")[0] for one in node.names}
            names.add((getattr(node, "module", None) or "").split(".")[0])
            if names & modules:
                found.append(f"line {node.lineno}")
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            said = {f"{one.arg}={ast.unparse(one.value)}" for one in node.keywords}
            if (
                called in forbidden | {"torch.load", "np.loads"}
                or (called == "yaml.load" and "Loader" not in ast.unparse(node))
                or said & {"shell=True", "allow_pickle=True", "verify=False"}
            ):
                found.append(f"line {node.lineno}: {called}")
    return found
