"""How long acts are told to the page."""

from pydantic import BaseModel

from toile.app.long_acts import LongAct


class ActState(BaseModel):
    """How something stands that takes a while; `reason` says why where it failed."""

    title: str
    status: str
    done: int
    total: int | None
    unit: str
    reason: str
    started: float


def state_of(act: LongAct) -> ActState:
    """How an act stands, without what came of it."""
    return ActState(**{name: getattr(act, name) for name in ActState.model_fields})
