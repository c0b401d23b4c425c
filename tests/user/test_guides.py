"""The pages of the guide: their commands run in order, and each is at most two screens long."""

import json
import re
import runpy
import shlex
import shutil
from pathlib import Path

import pytest

from tests.command_line import call
from toile.recipe import Recipe, parse_assignments

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "guide").glob("*.md"))
MOST_LINES = 120
QUICKLY = ("--set=training.epochs=1", "--set=data.size_px=14")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, few_garments) -> Path:
    """A folder with the drawn photograph and two runs, as somebody has who opens a page."""
    folder = tmp_path_factory.mktemp("guide")
    (folder / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "photo.jpg", folder / "docs")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setenv("TOILE_RUNS", str(folder / "runs"))
        for seed in (1, 2):
            done = call("train", "s1-lab", f"--data={few_garments}", f"--seed={seed}", *QUICKLY)
            assert done.code == 0, done.errors
    return folder


def commands_of(page: Path) -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)
    return [shlex.split(line.split("#")[0]) for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_the_guide_runs(page, workspace, tmp_path, monkeypatch, few_garments):
    folder = shutil.copytree(workspace, tmp_path / "workspace")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TOILE_RUNS", str(folder / "runs"))
    for command in commands_of(page):
        words = [str(few_garments) if word == "fashion-sample" else word for word in command[1:]]
        if words[0] == "train":
            words = ["train", "s1-lab", f"--data={few_garments}", *QUICKLY]
        if words[0] in ("study", "search"):
            words += [f"--data={few_garments}", "--epochs=1", "--readings=2", "--on=inline"]
            words += [f"--set={QUICKLY[1].removeprefix('--set=')}"]
        if words[0] == "search":
            words[words.index("--trials") + 1] = "2"
        if words[:2] == ["sheet", "run"]:
            # Its studies are run by the README's tour at night; by day tests/cli has smaller ones.
            words += ["--on=inline", "--only=1"]
        if words[0] == "bench":
            words += [f"--data={few_garments}", "--rounds=1"]
        done = call(*words)
        assert done.code == 0, (command, done.errors)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_page_of_the_guide_is_longer_than_two_screens(page):
    assert len(page.read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize(
    "assignment",
    sorted({text for page in PAGES for text in re.findall(r"--set ([^\s`]+)", page.read_text())}),
)
def test_each_setting_that_the_guide_changes_can_be_changed(assignment):
    changed = Recipe.preset("s1-lab").replace(parse_assignments([assignment]))
    assert changed != Recipe.preset("s1-lab")


def test_the_python_of_the_guide_runs():
    for page in PAGES:
        for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
            exec(block, {})


def test_the_tables_of_choosing_a_network_are_those_that_were_measured():
    script = runpy.run_path(str(ROOT / "docs" / "choosing.py"))
    measured = json.loads((ROOT / "docs" / "choosing.json").read_text())
    page = (ROOT / "docs" / "guide" / "choosing.md").read_text()
    assert script["filled"](page, measured) == page
    # What the script would measure today is what stands there.
    levels = {setting: [*changed] for setting, changed in script["SETTINGS"].items()}
    assert {
        setting: [*compared["levels"]][1:] for setting, compared in measured["settings"].items()
    } == levels
    assert set(measured["search"]["importance"]) == set(script["SEARCHED"])
