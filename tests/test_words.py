"""Names in the code are the field's words: none of those it once had in their place."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import toile

SOURCE = Path(toile.__file__).parent
WORDS = {
    # word -> what to say; a part of a name counts too, where the word ends in an underscore here
    "one": "the thing's noun",
    "other": "the thing's noun",
    "others": "the thing's noun",
    "some": "the thing's noun",
    "take_": "gather, copy, compute, select, next",
    "takes_": "accepts, the kind of its input",
    "taken_": "copied, selected, current",
    "place_": "index, position, location, path",
    "places_": "indices, positions, locations",
    "numbers": "values, activations, outputs, inputs",
    "made": "result",
    "given": "the thing's noun",
    "found": "match, result",
    "kept": "saved, entry",
    "said_": "message, output",
    "told_": "message",
    "share_": "fraction",
    "shares_": "fractions",
    "own": "what it is",
    "whole": "full",
    "answers": "logits, predictions",
    "beside": "siblings",
    "beyond": "outside",
    "partner_": "worker",
    "partners_": "workers",
    "lane_": "channel",
    "lanes_": "channels",
    "meeting_": "all_gather",
    "replica_": "shard",
    "replicas_": "shards",
    "follow": "update_ema",
    "peak": "base_lr",
    "entropy": "cross_entropy",
    "taped_": "autograd",
    "sight": "receptive_field",
    "chooses_": "selection",
    "hits_": "correct",
    "likely": "top_k",
    "afar_": "ray_worker",
    "parcel_": "archive",
    "seat_": "actor",
    "standing_": "status",
    "needed": "power",
    "merge": "extend",
    "asking_": "sampler",
    "sole_": "file_lock",
    "carried_": "portable",
    "extent_": "shape, size",
    "paper_": "background",
    "drawn_": "foreground",
    "turned_": "upright",
    "lit_": "normalised",
    "strange_": "out_of_distribution",
}
ALONE = {word for word in WORDS if not word.endswith("_")}
PARTS = {word.removesuffix("_") for word in WORDS if word.endswith("_")}
ALLOWED = {
    # asked and told are what an ask-and-tell sampler is, in the file of a search's memory
    ("searches/result.py", "told"),
    ("searches/records.py", "told"),
    # the hash that names kept arrays is over this field's name
    ("data/greys.py", "whole"),
    # shows the events of what trains, as tail --follow does
    ("cli/search.py", "follow"),
    ("cli/study.py", "_follow"),
    ("cli/training.py", "_follow"),
    # a verb: two networks share their tensors
    ("torch_private.py", "share_tensors"),
    # the most memory that was in use
    ("training/probe.py", "peak"),
    # a user's answers to a sheet, in answers.yaml
    ("sheets/result.py", "ANSWERS"),
    ("sheets/result.py", "answers"),
}


def defined(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Every name that the code gives to something, with where it stands."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name, node
                is_dunder = node.name.startswith("__")
                for argument in ast.walk(node.args):
                    if isinstance(argument, ast.arg) and not is_dunder:
                        yield argument.arg, argument
            case ast.ClassDef():
                yield node.name, node
            case ast.Lambda():
                yield from ((argument.arg, argument) for argument in node.args.args)
            case ast.Name(ctx=ast.Store()):
                yield node.id, node
            case ast.Attribute(ctx=ast.Store()):
                yield node.attr, node
            case ast.ExceptHandler(name=str(name)):
                yield name, node


def is_old(name: str) -> bool:
    name = name.replace("in_place", "")
    parts = [part.lower() for part in re.split(r"_|(?<=[a-z0-9])(?=[A-Z])", name) if part]
    return "_".join(parts) in ALONE | PARTS or any(part in PARTS for part in parts)


def test_no_name_is_one_of_the_old_words():
    met = set()
    wrong = []
    for file in sorted(SOURCE.rglob("*.py")):
        where = file.relative_to(SOURCE).as_posix()
        if where.startswith("migrations/"):
            continue
        for name, node in defined(ast.parse(file.read_text())):
            if not is_old(name):
                continue
            if (where, name) in ALLOWED:
                met.add((where, name))
            else:
                wrong.append(f"{where}:{node.lineno}: {name}")
    assert wrong == [], "\n".join(wrong)
    assert met == ALLOWED, "allowed, and no longer there"


def test_what_counts_as_one():
    assert [is_old(name) for name in ("one", "_one", "place_of", "TakenNames", "whole")] == [
        True
    ] * 5
    assert [is_old(name) for name in ("one_cycle", "whole_run", "replacement")] == [False] * 3
