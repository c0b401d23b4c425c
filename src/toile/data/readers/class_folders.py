"""Which picture is of which class and part, by the folders it lies in."""

from collections import defaultdict

from toile.data.dataset import Skipped
from toile.data.readers.class_order import order_classes
from toile.data.readers.parts import Parts, Progress
from toile.data.readers.picture import quiet_pillow
from toile.data.readers.picture_files import PictureFile, PictureFiles
from toile.errors import ToileError
from toile.recipe import Data

PART_NAMES = {"train": "train", "training": "train", "test": "test", "testing": "test"}
VALIDATION_NAMES = ("val", "valid", "validation", "dev")
Classes = dict[str, list[PictureFile]]


def read_pictures(where: str, files: list[PictureFile], data: Data, progress: Progress) -> Parts:
    """Decode `files`, laid out as part/class/file or class/file, into parts.

    Files that are no picture are listed and the rest loads. Sizes and colours have to agree.
    """
    skipped: list[Skipped] = []
    parts = _lay_out(where, files, skipped)
    order = order_classes(folder for classes in parts.values() for folder in classes)
    for folder in order:
        _refuse_no_text(folder, where)
    indices = {folder: index for index, folder in enumerate(order)}
    gathered = {
        part: [(indices[folder], file) for folder in order for file in classes.get(folder, ())]
        for part, classes in parts.items()
    }
    decoder = PictureFiles(where, data, progress, sum(map(len, gathered.values())), skipped)
    with quiet_pillow():
        images = {part: decoder.decode(labelled) for part, labelled in gathered.items()}
    class_names = tuple(order.values())
    return Parts(images["train"], images.get("test"), class_names, skipped=tuple(skipped))


def _refuse_no_text(folder: str, where: str) -> None:
    """Refuse a class whose name no recipe, page or export could hold."""
    try:
        folder.encode()
    except UnicodeEncodeError:
        raise ToileError(
            f"{where}: the name of the class folder {folder!r} is not UTF-8; rename it"
        ) from None


def _lay_out(where: str, files: list[PictureFile], skipped: list[Skipped]) -> dict[str, Classes]:
    """Part, class folder, files. Raises where a folder's role would have to be guessed."""
    paths = _without_wrapping({file: file.path.parts for file in files})
    # A part holds folders and a class holds files, so that a class may be called train.
    above = {parts[0] for parts in paths.values() if len(parts) > 2}
    roles = _roles(where, above)
    parts_found = ("train", "test") if roles else ("train",)
    laid_out: dict[str, Classes] = {part: defaultdict(list) for part in parts_found}
    depth = 3 if roles else 2
    for file, parts in paths.items():
        if len(parts) == depth:
            laid_out[roles[parts[0]] if roles else "train"][parts[-2]].append(file)
        else:
            skipped.append(Skipped(str(file.path), "lies outside the class folders"))
    return laid_out


def _roles(where: str, above: set[str]) -> dict[str, str]:
    """The part each of the folders above the class folders is; none if all are classes."""
    roles = {name: PART_NAMES[name.lower()] for name in above if name.lower() in PART_NAMES}
    found = set(roles.values())
    validation = [name for name in above if name.lower() in VALIDATION_NAMES]
    if found and validation:
        raise ToileError(
            f"{where}: has {'/, '.join(sorted(above))}/; train/ and test/ are read, and a "
            f"validation part is taken from train/; move {validation[0]}/ into train/ or away"
        )
    if found and (found != {"train", "test"} or len(roles) != 2 or len(above) != 2):
        raise ToileError(
            f"{where}: has {'/, '.join(sorted(above))}/; class folders lie in train/ and test/, "
            "or all beside each other"
        )
    return roles


def _without_wrapping(
    paths: dict[PictureFile, tuple[str, ...]],
) -> dict[PictureFile, tuple[str, ...]]:
    """Paths below the one folder that everything lies in, as in most archives."""
    while (
        len({parts[0] for parts in paths.values() if len(parts) > 1}) == 1
        and max(map(len, paths.values())) > 2
    ):
        paths = {file: parts[1:] or parts for file, parts in paths.items()}
    return paths
