"""The recipe files that come with Toile, and finding a recipe's file by preset name or by path."""

from importlib.resources import files
from pathlib import Path

from toile.errors import ToileError, did_you_mean, did_you_mean_file
from toile.recipe.complaint import value_text

FOLDER = Path(str(files("toile.recipe"))) / "presets"


def preset_files() -> dict[str, Path]:
    """The file of every preset by its name, in the order they are best read."""
    paths = {path.stem: path for path in FOLDER.glob("*.yaml")}
    # False comes before true: quick, then the stages s0 to s4 by name.
    return dict(sorted(paths.items(), key=lambda item: (item[0].startswith("s"), item[0])))


def preset_file(name: str) -> Path:
    """The file of the preset `name`. Raises ToileError naming the nearest where there is none."""
    presets = preset_files()
    if name not in presets:
        raise ToileError(
            f"{value_text(name)} is no preset; presets: {', '.join(presets)}"
            f"{did_you_mean(name, presets)}"
        )
    return presets[name]


def recipe_file(name: str) -> Path:
    """The file of a preset's name or of a path. Raises ToileError where it is neither."""
    presets = preset_files()
    try:
        exists = Path(name).is_file()
    except OSError:  # the name is longer than a file's may be
        exists = False
    if name not in presets and not exists and 0 < len(name) < 256 and Path(name).is_dir():
        raise ToileError(f"{name} is a folder; name a recipe file in it, or a preset")
    if name not in presets and not exists:
        near = did_you_mean_file(name) or did_you_mean(name, presets)
        raise ToileError(
            f"{value_text(name)} is neither a recipe file nor a preset; presets: "
            f"{', '.join(sorted(presets))}{near}"
        )
    return presets.get(name, Path(name))
