"""The progress of long acts, as the page gets it."""

from pydantic import BaseModel

from toile.app.long_acts import LongAct


class ActState(BaseModel):
    """The progress of a long act; `reason` says why it failed."""

    title: str
    status: str
    done: int
    total: int | None
    unit: str
    reason: str
    started: float


def state_of(act: LongAct) -> ActState:
    """The progress of an act, without its result."""
    return ActState(**{name: getattr(act, name) for name in ActState.model_fields})
