"""Tar archives, read without unpacking: shards of the webdataset library, or class folders.

In a shard the files of a sample have one key, their name up to the first dot: `000017.jpg` and
`000017.cls`, which holds the number or name of its class. The names of shards (train-, val-, test-)
say their part. Source: webdataset's description of its format.
"""

import tarfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from toile.data.readers.archive import PICTURE_ENDINGS, is_hidden
from toile.data.readers.class_folders import read_pictures
from toile.data.readers.label_values import note_mixed
from toile.data.readers.part_names import part_in_words
from toile.data.readers.parts import MAX_IMAGES, Parts, Progress
from toile.data.readers.picture_files import PictureFile, Span
from toile.data.source_key import decoded_key
from toile.errors import ToileError
from toile.recipe import Data

SUFFIX = ".tar"
PACKED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
CLASS_ENDING = ".cls"
MAX_CLASS_BYTES = 200


class CheckedInfo(tarfile.TarInfo):
    """A header that refuses a negative size, which makes Python 3.11's tarfile loop without end.

    CVE-2025-8194.
    """

    def _block(self, count: int) -> int:
        if count < 0:
            raise tarfile.ReadError("a file of negative size")
        return int(super()._block(count))  # type: ignore[misc]


@dataclass(frozen=True)
class Member:
    """A file in the tar `file`: `num_bytes` from `offset` on. `part` is the shard's or None."""

    file: Path
    path: PurePosixPath
    offset: int
    num_bytes: int
    part: str | None

    @property
    def shard(self) -> str:
        """The name of its shard, without the suffix."""
        return self.file.name[: -len(SUFFIX)]

    def content(self, most: int) -> bytes:
        """At most `most` bytes of it; fewer if the archive was cut short."""
        with self.file.open("rb") as stream:
            stream.seek(self.offset)
            return stream.read(min(self.num_bytes, most))

    @property
    def key(self) -> tuple[str, str]:
        """Its sample: the shard, and the path up to the first dot of the file's name."""
        return self.shard, str(self.path.with_name(self.path.name.split(".")[0] or "."))

    @property
    def ending(self) -> str:
        """The part of its name from the first dot on, in lower case."""
        return "." + self.path.name.partition(".")[2].lower()


def find_tar(path: Path) -> list[Path]:
    """The tar itself, or the tars of a folder; empty if there are none."""
    if path.is_file():
        if path.name.lower().endswith(PACKED):
            raise ToileError(
                f"{path}: is a compressed tar, which has to be unpacked to find its files; unpack "
                f"it, as with tar -xf {path.name}, and name the folder"
            )
        return [path] if path.suffix.lower() == SUFFIX else []
    return sorted(file for file in path.iterdir() if file.suffix.lower() == SUFFIX)


def read_tar(path: Path, files: list[Path], data: Data, progress: Progress) -> Parts:
    """Read the files of `find_tar`."""
    members = [member for file in files for member in _members(file)]
    key = partial(decoded_key, path, files, data)
    has_classes = any(member.ending.endswith(CLASS_ENDING) for member in members)
    if not has_classes:
        _refuse_labels_of_another_kind(members, path)
        return read_pictures(str(path), _of_folders(members), data, progress, key)
    classes = {
        member.key: _class_of(member, path)
        for member in members
        if member.ending.endswith(CLASS_ENDING)
    }
    pictures = _of_samples(members, classes, path)
    parts = read_pictures(str(path), pictures, data, progress, key)
    notes = (*parts.notes, *_shards_note(members), *_mixed_note(classes, path))
    return replace(parts, notes=notes)


def _refuse_labels_of_another_kind(members: list[Member], path: Path) -> None:
    """Raise ToileError for samples that have another file than a class for each picture."""
    keys = {member.key for member in members if member.ending.endswith(PICTURE_ENDINGS)}
    counts = Counter(
        member.ending
        for member in members
        if member.key in keys and not member.ending.endswith(PICTURE_ENDINGS)
    )
    folders = {member.path.parent for member in members}
    endings = sorted(ending for ending, number in counts.items() if number == len(keys))
    if len(folders) == 1 and endings:
        raise ToileError(
            f"{path}: its samples have a {endings[0]} for each picture and no {CLASS_ENDING}, "
            "which holds the number or name of the class; write shards with one, as webdataset's "
            'writer does for {"__key__": key, "png": picture, "cls": number}'
        )


def _members(file: Path) -> Iterator[Member]:
    """The regular files of a tar, without hidden ones."""
    part = part_in_words(file.name[: -len(SUFFIX)], str(file))
    try:
        with tarfile.open(file, "r:", tarinfo=CheckedInfo) as archive:
            for count, info in enumerate(archive):
                if count > MAX_IMAGES:
                    raise ToileError(f"{file}: holds more than {MAX_IMAGES} files")
                path = PurePosixPath(info.name.removeprefix("./"))
                is_plain = info.isreg() and not info.issparse()
                if path.parts and is_plain and not is_hidden(str(path)):
                    yield Member(file, path, info.offset_data, info.size, part)
    except (tarfile.TarError, ValueError, OSError, EOFError, RecursionError) as damage:
        raise ToileError(
            f"{file}: is no tar archive or a damaged one ({damage}); fetch it again"
        ) from None


def _of_samples(
    members: list[Member], classes: dict[tuple[str, str], str], path: Path
) -> list[PictureFile]:
    """The pictures of samples, with paths as if each was in the folder of its class."""
    pictures = [member for member in members if member.ending.endswith(PICTURE_ENDINGS)]
    keys = [member.key for member in pictures]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ToileError(
            f"{path}: sample {twice[1]} of {twice[0]}.tar has several pictures; write shards with "
            "one picture a sample"
        )
    unlabelled = next((key for key in keys if key not in classes), None)
    if unlabelled is not None:
        raise ToileError(
            f"{path}: sample {unlabelled[1]} of {unlabelled[0]}.tar has no class; every picture "
            "has a file of its key that ends in .cls"
        )
    named = next((member for member in pictures if member.part is not None), None)
    unnamed = next((member for member in pictures if member.part is None), None)
    if named is not None and unnamed is not None:
        raise ToileError(
            f"{path}: {named.file.name} has a part in its name and {unnamed.file.name} has none; "
            "name every shard by its part (train, validation or test), or none"
        )
    return [
        _picture(
            member,
            PurePosixPath(*filter(None, [member.part]), classes[member.key])
            / f"{member.shard}-{'-'.join(member.path.parts)}",
        )
        for member in pictures
    ]


def _mixed_note(classes: dict[tuple[str, str], str], path: Path) -> list[str]:
    """A note where some shards have numbers for classes and others names."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for (shard, _), name in classes.items():
        names[shard].add(name)
    labels = [(f"{shard}{SUFFIX}", np.array(sorted(of_shard))) for shard, of_shard in names.items()]
    return note_mixed(labels, str(path))


def _shards_note(members: list[Member]) -> list[str]:
    """A note on the part of each shard."""
    shards: dict[str, set[str]] = {}
    for member in members:
        if member.part is not None:
            shards.setdefault(member.part, set()).add(member.shard)
    words = [f"{part} of {_excerpt(sorted(names))}" for part, names in sorted(shards.items())]
    return [f"shards by their names: {', '.join(words)}"] * bool(words)


def _excerpt(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)}, {names[0]} to {names[-1]}"


def _class_of(member: Member, path: Path) -> str:
    content = member.content(MAX_CLASS_BYTES) if member.num_bytes <= MAX_CLASS_BYTES else b""
    try:
        name = content.decode().strip()
    except UnicodeDecodeError:
        name = ""
    if not name or "/" in name or not name.isprintable() or name.startswith("."):
        raise ToileError(
            f"{path}: {member.path} of {member.shard}.tar holds {content[:40]!r}; it is the number "
            f"or name of a class, of up to {MAX_CLASS_BYTES} bytes and without a slash"
        )
    return name


def _of_folders(members: list[Member]) -> list[PictureFile]:
    """The files with their paths, below the shard's name if there are several shards."""
    several = len({member.shard for member in members}) > 1
    return [
        _picture(member, PurePosixPath(member.shard) / member.path if several else member.path)
        for member in members
    ]


def _picture(member: Member, path: PurePosixPath) -> PictureFile:
    return PictureFile.at(path, Span(str(member.file), member.offset, member.num_bytes))
