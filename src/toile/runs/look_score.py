"""What came of a look at a test part, as the ledger keeps it."""

import math
from dataclasses import dataclass
from typing import Any

from toile.evaluation import Estimate
from toile.runs.records import ScoreRecord
from toile.runs.run_results import estimate_of


@dataclass(frozen=True)
class LookScore:
    """Accuracy on the test part, a fraction with its 95 % interval and the number of images.

    Of a look by several networks it is the mean of theirs. `loss` is cross-entropy in nats; None
    of a study, or where it is not finite. `seen` is what must be said beside the score; empty where
    nothing must.
    """

    accuracy: Estimate
    loss: float | None = None
    seen: str = ""

    def __post_init__(self) -> None:
        if self.loss is not None and not math.isfinite(self.loss):
            object.__setattr__(self, "loss", None)

    def to_json(self) -> dict[str, Any]:
        """The score as a ledger's line has it, without what there is nothing to say of."""
        score: dict[str, Any] = {"accuracy": self.accuracy.to_json()}
        if self.loss is not None:
            score["loss"] = self.loss
        if self.seen:
            score["seen"] = self.seen
        return score


def look_score_in(record: Any) -> LookScore:
    """The score that `record` holds. Raises ValueError where it is none that can be shown."""
    try:
        ScoreRecord.model_validate(record)
    except ValueError:  # of pydantic's, or a text with half of a character
        raise ValueError("a look's score has no accuracy with its interval and n") from None
    loss = record.get("loss")
    return LookScore(
        accuracy=estimate_of(record["accuracy"]),
        loss=None if loss is None else float(loss),
        seen=record.get("seen", ""),
    )
