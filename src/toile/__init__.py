"""Toile: a local workbench for image classifiers.

    import toile

    run = toile.train("quick")
    print(run.score.value, run.score.low, run.score.high)

The names stand in `__init__.pyi`. Each is looked up when first used, so that `import toile` is
quick and leaves torch alone.
"""

from importlib import import_module
from typing import Any

from lazy_loader import attach_stub

from toile.distribution import VERSION
from toile.notebook import show_in_notebooks

__version__ = VERSION

_look_up, __dir__, __all__ = attach_stub(__name__, __file__)
__all__ += ["__version__"]
show_in_notebooks()


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"toile has no {name}")
    if name != "ToileError":
        import_module("toile.posix").refuse_windows()
    return _look_up(name)
