"""optuna as an ask-and-tell sampler: the values to try next, and whether a trial goes on.

optuna is imported when a `Sampler` is made. It keeps nothing: whoever asks remembers, and tells it
again. Each trial has a sampler of its own seed, so what it picks follows from what was told before
alone, also after it was told again.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from toile.distribution import extra_packages
from toile.searches.spec import Choices, Search, SearchRange, Space
from toile.streams import stream_seed

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.trial import Trial

REDUCTION = 3
"""Of so many trials at a rung one goes on."""


class Sampler:
    """The sampler and the pruner of a search; trials are named by their numbers."""

    def __init__(self, search: Search, space: Space, most_epochs: int) -> None:
        """Raises ToileError where optuna is not installed."""
        self._optuna = _import_optuna()
        self._search, self._distributions = search, optuna_distributions(space)
        optuna = self._optuna
        before = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(
            # Hyperband assigns trials by the study's name, which would be random.
            study_name="toile",
            direction="maximize",
            pruner=self._pruner(most_epochs),
        )
        optuna.logging.set_verbosity(before)
        self._trials: dict[int, Trial] = {}

    def ask(self, number: int, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What trial `number` is to try; `values` where that was asked before."""
        self._study.sampler = self._sampler(number)
        if values is not None:
            self._study.enqueue_trial(dict(values))
        trial = self._study.ask(self._distributions)
        self._trials[number] = trial
        return dict(trial.params)

    def is_hopeless(self, number: int, epoch: int, score: float) -> bool:
        """Whether the trial is to be stopped, having had `score` after `epoch`, from 1."""
        trial = self._trials[number]
        trial.report(score, epoch)
        return trial.should_prune()

    def tell(self, number: int, score: float | None, pruned: bool = False) -> None:
        """What became of the trial; without a score it was stopped early, or it failed."""
        states = self._optuna.trial.TrialState
        if score is not None:
            self._study.tell(self._trials[number], score)
        else:
            self._study.tell(self._trials[number], state=states.PRUNED if pruned else states.FAIL)

    def _sampler(self, number: int) -> "BaseSampler":
        samplers = self._optuna.samplers
        # numpy's old generator takes 32 bits.
        seed = stream_seed(self._search.seed, "search", number) % 2**32
        if self._search.sampler == "random":
            return samplers.RandomSampler(seed=seed)
        # The liar keeps trials that run side by side from all trying the same.
        return samplers.TPESampler(seed=seed, constant_liar=True)

    def _pruner(self, most_epochs: int) -> "BasePruner":
        pruners = self._optuna.pruners
        match self._search.pruner:
            case "hyperband":
                return pruners.HyperbandPruner(1, most_epochs, REDUCTION)
            case "asha":
                return pruners.SuccessiveHalvingPruner(1, REDUCTION)
            case _:
                return pruners.NopPruner()


def optuna_distributions(space: Space) -> dict[str, "BaseDistribution"]:
    """The values of `space` in optuna's words, by address; choices are called by their names.

    Raises ToileError if optuna is not installed.
    """
    distributions = _import_optuna().distributions

    def distribution(searched: SearchRange | Choices) -> "BaseDistribution":
        if isinstance(searched, Choices):
            return distributions.CategoricalDistribution(list(searched.values))
        if searched.is_integer:
            return distributions.IntDistribution(
                int(searched.low), int(searched.high), searched.log, int(searched.step or 1)
            )
        return distributions.FloatDistribution(
            searched.low, searched.high, searched.log, searched.step
        )

    return {address: distribution(searched) for address, searched in space.items()}


def _import_optuna() -> Any:
    with extra_packages("search", "a search"):
        import optuna
    return optuna
