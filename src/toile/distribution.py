"""The name and version of Toile where packages are installed, and what it can do without.

The package index has another project under the name `toile`: never send anyone there.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from toile.errors import ToileError

VERSION = "0.1.0"
NAME = "toile-workbench"
"""The distribution's name; the import and the command are `toile`."""

EXTRAS = {
    "export": ("h5py", "onnx", "onnxruntime", "onnxscript"),
    "report": ("typst",),
    "search": ("optuna",),
    "cluster": ("ray",),
    "inspect": ("captum",),
    "map": ("openTSNE",),
    "sklearn": ("sklearn",),
    "parquet": ("pyarrow",),
    "tensorboard": ("tensorboard",),
    "mlflow": ("mlflow", "sqlalchemy", "alembic"),
}
"""What each extra brings, as it is imported; `serve` is another name of `export`."""


@contextmanager
def extra_packages(extra: str, needed_by: str = "this") -> Iterator[None]:
    """Imports inside the block; a package of `extra` that is missing becomes a ToileError.

    The error has the line to type. It is for a clone, as long as there is no release: NAME itself
    is nobody's in the index yet.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS[extra]:
            raise
        raise ToileError(
            f"{error.name} is not installed, which {needed_by} needs: in the clone of Toile type "
            f"pip install -c constraints.txt -e '.[{extra}]'"
        ) from None
