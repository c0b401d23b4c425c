"""From folder names to class indices."""

import re
from collections.abc import Iterable

from toile.data.catalogue import KNOWN


def order_classes(folders: Iterable[str]) -> dict[str, str]:
    """Class name of each folder, in the order of the class indices.

    Whole numbers are sorted as such. The class names of a known dataset, however spelt
    (`t-shirt_top` for T-shirt/top), take that dataset's order and spelling. Others are
    alphabetical.
    """
    folders = sorted(set(folders))
    # As numbers, or 10 would come before 2; isdigit would let through a superscript that int
    # refuses.
    if all(folder.isdecimal() for folder in folders):
        return {folder: folder for folder in sorted(folders, key=int)}
    spelt = {_bare(folder): folder for folder in folders}
    for known in KNOWN.values():
        if len(spelt) == len(folders) and set(spelt) == set(map(_bare, known.class_names)):
            return {spelt[_bare(name)]: name for name in known.class_names}
    return {folder: folder for folder in folders}


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())
