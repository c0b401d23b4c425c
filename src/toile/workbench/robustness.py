"""A run's network on pictures that are harder, attacked, or of no class."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from toile import evaluation
from toile.data import (
    DataSource,
    Progress,
    Source,
    array_hashes,
    is_known,
    list_sources,
    load_data,
    no_progress,
)
from toile.errors import ToileError
from toile.evaluation import (
    CORRUPTIONS,
    Corruption,
    CorruptionScores,
    Estimate,
    corrupt_by_strength,
    proportion,
    score_strength,
)
from toile.prediction import Cost, ask_together, blank_pictures, noise_pictures
from toile.runs import (
    Run,
    RunClassifier,
    open_run,
    same_data,
    scored_images,
    scored_part,
    stored_weights,
)
from toile.streams import numpy_stream
from toile.workbench.robustness_scores import AttackScore, NoClassScore, Robustness

EPS = (1, 2, 4, 8)
"""The most that an attack may change a pixel, in greys of 255."""
ATTACKED = 1_000
"""Most pictures that are attacked: PGD needs ten gradients for a picture."""
NO_CLASS = 1_000
"""Pictures of each kind that is of no class."""
AT_ONCE = 250
ELSEWHERE = ("mnist", "fashion-mnist", "fashion-sample")
"""Datasets with pictures of other classes, tried in this order."""


def evaluate_robustness(
    run: str | Path | Run,
    *,
    weights: str = "last",
    data: DataSource | None = None,
    seed: int = 0,
    attacks: bool = True,
    progress: Progress = no_progress,
) -> Robustness:
    """Measure the accuracy of `run` on validation images that are made harder to read.

    There are eight corruptions (`toile.evaluation.CORRUPTIONS`) at five strengths each; the
    `attacks` FGSM and PGD, which need Captum and change each pixel by at most 1, 2, 4 and 8 of 255,
    on up to 1,000 images; and noise, blank pictures and those of another dataset, which should get
    no prediction. The images are those that `toile.evaluate` scores (with `best` weights the half
    of validation that did not choose them), never the sealed test part. The same `seed` gives the
    same pictures. Raises ToileError if the run has no such weights, if its data has changed, or if
    Captum is not installed.

        >>> toile.evaluate_robustness(run, attacks=False).clean.accuracy.n
        1200
    """
    if attacks:
        _refuse_without_captum()
    run = open_run(run)
    # Read first, so that a later change of the weights is noticed.
    sha256 = stored_weights(run, weights).sha256
    classifier = run.classifier(weights)
    measured = _Measured(run, classifier, weights, data, seed, progress)
    corruptions = measured.corruptions()
    attacked_clean, attack_scores = measured.attacks() if attacks else (None, ())
    return Robustness(
        run=run,
        of=measured.of,
        weights=weights,
        weights_sha256=sha256,
        seed=seed,
        clean=measured.clean,
        corruptions=corruptions,
        attacked_clean=attacked_clean,
        attacks=attack_scores,
        no_class=measured.no_class(),
        cost=measured.cost(),
        left_out=tuple(measured.left_out),
        values=measured.values,
    )


def _refuse_without_captum() -> None:
    """Raise ToileError if Captum is missing, before minutes are spent."""
    try:
        from toile.inspection import attack  # noqa: F401
    except ToileError as error:
        raise ToileError(
            f"{error}; toile inspect robustness RUN --no-attacks measures the rest"
        ) from None


class _Measured:
    """The images of the measurement, and the results so far."""

    def __init__(
        self,
        run: Run,
        classifier: RunClassifier,
        weights: str,
        data: DataSource | None,
        seed: int,
        progress: Progress,
    ) -> None:
        validation = run.validation
        holdout = validation.selection == 0
        chosen = weights == "best"
        among = holdout if chosen else scored_images(run.recipe, validation)
        self.of = "the scoring half of validation" if chosen else scored_part(run.recipe)
        self.run, self.classifier, self.weights = run, classifier, weights
        self.seed, self.progress = seed, progress
        self.indices = validation.indices[among]
        self.labels = validation.labels[among].astype(np.int64)
        self.pixels = same_data(run, progress, data).train.gather(self.indices).pixels
        self.background = np.array(classifier.facts.known_appearance.background, np.float64)
        self.left_out: list[str] = []
        self.logits = classifier.model.logits(self.pixels)
        self.clean = score_strength(0.0, self.logits, self.labels)
        self.values: dict[str, np.ndarray] = {
            "indices": self.indices, "labels": self.labels, "clean": self.logits,
        }  # fmt: skip

    def corruptions(self) -> tuple[CorruptionScores, ...]:
        return tuple(
            self._corrupted(at, corruption) for at, corruption in enumerate(CORRUPTIONS.values())
        )

    def _corrupted(self, at: int, corruption: Corruption) -> CorruptionScores:
        strengths = corruption.strengths(*self.pixels.shape[2:])
        parts = []
        total = len(CORRUPTIONS) * len(self.pixels)
        for first in range(0, len(self.pixels), AT_ONCE):
            self.progress(at * len(self.pixels) + first, total, "corrupting pictures")
            part = slice(first, first + AT_ONCE)
            by_strength = corrupt_by_strength(
                self.pixels[part],
                corruption.name,
                strengths,
                self.background,
                self.indices[part],
                self.seed,
            )
            parts.append([self.classifier.model.logits(pictures) for pictures in by_strength])
        logits = np.concatenate(parts, axis=1)
        self.values[f"{corruption.name}_strengths"] = np.array(strengths)
        self.values[corruption.name] = logits
        levels = tuple(
            score_strength(strength, row, self.labels)
            for strength, row in zip(strengths, logits, strict=True)
        )
        return CorruptionScores(corruption, self.clean, levels)

    def attacks(self) -> tuple[Estimate, tuple[AttackScore, ...]]:
        """Accuracy before and after attacks, on at most a thousand images drawn by the seed."""
        from toile.inspection import ATTACKS, attack

        rows = np.arange(len(self.labels))
        if len(rows) > ATTACKED:
            rows = np.sort(
                numpy_stream(self.seed, "inspect/sample").choice(rows, ATTACKED, replace=False)
            )
        pixels, labels, model = self.pixels[rows], self.labels[rows], self.classifier.model
        scores = []
        for at, method in enumerate(ATTACKS):
            logits = []
            for step, eps in enumerate(EPS):
                self.progress(at * len(EPS) + step, len(ATTACKS) * len(EPS), "attacking pictures")
                attacked = attack(
                    model.network, pixels, labels, method, eps, model.pixels, self.seed
                )
                logits.append(attacked.logits)
                scores.append(
                    AttackScore(method, eps, evaluation.accuracy(attacked.logits, labels))
                )
            self.values[method] = np.stack(logits)
        self.values |= {"attacked": self.indices[rows], "eps": np.array(EPS)}
        return evaluation.accuracy(self.logits[rows], labels), tuple(scores)

    def no_class(self) -> tuple[NoClassScore, ...]:
        """How often pictures of no class get a prediction from `toile predict`."""
        shape = self.classifier.facts.shape
        kinds = {
            "noise": noise_pictures(NO_CLASS, shape, self.seed),
            "blank": blank_pictures(NO_CLASS, shape, self.seed),
            **self._foreign_pictures(),
        }
        scores = []
        for kind, pixels in kinds.items():
            predictions = ask_together([self.classifier], list(pixels), progress=self.progress)
            top = [answer.top[0].probability for answer in predictions if answer.top]
            sure = float(np.median(top)) if top else None
            scores.append(NoClassScore(kind, proportion(len(top), len(pixels)), sure))
        return tuple(scores)

    def _foreign_pictures(self) -> dict[str, UInt8[np.ndarray, "n c h w"]]:
        """Training images of a known dataset that shares no class and no image with the run's."""
        facts, trained = self.classifier.facts, self.classifier.trained
        sources = {source.name: source for source in list_sources()}
        reasons = []
        for name in ELSEWHERE:
            if sources[name].path is None:
                reasons.append(f"pictures of {name}: it is not on this machine")
                continue
            other_data = load_data(
                name, progress=self.progress, **_read_as(facts.shape, sources[name])
            )
            pixels = other_data.train.pixels
            if set(other_data.class_names) & set(facts.class_names) or (
                trained is not None and is_known(array_hashes(pixels), trained).any()
            ):
                continue
            if pixels.shape[1:] != facts.shape:
                reasons.append(f"pictures of {name}: they are square, and the run's are not")
                continue
            chosen = np.linspace(0, len(pixels) - 1, min(NO_CLASS, len(pixels))).astype(np.int64)
            return {name: pixels[chosen]}
        self.left_out += reasons
        return {}

    def cost(self) -> Cost | None:
        """How many genuine images get no prediction, by images that did not set the bounds."""
        bounds = self.classifier.abstention
        if bounds.confidence is None:
            self.left_out.append(
                "bounds of confidence: "
                + (
                    "there are too few validation images to set any"
                    if self.weights == "last"
                    else "a run has them only for its last weights"
                )
            )
        return bounds.cost


def _read_as(shape: tuple[int, int, int], source: Source) -> dict[str, Any]:
    """Settings that make pictures of `source` have `shape`, which has to be square."""
    if source.shape == shape:
        return {}
    return {"size_px": shape[1], "colour": "grey" if shape[0] == 1 else "rgb"}
