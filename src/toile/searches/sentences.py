"""What a search found, in words and as JSON has it."""

from typing import Any

from toile.searches.result import CHOSEN_ON, SearchResult, finalist_mean
from toile.searches.spec import values_words
from toile.studies import seen_sentence, study_sentence, study_summary

ORDER_DECIDES = "which trial ends first decides what is tried and stopped next"


def trials_words(result: SearchResult) -> str:
    """`20 of 20 trials, 7 stopped early`."""
    parts = [f"{len(result.trials)} of {result.spec.trials} trials"]
    outcomes = {"pruned": "stopped early", "diverged": "diverged", "failed": "failed"}
    return ", ".join(
        parts
        + [
            f"{result.count(status)} {words}"
            for status, words in outcomes.items()
            if result.count(status)
        ]
    )


def search_sentence(result: SearchResult) -> str:
    """What the search found, as it looked when it was chosen and as it is."""
    best = next(iter(result.ranked()), None)
    if best is None:
        return "No result: no trial has finished, so there is nothing to choose from."
    settings = values_words(best.values)
    trial = f"trial {best.number} of {len(result.trials)}"
    claim = (
        f"{100 * best.scores[-1]:.2f} % on {CHOSEN_ON}. A score that was chosen for being the "
        "highest is on average too high"
    )
    again = finalist_mean(result, best)
    if again is None:
        return (
            f"No result yet: {trial} ({settings}) scored highest, {claim}, and it has not been "
            "trained again with fresh seeds."
        )
    mean, low, high, n = again
    interval = "" if n < 2 else f", {100 * low:.2f} to {100 * high:.2f}"
    change = 100 * (best.scores[-1] - mean)
    assert result.finalists is not None
    among = f"Among the finalists: {study_sentence(result.finalists, 'finalists')}"
    if len(result.finalists.levels) == 1:
        among = seen_sentence(result.finalists)
    return (
        f"{settings} reaches {100 * mean:.2f} % (n = {n}{interval}) with fresh seeds, on the half "
        f"of validation that chose nothing. As {trial} it scored highest, {claim}; here it "
        f"is {abs(change):.2f} points {'above' if change >= 0 else 'below'} the mean with fresh "
        f"seeds. {among}"
    ).strip()


def search_summary(result: SearchResult) -> dict[str, Any]:
    """The search as JSON has it: the trials, the chosen ones beside their fresh readings."""
    chosen = []
    for trial in result.chosen():
        again = finalist_mean(result, trial)
        chosen.append(
            {
                "trial": trial.number,
                "values": dict(trial.values),
                "chosen_on": CHOSEN_ON,
                "score": trial.score,
                "mean": again and again[0],
                "n": again[3] if again else 0,
            }
        )
    return {
        "name": result.spec.name,
        "question": result.spec.question,
        "over": result.spec.over,
        "ended": result.ended,
        "planned": result.spec.trials,
        "trials": [trial.to_json() for trial in result.trials],
        **{status: result.count(status) for status in ("finished", "pruned", "diverged", "failed")},
        "chosen": chosen,
        "result": None if result.finalists is None else study_summary(result.finalists),
        "sentence": search_sentence(result),
        "folder": str(result.folder),
        "seconds": result.seconds,
    }
