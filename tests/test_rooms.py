"""A room is one thing to the others: its name, and the names it gives."""

import ast
import importlib
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "toile"
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
LAZY = [room for room in ROOMS if (PACKAGE / room / "__init__.pyi").exists()]
ALLOWED = {
    # The one look at the test part, which no room is to have at hand.
    ("runs/look.py", "toile.data.sealed"),
    # `toile.train` shows a training as the command line does.
    ("library.py", "toile.cli.progress"),
    ("library.py", "toile.cli.watch"),
}


@cache
def nodes(path: Path) -> list[ast.AST]:
    """All nodes of a file's syntax tree."""
    return [*ast.walk(ast.parse(path.read_text()))]


def imports(path: Path) -> list[ast.ImportFrom]:
    return [node for node in nodes(path) if isinstance(node, ast.ImportFrom)]


@pytest.mark.parametrize("room", [*ROOMS, ""])
def test_no_file_imports_an_inner_file_of_another_room(room):
    files = (PACKAGE / room).rglob("*.py") if room else PACKAGE.glob("*.py")
    inner = {
        (str(path.relative_to(PACKAGE)), node.module)
        for path in files
        for node in imports(path)
        if (node.module or "").startswith("toile.")
        and len(parts := (node.module or "").split(".")) > 2
        and parts[1] != room
    }
    assert inner <= ALLOWED


@pytest.mark.parametrize("room", LAZY)
def test_what_a_lazy_room_names_is_there_and_no_file_of_it_is_called_so(room):
    # A file that was imported would stand in the room under its name, in place of what it has.
    module = importlib.import_module(f"toile.{room}")
    assert module.__all__
    for name in module.__all__:
        getattr(module, name)
        assert not (PACKAGE / room / f"{name}.py").exists()
        assert not (PACKAGE / room / name).exists()


def test_the_library_names_what_its_rooms_have():
    toile = importlib.import_module("toile")
    for name in toile.__all__:
        assert getattr(toile, name) is not None
        assert not (PACKAGE / name).exists()
    assert "train" in dir(toile)


def test_each_name_of_a_lazy_room_is_used_outside_of_it():
    root = PACKAGE.parents[1]
    files = [
        path
        for folder in ("src", "tests", "benchmarks", "docs")
        for path in root.glob(f"{folder}/**/*.py")
    ]
    used = set()
    for path in [*files, PACKAGE / "__init__.pyi"]:
        for node in imports(path):
            module = f"toile.{node.module}" if node.level else node.module
            used |= {(module, alias.name) for alias in node.names}
        for node in nodes(path):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                used.add((f"toile.{node.value.id}", node.attr))
    named = {
        (f"toile.{room}", alias.name)
        for room in LAZY
        for node in imports(PACKAGE / room / "__init__.pyi")
        for alias in node.names
    }
    assert named - used == set()


def test_no_two_classes_have_one_name():
    places: dict[str, list[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in nodes(path):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(str(path.relative_to(PACKAGE)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
