"""Parts and classes by data rules 1 and 2: only train and test, or classes.

Resumed runs of these rules read their images by this code, so it must not change.
"""

from collections import defaultdict

from toile.data.dataset import Skipped
from toile.data.readers.layout import Classes, Layout, without_wrapping
from toile.data.readers.picture_files import PictureFile
from toile.errors import ToileError

PART_NAMES = {"train": "train", "training": "train", "test": "test", "testing": "test"}


def lay_out_by_older_rules(where: str, files: list[PictureFile]) -> Layout:
    """Sort files into parts and classes. Raises ToileError if parts are not train and test."""
    paths = without_wrapping({file: file.path.parts for file in files})
    # A part holds folders and a class holds files, so that a class may be called train.
    above = {parts[0] for parts in paths.values() if len(parts) > 2}
    roles = {name: PART_NAMES[name.lower()] for name in above if name.lower() in PART_NAMES}
    if roles and (set(roles.values()) != {"train", "test"} or len(roles) != 2 or len(above) != 2):
        raise ToileError(
            f"{where}: has {'/, '.join(sorted(above))}/; by data.rule 1 and 2 class folders are in "
            "train/ and test/, or all next to each other; set data.rule=3"
        )
    parts_found = ("train", "test") if roles else ("train",)
    layout = Layout({part: defaultdict(list) for part in parts_found})
    depth = 3 if roles else 2
    for file, parts in paths.items():
        if len(parts) == depth:
            classes: Classes = layout.parts[roles[parts[0]] if roles else "train"]
            classes[parts[-2]].append(file)
        else:
            layout.left_out.append(Skipped(str(file.path), "lies outside the class folders"))
    return layout
