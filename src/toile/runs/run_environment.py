"""`environment.json` as values with names: the machine and the versions of a run."""

from dataclasses import dataclass, field
from typing import Any

from toile.runs.records import Record


@dataclass(frozen=True)
class RunEnvironment:
    """Where a run was begun: what its bits depend on besides its recipe.

    `toile`, `python`, `torch` and `numpy` are versions; `system` is the operating system with its
    release, `machine` the kind of processor, as `x86_64`, empty in older runs, and `processor` its
    name. `cores` counts those that the process could use, None where that was not known; `device`
    is where it computed, `threads` how many threads of torch's, `precision` float32 or bfloat16.

        >>> run.environment.device, run.environment.threads
        ('cpu', 1)
    """

    toile: str
    python: str
    torch: str
    numpy: str
    system: str
    machine: str
    processor: str
    cores: int | None
    device: str
    threads: int
    precision: str
    record: Record = field(repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """`environment.json` as it stands."""
        return self.record


def environment_in(record: Record) -> RunEnvironment:
    """The environment that `record` holds, which was checked when it was read."""
    names = (name for name in RunEnvironment.__dataclass_fields__ if name != "record")
    return RunEnvironment(**{name: record.get(name, "") for name in names}, record=record)
