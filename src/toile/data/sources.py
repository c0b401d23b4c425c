"""Finding a dataset known by name on this machine, and getting it where it is not."""

from dataclasses import dataclass
from pathlib import Path

from toile.data.catalogue import IDX_FILES, KNOWN, Known
from toile.data.debian import unpack_debian_package
from toile.data.fetch import fetch_from, holds
from toile.data.locations import DEBIAN_FOLDER, SAMPLE_FOLDER, cache_folder, user_folders
from toile.data.readers.parts import Progress
from toile.data.synthetic_digits import make_synthetic_digits
from toile.errors import ToileError


@dataclass(frozen=True)
class Source:
    """A dataset known by name; `path` is None where it has still to be obtained."""

    name: str
    path: Path | None
    shape: tuple[int, int, int]
    num_classes: int
    num_images: tuple[int, int]
    """Training and test images."""
    download_bytes: int
    licence: str
    obtained: str
    """How it is come by, in a few words."""


def list_sources() -> list[Source]:
    """Every dataset known by name, and where it lies here; nothing is fetched.

    >>> [source.name for source in toile.list_sources()]
    ['fashion-mnist', 'mnist', 'synthetic-digits', 'fashion-sample']
    """
    return [
        Source(
            name=known.name,
            path=find_known(known),
            shape=known.shape,
            num_classes=len(known.class_names),
            num_images=known.num_images,
            download_bytes=known.download_bytes,
            licence=known.licence,
            obtained=_obtained(known),
        )
        for known in KNOWN.values()
    ]


def find_known(known: Known) -> Path | None:
    """The first folder on this machine that holds `known`."""
    return next((folder for folder in _folders(known) if holds(folder, known)), None)


def obtain_known(known: Known, progress: Progress) -> Path:
    """The folder that holds `known`, fetched into the user's cache if need be.

    ToileError lists every place that was tried, and why it failed.
    """
    if existing := find_known(known):
        return existing
    target = cache_folder() / "fetched" / known.name
    if known.is_synthetic:
        make_synthetic_digits(known, target, progress)
        return target
    tried = [f"{folder}: {IDX_FILES[0]} and the rest are not there" for folder in _folders(known)]
    for mirror in known.mirrors:
        reason = fetch_from(mirror, known, target, progress)
        if reason is None:
            return target
        tried.append(f"{mirror}: {reason}")
    if known.debian_package:
        reason = unpack_debian_package(known, target)
        if reason is None:
            return target
        tried.append(f"apt-get download {known.debian_package}: {reason}")
    package = f"apt-get install {known.debian_package}, or " if known.debian_package else ""
    raise ToileError(
        f"data.name is {known.name}, which is not here and could not be fetched:\n  "
        + "\n  ".join(tried)
        + f"\nnext: {package}set TOILE_DATA to a folder with its four files, or use "
        "--data fashion-sample, which needs no network"
    )


def _folders(known: Known) -> list[Path]:
    if known.name == "fashion-sample":
        return [SAMPLE_FOLDER]
    debian = [DEBIAN_FOLDER / known.name] if known.debian_package else []
    return [*user_folders(known.name), cache_folder() / "fetched" / known.name, *debian]


def _obtained(known: Known) -> str:
    if known.is_synthetic:
        return "made here, from a seed"
    if not known.mirrors:
        return "inside the package"
    package = f", or from Debian's {known.debian_package}" if known.debian_package else ""
    return f"fetched from {len(known.mirrors)} mirrors{package}"
