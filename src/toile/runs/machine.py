"""Machine and versions, as a run remembers them."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from toile.distribution import VERSION as TOILE_VERSION
from toile.process import num_cores
from toile.recipe import Training


def environment(training: Training) -> dict[str, Any]:
    """What a run's bits depend on besides its recipe, and what a reader wants to know."""
    return {
        "python": platform.python_version(),
        "toile": TOILE_VERSION,
        **{name: version(name) for name in ("torch", "numpy")},
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": num_cores(),
        "device": training.device,
        "threads": training.threads,
        "precision": training.precision,
    }


def differences(recorded: dict[str, Any], current: dict[str, Any]) -> list[str]:
    """What bits depend on and is not as it was: `torch 2.12 then, 2.13 now`."""
    decisive = ("torch", "machine", "processor", "device", "threads", "precision")
    return [
        f"{key} {recorded.get(key)} then, {current.get(key)} now"
        for key in decisive
        if recorded.get(key) != current.get(key)
    ]


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()
