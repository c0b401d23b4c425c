"""A run read back: a folder of plain files, read when asked for."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from toile.errors import ToileError
from toile.read_once import ReadOnce
from toile.recipe import Plan, Recipe, plan_network
from toile.runs.baseline_scores import BaselineScores
from toile.runs.layout import BUNDLED, PRUNING, runs_folder
from toile.runs.measured import (
    current_baselines,
    current_robustness,
    read_import,
    weights_sha256,
)
from toile.runs.records import (
    Bundled,
    Environment,
    Named,
    Pruning,
    Record,
    Results,
    damaged,
    read_record_file,
)
from toile.runs.remarks import Remarks, read_remarks
from toile.runs.run_environment import RunEnvironment, environment_in
from toile.runs.run_results import RunResults, RunScore, results_in
from toile.runs.state import Status, read_state

# Arrays, the data and torch are imported by what needs them: a listing of runs opens none of them.
if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Int

    from toile.data import DataFacts
    from toile.runs.classifier import RunClassifier
    from toile.runs.history import History
    from toile.runs.validation import Validation

# A page asks its run for the recipe two dozen times, and reading YAML takes a while.
_RECIPES: ReadOnce[Recipe] = ReadOnce(1_000)


@dataclass(frozen=True)
class Run:
    """One training of one recipe with one seed, in one folder.

    >>> run.id == run.folder.name, run.recipe.training.epochs
    (True, 1)
    >>> run.score.low < run.score.value < run.score.high, run.score.n, run.score.of
    (True, 1200, 'validation')
    """

    folder: Path

    @property
    def id(self) -> str:
        """The folder's name, by which a run is called; also where the folder was given as `.`."""
        return Path(os.path.abspath(self.folder)).name

    @property
    def name(self) -> str:
        """The name to call the run by: its id if it is kept with the others, else its folder."""
        return self.id if self.folder.parent == runs_folder() else str(self.folder)

    @property
    def recipe(self) -> Recipe:
        """The recipe as it was run, every `auto` resolved."""
        path = self.folder / "recipe.yaml"
        return _RECIPES.of([str(path)], lambda: Recipe.read(path))

    @property
    def data(self) -> "DataFacts":
        """What the network needs to know of its data: class names, shape, scale, fingerprint.

        Raises CorruptFile where something is missing or of another kind.

            >>> run.data.shape, run.data.train, run.data.class_names[0]
            ((1, 14, 14), 4800, 'T-shirt/top')
        """
        from toile.data import DataFacts

        try:
            return DataFacts.model_validate(self._json("data.json", Named))
        except ValidationError as error:
            raise damaged(self.folder / "data.json", error) from None

    @property
    def plan(self) -> Plan:
        """The plan of its network, from what the run remembers."""
        facts = self.data
        return plan_network(self.recipe.network, facts.shape, len(facts.class_names))

    @property
    def environment(self) -> RunEnvironment:
        """Machine and versions."""
        return environment_in(self._json("environment.json", Environment))

    @property
    def status(self) -> Status:
        """`finished`, `stopped`, `running` and so on; `interrupted` where its process is gone.

        >>> run.status
        'finished'
        """
        return read_state(self.folder).status

    @property
    def has_results(self) -> bool:
        """Whether it has ended, so that there are `results`."""
        return (self.folder / "results.json").exists()

    @property
    def results(self) -> RunResults:
        """Scores, convergence and seconds, once the run has ended.

        >>> run.results.validation.loss > 0, run.results.seconds.total > 0
        (True, True)
        """
        return results_in(self._json("results.json", Results))

    @property
    def score(self) -> RunScore:
        """The fraction of validation images it answers right, with its 95 % interval.

        Where none are held out its value is NaN, of n = 0: nobody knows.

        >>> score = run.score
        >>> score.low < score.value < score.high, score.n, score.of
        (True, 1200, 'validation')
        """
        return self.results.score

    @property
    def history(self) -> "History":
        """The records so far; a torn last line is left out."""
        from toile.runs.history import read_history

        return read_history(self.folder)

    @property
    def pruning(self) -> Record | None:
        """The results of cutting its network out of its parent's; None if it was not cut."""
        if not (self.folder / PRUNING).exists():
            return None
        return self._json(PRUNING, Pruning)

    @property
    def baselines(self) -> BaselineScores | None:
        """The scores of simple classifiers on its images, by `toile.baselines`; None unless asked.

        None too once the run was trained further, since they were compared with its older weights.
        """
        return current_baselines(self.folder)

    @property
    def robustness(self) -> Record | None:
        """The last result of `toile evaluate RUN --robustness`; None unless asked.

        None too once the run was trained further, since it was of the older weights.
        """
        return current_robustness(self.folder)

    @property
    def bundle(self) -> str:
        """The name of the bundle that it came in; empty of a run that was made here."""
        path = self.folder / BUNDLED
        return str(self._json(BUNDLED, Bundled)["file"]) if path.exists() else ""

    @property
    def imported(self) -> Record | None:
        """How a network from elsewhere was read; None of one that was trained here."""
        return read_import(self.folder)

    def weights_sha256(self, weights: str = "last") -> str:
        """The sha256 of its `last` or `best` weights; empty where it has none.

        >>> run.weights_sha256() == run.results.weights["last"]
        True
        """
        return weights_sha256(self.folder, weights)

    def classifier(self, weights: str = "last") -> "RunClassifier":
        """Its network with the `last` or `best` weights, loaded once for all that is asked of it.

        Raises ToileError where it has no such weights.
        """
        from toile.runs.classifier import load_classifier

        return load_classifier(self, weights)

    @property
    def remarks(self) -> Remarks:
        """The user's note and star, and the names the run had before."""
        return read_remarks(self.folder)

    @property
    def has_validation(self) -> bool:
        """Whether an epoch has ended, so that its outputs on validation images are stored.

        Never if none are held out (`data.validation` is 0).
        """
        return (self.folder / "validation.safetensors").exists()

    @property
    def predictions(self) -> "Int[np.ndarray, ' n']":
        """The classes it answered on the validation images, in the order of `validation`.

        >>> float((run.predictions == run.validation.labels).mean()) == run.score.value
        True
        """
        return self.validation.logits.argmax(axis=1)

    @property
    def validation(self) -> "Validation":
        """Logits, labels and places in the training part of the validation images."""
        path = self.folder / "validation.safetensors"
        if not path.exists():
            if not self.data.validation:
                raise ToileError(
                    f"{self.id} was trained without validation images (data.validation is 0), so "
                    "there is nothing that it was scored on; train one that holds some out, as "
                    "with --set data.validation=0.1, or judge it on its test part: toile evaluate "
                    f"{self.name} --open-test --why REASON"
                )
            raise ToileError(f"{self.id} has no {path.name}; it has not ended an epoch")
        from toile.runs.tensors import load_arrays
        from toile.runs.validation import validation_in

        return validation_in(load_arrays(path), self.data, path)

    @property
    def validation_indices(self) -> "Int[np.ndarray, ' n']":
        """Where the images held out for validation lie in the training part; empty of none."""
        import numpy as np

        return self.validation.indices if self.data.validation else np.empty(0, np.int64)

    def _json(self, name: str, kind: type[Named]) -> Record:
        return read_record_file(self.folder / name, kind)
