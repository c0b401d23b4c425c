"""How long acts are told to the page."""

from dataclasses import asdict

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
    values = asdict(act)
    return ActState(**{name: values[name] for name in ActState.model_fields})
