"""The formats of exports, by name and by a file's ending."""

from pathlib import Path

from toile.errors import ToileError, did_you_mean

SUFFIXES = {"safetensors": ".safetensors", "onnx": ".onnx", "keras": ".h5"}
TRACKERS = {
    "tensorboard": "tensorboard --logdir {folder}",
    "mlflow": "mlflow ui --backend-store-uri 'sqlite:///{written}'",
}
"""What shows a run's curves and settings, for which a folder is written, not a network.

Each with the command that shows what was written; the tracker has to be installed for it.
"""


def format_of(to: str | None, file: Path | None) -> str:
    """The format `to`, or the one of the ending of `file`.

    Raises ToileError if neither names a format, or if they name different ones.
    """
    if to in TRACKERS:
        raise ToileError(
            f"--to is {to}, which shows curves and is no file of a network; use toile.track_run"
        )
    known = (*SUFFIXES, *TRACKERS)
    if to is not None and to not in SUFFIXES:
        raise ToileError(f"--to is {to}; use one of {', '.join(known)}{did_you_mean(to, known)}")
    suffix = "" if file is None else file.suffix.lower()
    if suffix == ".keras":
        raise ToileError(
            f"{file} has the ending of the Keras 3 format, which tf_keras cannot read and which "
            f"changes between versions; name it {Path(str(file)).with_suffix('.h5')}"
        )
    by_suffix = {ending: name for name, ending in SUFFIXES.items()}.get(suffix)
    if to is None and by_suffix is None:
        problem = f"{file} ends with {suffix}, which is no format" if suffix else ""
        raise ToileError(
            f"{problem or 'the format is missing'}; add --to {'|'.join(known)} (in Python to=...), "
            f"or name a file that ends with {', '.join(SUFFIXES.values())}"
        )
    if to is not None and by_suffix not in (None, to):
        raise ToileError(
            f"--to is {to}, but {file} ends with {suffix}; a file of {to} ends with {SUFFIXES[to]}"
        )
    return str(to or by_suffix)
