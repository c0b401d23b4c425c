"""A run's status and score so far, and what that score is of."""

from dataclasses import dataclass

from toile.evaluation import Estimate, accuracy, cross_entropy
from toile.runs import Run, RunResults, commonest_words, read_state, scored_loss, seen_words

INTERVAL = ", with Wilson's 95 % interval."
NOT_SCORED = (
    "Not scored: all images were trained on and none held out for validation (data.validation is "
    "0), so its accuracy on other images is not known."
)


@dataclass(frozen=True)
class RunStatus:
    """A run's status, its score if it has one, and in `meaning` what the score is of."""

    status: str
    reason: str
    score: Estimate | None
    loss: float | None
    meaning: str


def run_status(run: Run) -> RunStatus:
    """The status from the results of an ended run, or else from its last stored logits, if any."""
    state = read_state(run.folder)
    if not run.data.validation:
        return RunStatus(state.status, state.reason, None, None, NOT_SCORED)
    if run.has_results:
        (score, meaning), loss = _ended(run.results), scored_loss(run)
    elif run.has_validation:
        validation = run.validation
        score = accuracy(validation.logits, validation.labels)
        loss = cross_entropy(validation.logits, validation.labels)
        meaning = f"The run has not ended: its last epoch on {_images(score.n)}{INTERVAL}"
    else:
        score, loss, meaning = None, None, "The run has not ended its first epoch."
    if score is not None and (words := commonest_words(run)):
        meaning += f" {words[0].upper()}{words[1:]}."
    if score is not None and (words := seen_words(run.recipe)):
        meaning = f"{words} {meaning}"
    return RunStatus(state.status, state.reason, score, loss, meaning)


def _ended(results: RunResults) -> tuple[Estimate, str]:
    score = results.score
    weights = {
        "last": "the last epoch's weights",
        "ema": "the moving average of the weights along the training",
    }[score.weights]
    if not results.epochs:
        weights = "the weights it came or began with"
    part = "" if score.of == "validation" else f", {score.of}"
    meaning = f"The score is that of {weights} on {_images(score.n)}{part}{INTERVAL}"
    return score, meaning


def _images(n: int) -> str:
    return f"{n:,} validation images"
