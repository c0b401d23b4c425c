"""Folders of pictures as people lay them out; each case writes one."""

import os
from collections.abc import Callable
from pathlib import Path

from tests.field.drawing import DIGITS, UPPER, class_folders, glyph, glyphs, save

PETS = ["cats", "dogs"]
LAND = ["buildings", "forest", "sea"]


def loose(folder: Path, letters: str, each: int, seed: int, first: int = 0, ending: str = ".png"):
    """Numbered pictures right in `folder`; what letter each shows."""
    drawn, labels = glyphs(letters, each, seed)
    for number, pixels in enumerate(drawn, start=first):
        save(folder / f"{number}{ending}", pixels)
    return labels


def table(file: Path, head: str, rows: list[str]) -> None:
    """A CSV file of plain rows."""
    file.write_text("\n".join([head, *rows]) + "\n")


def dir_plain(root: Path) -> None:
    class_folders(root, "ABC", 20)


def dir_parts(root: Path) -> None:
    """As ImageNet lies."""
    for seed, (part, each) in enumerate((("train", 20), ("val", 5), ("test", 6)), start=1):
        class_folders(root / part, "ABC", each, seed)


def dir_train_val(root: Path) -> None:
    class_folders(root / "train", "ABC", 20, 1)
    class_folders(root / "val", "ABC", 5, 2)


def dir_train_test(root: Path) -> None:
    class_folders(root / "train", "ABC", 20, 1)
    class_folders(root / "test", "ABC", 6, 3)


def dir_training_test(root: Path) -> None:
    """As Fruits-360 lies: blanks in class names."""
    names = ["Apple Golden 1", "Pear 2", "Tomato not Ripen"]
    class_folders(root / "fruits-360" / "Training", "ABC", 20, 1, ".jpg", names)
    class_folders(root / "fruits-360" / "Test", "ABC", 6, 3, ".jpg", names)


def dir_training_set(root: Path) -> None:
    """A course's cats and dogs, and pictures to ask about beside them."""
    class_folders(root / "training_set", "AB", 20, 1, ".jpg", PETS)
    class_folders(root / "test_set", "AB", 6, 3, ".jpg", PETS)
    save(root / "single_prediction" / "cat_or_dog_1.jpg", glyph("A"))


def dir_intel(root: Path) -> None:
    """Each part in a folder of its own name, and one without classes."""
    class_folders(root / "seg_train" / "seg_train", "ABC", 20, 1, ".jpg", LAND)
    class_folders(root / "seg_test" / "seg_test", "ABC", 6, 3, ".jpg", LAND)
    for number in range(5):
        save(root / "seg_pred" / "seg_pred" / f"{number}.jpg", glyph("A"))


def dir_parts_loose(root: Path) -> None:
    """Parts of class folders, and two folders of loose pictures."""
    class_folders(root / "training_set", "AB", 20, 1, ".jpg", PETS)
    class_folders(root / "test_set", "AB", 6, 3, ".jpg", PETS)
    loose(root / "single_prediction", "AB", 5, 5, ending=".jpg")
    loose(root / "screenshots", "AB", 5, 6, ending=".jpg")


def dir_val_beside(root: Path) -> None:
    """A part beside the classes that it is a part of."""
    class_folders(root, "AB", 20, names=PETS)
    class_folders(root / "val", "AB", 5, 2, names=PETS)


def dir_flat_parts(root: Path) -> None:
    """Loose pictures in train and test; what each is stands in train.csv."""
    labels = loose(root / "train", DIGITS, 10, 1, first=1)
    loose(root / "test", DIGITS, 4, 2, first=1001)
    rows = [f"{number},{label}" for number, label in enumerate(labels, start=1)]
    table(root / "train.csv", "id,label", rows)
    table(root / "test.csv", "id", [f"{number}" for number in range(1001, 1041)])


def dir_csv_labels(root: Path) -> None:
    """One folder of loose pictures, and a table of what each is."""
    labels = loose(root / "images", "ABC", 12, 1)
    rows = [f"{number}.png,{'ABC'[label]}" for number, label in enumerate(labels)]
    table(root / "labels.csv", "filename,label", rows)


def dir_flat_files(root: Path) -> None:
    """Pictures right in the folder, and a table of what each is."""
    labels = loose(root, "ABC", 12, 1)
    rows = [f"{number}.png,{'ABC'[label]}" for number, label in enumerate(labels)]
    table(root / "labels.csv", "filename,label", rows)


def dir_dogs_cats(root: Path) -> None:
    """What each picture is stands in its file's name."""
    drawn, labels = glyphs("AB", 20, 1)
    for number, (pixels, label) in enumerate(zip(drawn, labels, strict=True)):
        save(root / "train" / f"{['cat', 'dog'][label]}.{number}.jpg", pixels)
    loose(root / "test1", "AB", 6, 2, first=1, ending=".jpg")


def dir_prefix_names(root: Path) -> None:
    """The same, right in the folder."""
    drawn, labels = glyphs("AB", 12, 1)
    for number, (pixels, label) in enumerate(zip(drawn, labels, strict=True)):
        save(root / f"{['cat', 'dog'][label]}_{number}.png", pixels)


def dir_gtsrb(root: Path) -> None:
    """Traffic signs: classes to learn, loose pictures to test on, and tables that name both."""
    class_folders(root / "Train", "ABC", 20, 1, names=["0", "1", "2"])
    for number, pixels in enumerate(glyphs("ABC", 4, 2)[0]):
        save(root / "Test" / f"{number:05d}.png", pixels)
    for number, letter in enumerate("ABC"):
        save(root / "Meta" / f"{number}.png", glyph(letter))
    head = "Width,Height,ClassId,Path"
    table(root / "Train.csv", head, ["28,28,0,Train/0/0.png"])
    table(root / "Test.csv", head, ["28,28,0,Test/00000.png"])


def dir_roboflow(root: Path) -> None:
    """What each picture is stands in a text file beside it."""
    for seed, part in enumerate(("train", "valid", "test"), start=1):
        labels = loose(root / part / "images", "ABC", 6, seed, ending=".jpg")
        (root / part / "labels").mkdir()
        for number, label in enumerate(labels):
            (root / part / "labels" / f"{number}.txt").write_text(f"{label} .5 .5 .8 .8\n")
    (root / "data.yaml").write_text("nc: 3\n")


def dir_deeper(root: Path) -> None:
    """Folders below the class folders, in every class."""
    for seed, side in enumerate(("left", "right"), start=1):
        class_folders(root / "shoes" / side, "A", 10, seed, names=["."])
        class_folders(root / "bags" / side, "B", 10, seed, names=["."])


def dir_half_deeper(root: Path) -> None:
    """One class lies flat, the other in subfolders."""
    class_folders(root, "B", 20, names=["bags"])
    for seed, side in enumerate(("left", "right"), start=1):
        class_folders(root / "shoes", "A", 10, seed, names=[side])


def dir_some_deeper(root: Path) -> None:
    """Most of one class lies in a subfolder."""
    class_folders(root, "AB", 20, names=["bags", "shoes"])
    loose(root / "shoes" / "new", "B", 30, 5)


def dir_nested(root: Path) -> None:
    """Folders around the classes, a text beside, and what macOS adds."""
    class_folders(root / "animals" / "animals", "ABC", 12)
    (root / "name of the animals.txt").write_text("a\nb\nc\n")
    other = root / "__MACOSX" / "animals" / "animals" / "A" / "._0000.png"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"\x00\x05\x16\x07")


def dir_case(root: Path) -> None:
    class_folders(root / "train", "AB", 20, 1, names=["Cat", "Dog"])
    class_folders(root / "test", "AB", 6, 3, names=["cat", "dog"])


def dir_typo(root: Path) -> None:
    names = ["apple", "pear", "tomato not ripe"]
    class_folders(root / "train", "ABC", 20, 1, names=names)
    class_folders(root / "test", "ABC", 6, 3, names=[*names[:2], "tomato not ripen"])


def dir_missing_in_test(root: Path) -> None:
    class_folders(root / "train", "ABC", 20, 1)
    class_folders(root / "test", "AC", 6, 3)


def dir_empty_class(root: Path) -> None:
    dir_train_test(root)
    (root / "train" / "D").mkdir()
    (root / "test" / "D").mkdir()


def dir_numbers(root: Path) -> None:
    class_folders(root, DIGITS + "AB", 8, names=[str(number) for number in range(1, 13)])


def dir_unicode(root: Path) -> None:
    names = ["хлеб", "Äpfel & Öl", "短裤 <b>"]
    class_folders(root / "Größe und 形", "ABC", 12, names=names)


def dir_bytes(root: Path) -> None:
    """A class folder whose name is Latin-1, as old archives have them."""
    class_folders(root, "ABC", 12)
    os.rename(root / "C", os.fsencode(root) + b"/caf\xe9")


def dir_space(root: Path) -> None:
    class_folders(root / "my pictures (1)", "ABC", 12)


def dir_symlinks(root: Path) -> None:
    """The links' folder is the one that is named."""
    class_folders(root / "real", "ABC", 12)
    (root / "set").mkdir()
    for letter in "ABC":
        (root / "set" / letter).symlink_to(root / "real" / letter)


def dir_one_class(root: Path) -> None:
    class_folders(root, "A", 20)


def dir_many(root: Path) -> None:
    pairs = [first + second for first in UPPER[:12] for second in "abcdefghij"]
    names = [f"class {pair} {number}" for number, pair in enumerate(pairs)]
    class_folders(root, pairs, 3, size=16, scale=0.5, names=names)


CASES: dict[str, Callable[[Path], None]] = {
    name: case for name, case in globals().items() if name.startswith("dir_")
}
