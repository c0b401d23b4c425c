"""The role of each folder of pictures: a part, a class, or neither.

A folder named like a part (train, Test, seg_train, ...) is never a class. Unclear cases are refused
and not guessed: after training nobody would notice a lost class, or a folder that is no class.
"""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NoReturn

from toile.data.dataset import Skipped
from toile.data.readers.label_table import TableLabels, read_labels
from toile.data.readers.part_names import part_of
from toile.data.readers.parts import NO_COLUMN_NAMES
from toile.data.readers.picture_files import PictureFile
from toile.errors import ToileError

Classes = dict[str, list[PictureFile]]
Paths = dict[PictureFile, tuple[str, ...]]
SUFFIXES_READ = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif")
PICTURE_SUFFIXES = frozenset((*SUFFIXES_READ, ".tif", ".tiff", ".heic", ".heif", ".avif"))
# Folders of macOS, network drives and Windows; hidden folders are left out before.
JUNK = frozenset(("__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN"))
# Folder names in data sets for object detection.
NO_CLASSES = frozenset(("images", "labels", "annotations", "masks"))
PREFIX = re.compile(r"(?P<word>[^\W\d_]+)[^A-Za-z]*\d+")
MOST_PREFIXES = 20
FIRST_WORD = re.compile(r"[A-Za-z][a-z]*")


@dataclass
class Layout:
    """The files of each part by class; `left_out` has the reason for every other file."""

    parts: dict[str, Classes]
    left_out: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    by_table: bool = False
    """Whether a table has the classes of the pictures."""


@dataclass
class Folder:
    """The files below a folder by depth: directly in it, in its folders, and deeper."""

    name: str
    loose: list[PictureFile] = field(default_factory=list)
    classes: Classes = field(default_factory=lambda: defaultdict(list))
    deeper: Paths = field(default_factory=dict)

    @property
    def pictures(self) -> list[PictureFile]:
        """The files directly in it that are named like pictures."""
        return [file for file in self.loose if looks_like_a_picture(file)]


def looks_like_a_picture(file: PictureFile) -> bool:
    """Whether the suffix is that of a picture; nothing is opened."""
    return file.path.suffix.lower() in PICTURE_SUFFIXES


def lay_out(where: str, files: list[PictureFile], label_column: str = "auto") -> Layout:
    """Sort files into parts and classes. Raises ToileError if a folder's role is not clear.

    `label_column` is the column of a table with the classes of pictures that are in no class
    folder.
    """
    # A damaged archive may have an entry without a name.
    usable = (file for file in files if file.path.parts and not JUNK & set(file.path.parts))
    paths = {file: file.path.parts for file in usable}
    paths = without_wrapping(paths)
    tops: dict[str, Paths] = defaultdict(dict)
    loose: list[PictureFile] = []
    for file, parts in paths.items():
        if len(parts) == 1:
            loose.append(file)
        else:
            tops[parts[0]][file] = parts[1:]
    roles: dict[str, list[str]] = defaultdict(list)
    for name, below in tops.items():
        if any(map(looks_like_a_picture, below)) and (part := part_of(name)):
            roles[part].append(name)
    if roles:
        return _Parts(where, roles, tops, loose, label_column).lay_out()
    return _classes_alone(where, paths, loose, label_column)


def without_wrapping(paths: Paths) -> Paths:
    """Paths without the single top folder that most archives have."""
    while (
        len({parts[0] for parts in paths.values() if len(parts) > 1}) == 1
        and max(map(len, paths.values())) > 2
    ):
        paths = {file: parts[1:] or parts for file, parts in paths.items()}
    return paths


def _classes_alone(where: str, paths: Paths, loose: list[PictureFile], label_column: str) -> Layout:
    """A set without parts: class folders, or pictures with a table of labels."""
    folder = _folder("", paths)
    pictures = folder.pictures or _only_class(folder)
    if pictures:
        tables = _tables(loose)
        labels = read_labels(tables, pictures, label_column)
        if labels.by_file:
            left = [file for file in paths if file not in labels.by_file]
            classes = labels.classes_of(pictures)
            return Layout({"train": classes}, _outside(left), labels.notes, by_table=True)
        if not folder.classes:
            _refuse_loose(where, "", pictures, labels)
        if len(folder.classes) == 1 and tables:
            _refuse_loose(where, next(iter(folder.classes)), pictures, labels)
    labels = _labels_across(where, folder, _tables(loose), label_column)
    if labels.by_file:
        left = [file for file in paths if file not in labels.by_file]
        classes = labels.classes_of(list(paths))
        return Layout({"train": classes}, _outside(left), labels.notes, by_table=True)
    _refuse_deeper(where, folder)
    _refuse_no_classes(where, folder)
    _refuse_parts_in_names(where, folder)
    return Layout({"train": folder.classes}, _outside([*loose, *folder.deeper]), labels.notes)


def _labels_across(
    where: str, folder: Folder, tables: list[PictureFile], label_column: str
) -> TableLabels:
    """What tables say of pictures that lie in several folders, which may be parts of one heap.

    Classes only if `label_column` names their column, else a note at most. Raises ToileError if a
    table clearly has other classes than the folders.
    """
    heaps = {
        name: [file for file in files if looks_like_a_picture(file)]
        for name, files in folder.classes.items()
    }
    heaps = {name: files for name, files in heaps.items() if files}
    if len(heaps) < 2 or not tables:
        return TableLabels()
    pictures = [file for files in heaps.values() for file in files]
    labels = read_labels(tables, pictures, label_column)
    if labels.by_file and label_column in NO_COLUMN_NAMES:
        if _agree(heaps, labels.by_file):
            return TableLabels()
        classes = sorted(set(labels.by_file.values()))
        raise ToileError(
            f"{where}: {_list(sorted(heaps)[:4])} are folders as classes have them, and "
            f"{labels.tables[0].name} gives their pictures {len(classes)} other classes, "
            f"{_list(classes[:4], '')}. If these are right, name the table's column by "
            f"data.label_column, as in --set data.label_column={labels.tables[0].label}; if the "
            "folders are, take the table away"
        )
    unclear = [
        table
        for table in labels.tables
        if table.candidates
        and not any(_agree(heaps, by_file) for by_file in table.candidates.values())
    ]
    notes = [
        f"{table.name} names these pictures in its column {table.files}; the classes are the "
        "folders all the same, unless data.label_column names another column of it "
        f"({', '.join(table.candidates):.100})"
        for table in unclear
    ]
    return labels if labels.by_file else TableLabels(notes=notes)


def _agree(heaps: Classes, by_file: dict[PictureFile, str]) -> bool:
    """Whether all pictures of a folder have one label, and those of two folders two."""
    labels = [{by_file.get(file, "") for file in files} for files in heaps.values()]
    return all(len(classes) == 1 for classes in labels) and len(set.union(*labels)) == len(heaps)


def _only_class(folder: Folder) -> list[PictureFile]:
    """The pictures of the class folder, if there is only one."""
    if len(folder.classes) != 1 or folder.deeper:
        return []
    (files,) = folder.classes.values()
    return [file for file in files if looks_like_a_picture(file)]


@dataclass
class _Parts:
    """A set that has folders named like parts."""

    where: str
    roles: dict[str, list[str]]
    tops: dict[str, Paths]
    loose: list[PictureFile]
    label_column: str

    def lay_out(self) -> Layout:
        for part, names in self.roles.items():
            if len(names) > 1:
                raise ToileError(
                    f"{self.where}: {_list(names)} are all named like a {part} part, and a set has "
                    "one: move the others away, or name the folder to read"
                )
        folders = {
            part: _folder(names[0], without_wrapping(self.tops[names[0]]))
            for part, names in self.roles.items()
        }
        layout = Layout({}, _outside(self.loose))
        self._label_loose(folders, layout)
        for part, folder in folders.items():
            if not folder.classes:
                self._refuse_without_classes(folder)
            _refuse_deeper(self.where, folder)
            _refuse_no_classes(self.where, folder)
            layout.parts[part] = folder.classes
            layout.left_out += _outside([*folder.loose, *folder.deeper])
        self._add_siblings(layout)
        return layout

    def _label_loose(self, folders: dict[str, Folder], layout: Layout) -> None:
        """Give pictures without class folders the classes of tables; parts without any are left."""
        flat = {part: folder for part, folder in folders.items() if not folder.classes}
        pictures = [file for folder in flat.values() for file in folder.pictures]
        tables = _tables(
            [*self.loose, *(file for folder in folders.values() for file in folder.loose)]
        )
        labels = read_labels(tables, pictures, self.label_column)
        layout.by_table = bool(labels.by_file)
        if "train" in flat and not labels.by_file:
            _refuse_loose(self.where, flat["train"].name, flat["train"].pictures, labels)
        layout.notes += labels.notes
        for part, folder in flat.items():
            folder.classes = labels.classes_of(folder.pictures)
            if folder.classes:
                folder.loose = [file for file in folder.loose if file not in labels.by_file]
            elif "train" in flat:
                del folders[part]
                layout.left_out += _outside(folder.loose, "has no class in any table")
                layout.notes.append(
                    f"{folder.name}/ is left out: no table has the classes of its "
                    f"{len(folder.pictures)} pictures"
                )

    def _refuse_without_classes(self, folder: Folder) -> NoReturn:
        message = (
            f"{self.where}: {folder.name}/ holds {len(folder.pictures)} pictures and no class "
        )
        if "train" in self.roles:
            (train,) = self.roles["train"]
            file, below = next(iter(self.tops[train].items()))
            above = "/".join(file.path.parts[: -len(below)])
            is_folder = os.path.isdir(self.where)
            step = f"name {train}/ to read it alone, as {self.where}/{above}"
            raise ToileError(
                f"{message}folders, so they cannot be {part_of(folder.name)} images; "
                + (step if is_folder else f"unpack it and name {above}/ to read that alone")
                + "; a test part is then sealed from it"
            )
        raise ToileError(
            f"{message}folders, and its name is that of a part, not of a class; move it away, or "
            "rename it if it is a class"
        )

    def _add_siblings(self, layout: Layout) -> None:
        """Use folders next to the parts as training classes if there is no training part."""
        named = {name for names in self.roles.values() for name in names}
        siblings = {name: _folder(name, below) for name, below in self.tops.items()}
        siblings = {name: folder for name, folder in siblings.items() if name not in named}
        known = {name for classes in layout.parts.values() for name in classes}
        if "train" not in layout.parts:
            picture_folders = {
                name: folder.pictures for name, folder in siblings.items() if folder.pictures
            }
            if not picture_folders or not known <= picture_folders.keys():
                raise ToileError(
                    f"{self.where}: has {_list(sorted(named))} and no folder of training images; "
                    "put class folders into train/ next to it"
                )
            layout.parts = {
                "train": {name: siblings.pop(name).loose for name in picture_folders}
            } | layout.parts
        for name, folder in siblings.items():
            if known & folder.classes.keys() or len(folder.classes) > 1:
                raise ToileError(
                    f"{self.where}: has {_list(sorted(self.tops))}; class folders are in train/, "
                    f"validation/ and test/, or all next to each other; move {name}/ into one of "
                    "them or away"
                )
            layout.left_out += _outside(self.tops[name], "lies outside the parts")


def _folder(name: str, below: Paths) -> Folder:
    folder = Folder(name)
    for file, parts in below.items():
        if len(parts) == 1:
            folder.loose.append(file)
        elif len(parts) == 2:
            folder.classes[parts[0]].append(file)
        else:
            folder.deeper[file] = parts
    return folder


def _refuse_loose(
    where: str, name: str, pictures: list[PictureFile], labels: TableLabels
) -> NoReturn:
    """Raise ToileError for pictures whose classes are not known."""
    location = f"{name}/" if name else "it"
    words = [match["word"] for file in pictures if (match := PREFIX.match(file.path.name))]
    prefixes = [word for word, count in Counter(words).most_common(MOST_PREFIXES + 1) if count > 1]
    hint = ""
    if labels.reason:
        hint = f"; {labels.reason}"
    elif 1 < len(prefixes) <= MOST_PREFIXES and len(words) == len(pictures):
        hint = f"; their names begin with {_list(sorted(prefixes), '')}, which would be the classes"
    raise ToileError(
        f"{where}: {location} holds {len(pictures)} pictures and no class folders{hint}; put them "
        f"into a folder for each class, such as {location if name else ''}"
        f"{sorted(prefixes)[0] if prefixes else 'shoe'}/{pictures[0].path.name}"
        + ("" if name else ", or name the folder above it if it is one class")
    )


def _refuse_deeper(where: str, folder: Folder) -> None:
    """Raise ToileError for pictures in folders inside a class folder: they would be lost."""
    paths = Counter(
        parts[:-1] for file, parts in folder.deeper.items() if looks_like_a_picture(file)
    )
    if paths:
        below, number = paths.most_common(1)[0]
        inside = "/".join([folder.name, *below] if folder.name else below)
        raise ToileError(
            f"{where}: {inside}/ holds {number} pictures inside the folder {below[0]}/, which is a "
            "class by its position; pictures are directly in their class folder: move them up into "
            f"{below[0]}/, or name the folder whose folders are the classes"
        )


def _refuse_no_classes(where: str, folder: Folder) -> None:
    names = {name.lower() for name in folder.classes}
    if names and names <= NO_CLASSES:
        raise ToileError(
            f"{where}: {_list(sorted(folder.classes))} are no classes; a set for a classifier has "
            "a folder for each class, and boxes or masks of objects are not read"
        )


def _refuse_parts_in_names(where: str, folder: Folder) -> None:
    """Raise ToileError for names such as trainA and testA, a part and a class in one."""
    by_part: dict[str, list[str]] = defaultdict(list)
    for name in sorted(folder.classes):
        word = FIRST_WORD.match(name)
        if word and (part := part_of(word[0])):
            by_part[part].append(name)
    if "train" in by_part and len(by_part) > 1:
        first, second = (names[0] for names in list(by_part.values())[:2])
        raise ToileError(
            f"{where}: {_list((first, second))} have a part and a class in one name, and would be "
            "two classes; put each part into a folder of its own, such as train/cat and test/cat"
        )


def _tables(files: Iterable[PictureFile]) -> list[PictureFile]:
    return [file for file in files if file.path.suffix.lower() in (".csv", ".tsv")]


def _outside(
    files: Iterable[PictureFile], reason: str = "lies outside the class folders"
) -> list[Skipped]:
    return [Skipped(str(file.path), reason) for file in files]


def _list(names: Iterable[str], after: str = "/") -> str:
    *first, last = [f"{name}{after}" for name in names]
    return f"{', '.join(first)} and {last}" if first else last
