"""Damaged files for fuzz tests: seeded, so that a case that fails is made again by its number.

A case is one of a few sound files with some of its bytes changed the way disks, transfers and
people who mean harm change them. `damaged(SEEDS, 2000)` yields (name, number, content).
"""

import json
import random
import resource
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toile.errors import ToileError

# What sizes, counts and offsets are set to by those who look for overflows.
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1)
WORDS = (
    b"-1", b"0", b"1e999", b"nan", b"NaN", b"Infinity", b"null", b"true", b"[]", b"{}", b'""',
    b"''",
    b"9" * 30, b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\x1b[31m", b"\\ud800", b"(" * 60, b"../",
    b"a" * 300, b"\n", b",", b":", b"-", b"*x", b"&x ", b"!!int ", b"1.5", b"2.0", b"\xe2\x80\xae",
)  # fmt: skip


VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**30, 0.5, -0.5, 1e308, float("nan"), "", "x",
    "\ud800", "\x1b[31m", "a" * 300, "../..", [], [0], ["x"], [[]], {}, {"x": 1},
)  # fmt: skip


def damage(content: bytes, draw: random.Random) -> bytes:
    """`content` after one to four changes."""
    changed = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 2, 2, 4))):
        draw.choice(CHANGES)(changed, draw)
    return bytes(changed)


def other_json(content: bytes, draw: random.Random) -> bytes | None:
    """JSON, or a line of several, with one value of it made another; None where it is no JSON."""
    lines = content.rstrip().split(b"\n") if content.startswith(b"{") else []
    chosen = draw.randrange(len(lines)) if _is_lines(lines) else None
    try:
        document = json.loads(content if chosen is None else lines[chosen])
    except ValueError:
        return None
    holders = list(_holders(document))
    if not holders:
        return None
    holder = draw.choice(holders)
    key = draw.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    if draw.random() < 0.2:
        del holder[key]
    else:
        holder[key] = draw.choice(VALUES)
    changed = json.dumps(document).encode()
    if chosen is None:
        return changed
    return b"\n".join([*lines[:chosen], changed, *lines[chosen + 1 :], b""])


def _is_lines(lines: list[bytes]) -> bool:
    return bool(lines) and all(line.startswith(b"{") and line.endswith(b"}") for line in lines)


def _holders(value: Any) -> Iterator[dict[str, Any] | list[Any]]:
    """Every mapping and list in `value` that holds anything."""
    if isinstance(value, dict | list) and value:
        yield value
        for one in value.values() if isinstance(value, dict) else value:
            yield from _holders(one)


def damaged(
    seeds: Mapping[str, bytes], count: int, seed: int = 0
) -> Iterator[tuple[str, int, bytes]]:
    """`count` cases, the seeds in turn; case `number` is the same whatever `count` is."""
    names = list(seeds)
    for number in range(count):
        name = names[number % len(names)]
        yield name, number, damage(seeds[name], random.Random(f"{seed}/{number}"))


def _flip(content: bytearray, draw: random.Random) -> None:
    if content:
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)


def _overwrite_byte(content: bytearray, draw: random.Random) -> None:
    if content:
        content[draw.randrange(len(content))] = draw.randrange(256)


def _overwrite_number(content: bytearray, draw: random.Random) -> None:
    width = draw.choice((1, 2, 4, 8))
    number = draw.choice(NUMBERS) % 256**width
    place = draw.randrange(len(content) + 1)
    content[place : place + width] = number.to_bytes(width, draw.choice(("little", "big")))


def _insert_word(content: bytearray, draw: random.Random) -> None:
    place = draw.randrange(len(content) + 1)
    content[place:place] = draw.choice(WORDS)


def _replace_by_word(content: bytearray, draw: random.Random) -> None:
    start, end = _span(content, draw, 12)
    content[start:end] = draw.choice(WORDS)


def _replace_digits(content: bytearray, draw: random.Random) -> None:
    """Another word for a number in a text, or in a binary file for what looks like one."""
    digits = [place for place, byte in enumerate(content) if byte in b"0123456789"]
    if digits:
        start = end = draw.choice(digits)
        while end < len(content) and content[end] in b"0123456789.":
            end += 1
        content[start:end] = draw.choice(WORDS)


def _cut(content: bytearray, draw: random.Random) -> None:
    del content[draw.randrange(len(content) + 1) :]


def _delete(content: bytearray, draw: random.Random) -> None:
    start, end = _span(content, draw, 40)
    del content[start:end]


def _repeat(content: bytearray, draw: random.Random) -> None:
    start, end = _span(content, draw, 200)
    content[end:end] = content[start:end] * draw.choice((1, 2, 20))


def _swap(content: bytearray, draw: random.Random) -> None:
    start, end = _span(content, draw, 40)
    piece = bytes(content[start:end])
    del content[start:end]
    place = draw.randrange(len(content) + 1)
    content[place:place] = piece


def _span(content: bytearray, draw: random.Random, longest: int) -> tuple[int, int]:
    start = draw.randrange(len(content) + 1)
    return start, min(len(content), start + draw.randint(1, longest))


CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip,
    _overwrite_byte,
    _overwrite_number,
    _insert_word,
    _replace_by_word,
    _replace_digits,
    _cut,
    _delete,
    _repeat,
    _swap,
)


def unanswered(
    read: Mapping[str, Callable[[bytes], object]],
    seeds: Mapping[str, bytes],
    count: int,
    seed: int = 0,
) -> list[str]:
    """The cases, of `count`, that ended neither with an answer nor with a ToileError.

    A mebibyte of a file must not ask for a gibibyte of memory: that much more is all there is.
    """
    wrong = []
    for name, number, content in damaged(seeds, count, seed):
        draw = random.Random(f"json {seed}/{number}")
        other = other_json(seeds[name], draw) if draw.random() < 0.5 else None
        content = content if other is None else other
        try:
            with memory_for(1 << 30):
                read[name](content)
        except ToileError:
            continue
        except Exception as error:  # noqa: BLE001 - whatever else comes is what is looked for
            trace = traceback.extract_tb(error.__traceback__)[-1]
            wrong.append(
                f"{name}, case {number}: {error!r:.200} at {trace.filename}:{trace.lineno}"
            )
    return wrong


@contextmanager
def memory_for(num_bytes: int) -> Iterator[None]:
    """So much address space more than this process has by now; beyond it is a MemoryError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
