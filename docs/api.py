"""Writes docs/api.md from the docstrings of the public names: `make docs`."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import toile
from toile.sklearn import ImageClassifier

GROUPS = {
    "Data": "Dataset load_data list_sources describe split_data augment_data AugmentedSet",
    "Recipes": "Recipe list_presets plan_network",
    "Training": "train resume begin go_on LiveRun bench Bench",
    "Runs": "Run RunResults open_run list_runs Workspace bundle_run import_bundle write_report "
    "write_card",
    "Scores": "evaluate Evaluated compare_predictions baselines BaselineScores evaluate_robustness "
    "Robustness read_ledger",
    "A trained network": "open_classifier Classifier RunClassifier predict Answered Prediction "
    "export_run import_network ImportedNetwork track_run",
    "Comparing": "compare Comparison judge_readings verdict_sentence Verdict",
    "Studies, searches, lab sheets": "Study study LiveStudy StudyResult open_study open_study_test "
    "worth_levels search LiveSearch SearchResult open_search run_sheet LiveSheet SheetResult",
    "In scikit-learn": "ImageClassifier",
    "Errors": "ToileError",
}
WIDTH = 100
INTRODUCTION = """# The library

Made by `make docs` from the docstrings; a test runs the examples. They go on from this:

```python
from pathlib import Path

import numpy as np
import toile

recipe = toile.Recipe.preset("s1-lab").replace(
    {
        "data.name": "fashion-sample",
        "data.size_px": 14,
        "network.conv1.filters": 2,
        "training.threads": 1,
    },
    epochs=1,
)
data = toile.load_data("fashion-sample", size_px=14)
run = toile.train(recipe)
images = data.train.pixels[run.validation.indices]
labels = data.train.labels[run.validation.indices]
```

`relu_runs` and `gelu_runs` are lists of two runs each, of other seeds; `epochs` is the name of a
study and `batches` of a search that are done; `photo.png` is any picture.
"""


def api_markdown() -> str:
    """All public names by subject, each with its signature and docstring."""
    parts = [INTRODUCTION]
    for title, names in GROUPS.items():
        parts.append(f"## {title}\n")
        parts += [_entry(name) for name in names.split()]
    return "\n".join(parts)


def _public(name: str) -> Any:
    return ImageClassifier if name == ImageClassifier.__name__ else getattr(toile, name)


def _entry(name: str) -> str:
    node = _definition(_public(name))
    if isinstance(node, ast.FunctionDef):
        return f"### {name}\n\n{_code(_call(node, name))}\n{_docstring(node)}"
    body = _body(_public(name))
    lines = [f"### {name}\n", _docstring(node), *_fields(body)]
    for member in body:
        if isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
            lines += [f"#### {name}.{member.name}\n", _code(_head(member)), _docstring(member)]
    return "\n".join(lines)


def _body(public: type) -> list[ast.stmt]:
    """What stands in a class, and before it in those of ours that it is made from.

    Those that are public have an entry of their own.
    """
    ours = [kind for kind in inspect.getmro(public) if kind.__module__.startswith("toile.")]
    kinds = [kind for kind in ours if kind is public or kind.__name__ not in toile.__all__]
    body = [node for kind in reversed(kinds) for node in [*_definition(kind).body, ast.Pass()]]
    methods = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
    # A method that is written anew stands in the place of the one that it replaces.
    return [node for node in body if not isinstance(node, ast.FunctionDef)] + [*methods.values()]


def _definition(public: Any) -> Any:
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(public)))).body
    return node


def _fields(body: list[ast.stmt]) -> Iterator[str]:
    """Fields with their types, and what is said below them."""
    lines = []
    for field, below in pairwise([*body, ast.Pass()]):
        if isinstance(field, ast.AnnAssign) and not field.target.id.startswith("_"):
            said = below.value.value if isinstance(below, ast.Expr) else ""
            typed = _bare(field.annotation)
            lines.append(f"- `{field.target.id}: {typed}`{said and '. '}{' '.join(said.split())}")
    return iter(["\n".join(lines) + "\n"] if lines else [])


def _bare(annotation: Any) -> str:
    """A type as it is written, without the quotes of names that are imported for types alone."""
    return ast.unparse(annotation).replace("'", "")


def _head(member: ast.FunctionDef) -> str:
    if any("property" in ast.unparse(decorator) for decorator in member.decorator_list):
        return f"{member.name}: {_bare(member.returns)}"
    return _call(member, member.name)


def _call(node: ast.FunctionDef, name: str) -> str:
    """The signature as it is written, on several lines where one is too long."""
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
    pieces = [_argument(*pair) for pair in zip(positional, defaults, strict=True)]
    if arguments.posonlyargs:
        pieces.insert(len(arguments.posonlyargs), "/")
    if pieces and pieces[0] in ("self", "cls"):
        pieces = pieces[2:] if pieces[1:2] == ["/"] else pieces[1:]
    if arguments.vararg:
        pieces.append(f"*{ast.unparse(arguments.vararg)}")
    if arguments.kwonlyargs:
        pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        pieces += [*([] if arguments.vararg else ["*"]), *(_argument(*pair) for pair in pairs)]
    if arguments.kwarg:
        pieces.append(f"**{ast.unparse(arguments.kwarg)}")
    returned = f" -> {_bare(node.returns)}"
    line = f"{name}({', '.join(pieces)}){returned}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{name}(", *(f"    {piece}," for piece in pieces), f"){returned}"])


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    return ast.unparse(argument) + (f" = {ast.unparse(default)}" if default else "")


def _code(text: str, language: str = "python") -> str:
    return f"```{language}\n{text}\n```\n"


def _docstring(node: Any) -> str:
    """Examples become blocks, without the words that are for doctest."""
    paragraphs = (ast.get_docstring(node) or "").split("\n\n")
    return "\n".join(
        _code(re.sub(r"  # doctest:.*", "", textwrap.dedent(paragraph)), "pycon")
        if paragraph.lstrip().startswith(">>>")
        else f"{paragraph}\n"
        for paragraph in paragraphs
    )


if __name__ == "__main__":
    Path(__file__).with_name("api.md").write_text(api_markdown())
