"""Arrays in one checked file: safetensors, with a sha256 over everything in its header."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from toile.errors import ToileError
from toile.files import write_atomically
from toile.migrations import read_arrays, version_of
from toile.runs.corrupt_file import CorruptFile

Arrays = Mapping[str, np.ndarray]


def save_arrays(path: Path, arrays: Arrays, facts: Mapping[str, Any] | None = None) -> str:
    """Write `arrays` and the plain `facts` as one file; returns the sha256 over both.

    The same content gives the same bytes: the header has one entry, since safetensors writes
    several in no fixed order.
    """
    digest = arrays_sha256(arrays, facts or {})
    header = {"version": version_of(_kind(path)), "sha256": digest, "facts": facts or {}}
    content = save(dict(arrays), metadata={"toile": json.dumps(header, sort_keys=True)})
    write_atomically(path, content)
    return digest


@dataclass(frozen=True)
class Stored:
    """What a checked file holds; `sha256` is the file's, over what it was written as."""

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]
    sha256: str


def load_arrays(path: Path) -> Stored:
    """The content of a file, in today's form.

    Raises CorruptFile where its checksum does not hold, and ToileError for a newer Toile's.
    """
    try:
        content = path.read_bytes()
        size = int.from_bytes(content[:8], "little")
        header = json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["toile"])
        version, digest, facts = (header[key] for key in ("version", "sha256", "facts"))
        arrays = load(content)
    except FileNotFoundError:
        raise ToileError(f"{path} is not there") from None
    except OSError as error:
        raise ToileError(f"{path} cannot be read: {error.strerror}") from None
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CorruptFile(f"{path} is damaged or not of Toile's making ({error!r:.80})") from None
    if not isinstance(facts, dict):
        raise CorruptFile(f"{path} is damaged: its facts are {facts!r:.40}")
    if arrays_sha256(arrays, facts) != digest:
        raise CorruptFile(f"{path} is damaged: its content does not have the sha256 it was given")
    arrays, facts = read_arrays(arrays, facts, version, _kind(path), path)
    return Stored(arrays, facts, digest)


def _kind(path: Path) -> str:
    """What names the form of the file at `path`: its name, or its folder's where that has a number.

    `checkpoint/step-430.safetensors` is a `checkpoint.safetensors`.
    """
    is_one_of_many = re.fullmatch(r"(step|epoch)-\d+", path.stem)
    return f"{path.parent.name}{path.suffix}" if is_one_of_many else path.name


def arrays_sha256(arrays: Arrays, facts: Mapping[str, Any]) -> str:
    """The sha256 over names, types, shapes and bytes of `arrays`, and over `facts`."""
    checksum = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for name, array in sorted(arrays.items()):
        checksum.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        checksum.update(array.tobytes())
    return checksum.hexdigest()
