"""What lies in class folders as people bring them: odd files, copies, rare classes."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.field.drawing import class_folders, glyph, save

HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 500
KINDS = {
    ".JPG": "JPEG",
    ".JPEG": "JPEG",
    ".PNG": "PNG",
    ".jfif": "JPEG",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".tif": "TIFF",
    ".TIFF": "TIFF",
    "": "PNG",
}


def dir_junk(root: Path) -> None:
    """What file managers, notebooks and network drives leave."""
    class_folders(root, "ABC", 12)
    for folder in (root, root / "A"):
        (folder / ".DS_Store").write_bytes(b"\x00\x00\x00\x01Bud1")
    (root / "A" / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0" + b"\x00" * 600)
    (root / "B" / "desktop.ini").write_text("[.ShellClassInfo]\n")
    (root / "README.txt").write_text("hello")
    for folder in (root, root / "B"):
        save(folder / ".ipynb_checkpoints" / "0000-checkpoint.png", glyph("A"))
    save(root / "C" / "@eaDir" / "0000.png" / "SYNOPHOTO_THUMB_M.jpg", glyph("C"))


def dir_endings(root: Path) -> None:
    """Every ending that pictures have, and none."""
    rng = np.random.default_rng(0)
    for letter in "ABC":
        (root / letter).mkdir(parents=True)
        for number, (ending, kind) in enumerate(KINDS.items()):
            for copy in range(2):
                written = io.BytesIO()
                Image.fromarray(glyph(letter, rng)).save(written, kind)
                (root / letter / f"p{number}{copy}{ending}").write_bytes(written.getvalue())


def dir_all_tif(root: Path) -> None:
    class_folders(root, "ABC", 12, ending=".tif")


def dir_heic(root: Path) -> None:
    """Photographs of a telephone among others."""
    class_folders(root, "ABC", 12)
    (root / "A" / "IMG_0001.HEIC").write_bytes(HEIC)
    (root / "photo.HEIC").write_bytes(HEIC)


def dir_one_class_heic(root: Path) -> None:
    """One class of photographs of a telephone alone."""
    class_folders(root, "AB", 12)
    (root / "C").mkdir()
    for number in range(12):
        (root / "C" / f"IMG_{number:04d}.HEIC").write_bytes(HEIC)


def dir_modes(root: Path) -> None:
    """Every mode that a picture may be stored in, in each class."""
    rng = np.random.default_rng(0)
    opaque = Image.new("L", (28, 28), 255)
    for letter in "ABC":
        grey = [Image.fromarray(glyph(letter, rng)) for _ in range(9)]
        folder = root / letter
        save(folder / "grey.png", grey[0])
        save(folder / "rgb.png", grey[1].convert("RGB"))
        palette = grey[2].convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE)
        save(folder / "palette.png", palette)
        save(folder / "bilevel.png", grey[3].convert("1"))
        save(folder / "sixteen.png", np.asarray(grey[4]).astype(np.uint16) * 257)
        save(folder / "la.png", Image.merge("LA", [grey[5], opaque]))
        save(folder / "rgba.png", Image.merge("RGBA", [grey[6]] * 3 + [opaque]))
        save(folder / "cmyk.jpg", grey[7].convert("RGB").convert("CMYK"), quality=95)
        exif = Image.Exif()
        exif[0x0112] = 6
        save(folder / "turned.jpg", grey[8].rotate(90, expand=True), exif=exif, quality=95)


def dir_broken(root: Path) -> None:
    """One file cut short, one empty, one a web page."""
    class_folders(root, "ABC", 20)
    cut, empty, page = sorted(root.rglob("*.png"))[:3]
    cut.write_bytes(cut.read_bytes()[:120])
    empty.write_bytes(b"")
    page.write_bytes(b"<html>not found</html>")


def dir_gif(root: Path) -> None:
    class_folders(root, "ABC", 12, ending=".gif")
    frames = [Image.fromarray(glyph(letter)) for letter in "AB"]
    frames[0].save(root / "A" / "moving.gif", save_all=True, append_images=frames[1:])


def dir_sizes(root: Path) -> None:
    rng = np.random.default_rng(0)
    for letter in "ABC":
        for number in range(12):
            size = int(rng.integers(60, 180))
            save(root / letter / f"{number}.jpg", glyph(letter, rng, size))


def dir_big(root: Path) -> None:
    """A photograph of 48 megapixels among small ones."""
    class_folders(root, "ABC", 12, ending=".jpg", size=100)
    save(root / "A" / "phone.jpg", Image.new("L", (8064, 6048), 200), quality=30)


def dir_white_paper(root: Path) -> None:
    class_folders(root, "ABC", 20, ink=0, paper=255)


def dir_imbalanced(root: Path) -> None:
    """Nineteen of twenty pictures are of one class."""
    class_folders(root, "A", 190, 1, names=["ok"])
    class_folders(root, "B", 10, 2, names=["defect"])


def dir_single_sealed(root: Path) -> None:
    """A class of one picture, which by its hash would be for testing."""
    class_folders(root, "AB", 20, names=["5", "7"])
    save(root / "9" / "one.png", glyph("Z", np.random.default_rng(3)))


def dir_conflict(root: Path) -> None:
    """The same pictures in two classes."""
    class_folders(root, "ABC", 20)
    for file in sorted((root / "A").glob("*.png"))[:5]:
        shutil.copy(file, root / "B" / f"dup-{file.name}")


def dir_duplicates(root: Path) -> None:
    """Training pictures that are in the test part as well."""
    class_folders(root / "train", "ABC", 20, 1)
    class_folders(root / "test", "ABC", 6, 3)
    for file in sorted((root / "train" / "A").glob("*.png"))[:5]:
        shutil.copy(file, root / "test" / "A" / f"dup-{file.name}")


CASES: dict[str, Callable[[Path], None]] = {
    name: case for name, case in globals().items() if name.startswith("dir_")
}
