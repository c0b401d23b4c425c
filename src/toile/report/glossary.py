"""The terms of reports in plain sentences: the only place where they are explained.

`make docs` writes all of them to `docs/glossary.md`; each report explains the terms that it uses.
"""

import re
from dataclasses import dataclass
from html import unescape

HEAD = """# Glossary

What the words of Toile and of its reports mean. Each report explains those that it uses at its end.
This page is made by `make docs`.
"""


@dataclass(frozen=True)
class Term:
    """A term and its meaning. `forms` is a pattern of its forms in a text, if it has others."""

    name: str
    meaning: str
    forms: str = ""

    @property
    def pattern(self) -> re.Pattern[str]:
        """The pattern that finds the term in a text, in upper or lower case and as a plural."""
        forms = self.forms or rf"{re.escape(self.name)}s?"
        return re.compile(rf"(?<![\w-])(?:{forms})(?![\w-])", re.IGNORECASE)


OURS = (
    Term("recipe", "All settings of one training in one file: data, network, training and seed."),
    Term(
        "plan",
        "What a network will be, worked out from its recipe without training: the shape after each "
        "layer, parameters and multiply-adds.",
    ),
    Term("run", "One training of one recipe with one seed, kept as a folder of files.", "runs?"),
    Term(
        "seed",
        "The number that determines all random choices of a training. Another seed gives different "
        "first weights and another order of the images, and so a slightly different accuracy.",
    ),
    Term("reading", "The accuracy of one run, as one measurement of its level."),
    Term("factor", "A setting that a study changes, such as the number of filters."),
    Term("level", "One value of what is compared, such as 64 filters. It has several readings."),
    Term("study", "A comparison of levels, each trained several times.", "stud(?:y|ies)"),
    Term(
        "verdict",
        "What the readings of a study allow one to say of two levels: better, worse, the same "
        "within the margin, or undecided.",
    ),
    Term(
        "margin",
        "The largest difference that does not matter, half a percentage point unless you set "
        "another.",
    ),
    Term(
        "undecided",
        "The readings show neither a difference nor that it is smaller than the margin. More "
        "readings may show one of the two.",
    ),
    Term(
        "search",
        "Many short attempts at good settings, of which the best are trained again.",
        "search(?:es)?",
    ),
    Term("trial", "One attempt of a search."),
    Term(
        "finalist",
        "One of the best trials of a search. Its settings are trained again with new seeds, "
        "because the best of many trials is partly the best by chance.",
    ),
    Term("sheet", "A lab sheet: exercises in order in one file, answered by one report."),
    Term(
        "validation",
        "Images kept out of training on which accuracy is measured, as often as you like.",
    ),
    Term(
        "half of validation that chooses",
        "Where an epoch or a trial is chosen by its accuracy, one half of the validation images is "
        "used to choose and the other half to score, so that the score is not too high.",
        "half of validation|choosing half|scoring half|half that (?:chooses|chose)",
    ),
    Term(
        "sealed",
        "The test images are locked away: no training, choice or report sees them until you open "
        "them on purpose.",
    ),
    Term("look", "One opening of the test images to score networks on them.", "looks?|looked at"),
    Term("ledger", "The list of all looks, with the reason of each."),
    Term(
        "correction file",
        "A table of training images whose labels are wrong, with the right labels. Training uses "
        "the right labels; the split and the scores still use the labels of the data.",
        "correction files?|corrected labels?",
    ),
    Term("fingerprint", "A hash of all images and labels: equal data has an equal fingerprint."),
)
STATISTICS = (
    Term("points", "Percentage points: from 89 % to 90 % is one point."),
    Term("n", "How many readings or images a value is computed from.", r"n(?= =)"),
    Term("mean", "The average.", "means?"),
    Term(
        "median",
        "The middle value: half of the values are lower, half are higher.",
    ),
    Term(
        "SD",
        "Standard deviation: how far readings typically lie from their mean.",
        r"SD|spread",
    ),
    Term(
        "standard error",
        "How far a measured mean typically lies from the true mean.",
    ),
    Term(
        "confidence interval",
        "The range of values that fit what was measured. A 95 % interval contains the true value "
        "in 95 of 100 such measurements.",
        r"(?:confidence )?intervals?|95 % from",
    ),
    Term(
        "Wilson's interval",
        "A confidence interval for a fraction of images, such as an accuracy.",
        r"Wilson's(?: 95 %)? interval",
    ),
    Term(
        "bootstrap",
        "A way to find an interval: draw as many images as there are, with replacement, compute "
        "the value, and repeat this many times.",
    ),
    Term(
        "p",
        "The probability of a difference at least as large by chance alone, if there were no true "
        "difference. A small p is hard to explain by chance.",
        r"p(?= (?:=|is|the))",
    ),
    Term(
        "Welch's t-test",
        "A test of whether two means differ. It does not assume that both levels have the same SD.",
        r"Welch's t(?:-test)?",
    ),
    Term(
        "analysis of variance",
        "One test of whether any of several means differ at all, before pairs are compared.",
        "(?:Welch's )?analysis of variance",
    ),
    Term(
        "Holm's correction",
        "If many pairs are tested, one of them may seem to differ by chance. Holm's steps make "
        "each test stricter, so that all tests together are rarely wrong.",
        r"Holm(?:'s (?:correction|steps))?",
    ),
    Term(
        "the same within the margin",
        "Shown by two one-sided tests (an equivalence test): the difference is neither as large as "
        "the margin upwards nor downwards. Not finding a difference is not enough for this.",
        r"the same within|shown (?:to be )?the same|two one-sided tests|p the same|equivalence",
    ),
    Term(
        "Hedges' g",
        "A difference measured in SDs of the readings: 1 is a difference as large as their spread.",
    ),
    Term(
        "analysis",
        "One request for the verdict. Each later one, with more readings, is tested more strictly, "
        "so that asking often does not lead to false findings.",
        r"analys[ei]s(?! of variance)",
    ),
    Term(
        "trend",
        "A straight line through the readings of all levels, if the levels are numbers.",
        "trend|straight line",
    ),
    Term(
        "censored",
        "A training that ended before it reached an accuracy: it is known only that it would have "
        "needed longer. It counts as later than any other, and the table says `not reached`.",
        "not reached|never was as good|censored",
    ),
    Term(
        "McNemar's test",
        "Compares two networks by the images that only one of them predicts right.",
        "McNemar's(?: exact)? test",
    ),
    Term(
        "correlation",
        "From -1 to 1: how closely two series of numbers rise and fall together.",
        "correlations?|correlate",
    ),
    Term(
        "cross-validation",
        "The training images are cut into parts (folds); each part is held out once and the "
        "network is trained on the others.",
        "cross-validat(?:ion|e)|folds?",
    ),
)
NETWORKS = (
    Term("accuracy", "The fraction of images whose class is predicted right.", "accurac(?:y|ies)"),
    Term(
        "loss",
        "The value that training makes small: the cross-entropy, which is high if a network is "
        "confident and wrong.",
        "loss|cross-entropy",
    ),
    Term("epoch", "One pass over all training images."),
    Term(
        "converged",
        "A training has converged when further epochs no longer improve it noticeably.",
        "converge[ds]?|convergence",
    ),
    Term(
        "learning curve",
        "Accuracy or loss after each epoch.",
        "learning curves?|curves",
    ),
    Term(
        "early stopping",
        "Training ends by itself once accuracy has not risen for some epochs (the patience).",
    ),
    Term("learning rate", "How far each training step moves the weights.", "learning[ _]rate"),
    Term(
        "kernel",
        "The small grid of weights that a filter applies to one channel of its input.",
    ),
    Term(
        "channel",
        "One of the maps that a layer outputs: it shows where in a picture a filter finds its "
        "pattern.",
    ),
    Term("unit", "One number in a layer's output for a picture."),
    Term(
        "activation",
        "The layer after a convolution or dense layer that makes it nonlinear, such as ReLU, which "
        "sets values below 0 to 0. Also the values that this layer outputs.",
        "activations?",
    ),
    Term(
        "dead",
        "A unit is dead if its output is the same for every training image, so that it learns from "
        "none. A channel is dead if all its units are.",
        r"dead",
    ),
    Term(
        "Grad-CAM",
        "A map of where in a picture a layer's channels support a class. It is evidence only if a "
        "check tells it apart from the map of a random network.",
    ),
    Term("filters", "The patterns that a convolution looks for, at every position of a picture."),
    Term(
        "dropout",
        "In training a random fraction of the values inside the network is set to 0, so that it "
        "does not rely on single values.",
        r"dropout\d*",
    ),
    Term("parameters", "The numbers of a network that training finds."),
    Term("multiply-adds", "How many multiplications, each with an addition, one image needs."),
    Term("recall", "Of the images of a class, the fraction predicted as that class.", "recalls?"),
    Term("precision", "Of the predictions of a class, the fraction that are right."),
    Term("F1", "One number for precision and recall together: their harmonic mean."),
    Term(
        "confusion matrix",
        "A table of how often each true class is predicted as each class.",
        "confusion matrix|true class(?:es)?",
    ),
    Term(
        "confidence",
        "The probability that a network gives to the class it predicts.",
        r"confidence(?! interval)",
    ),
    Term(
        "calibration",
        "Whether a network is right as often as its confidence says. The calibration error is the "
        "mean gap between the two; 0 is ideal.",
        "calibration(?: error)?",
    ),
    Term(
        "temperature",
        "A number that divides a network's logits so that its confidence fits its accuracy better. "
        "It changes no prediction.",
    ),
    Term("logits", "A network's raw numbers for each class, before they become probabilities."),
)
GROUPS = {"Words of Toile": OURS, "Statistics": STATISTICS, "Networks": NETWORKS}


def terms_in(text: str) -> list[Term]:
    """The terms that `text` uses, by name."""
    used = [term for terms in GROUPS.values() for term in terms if term.pattern.search(text)]
    return sorted(used, key=lambda term: term.name.lower())


def words_of(page: str) -> list[Term]:
    """The terms in the visible text of an HTML page."""
    return terms_in(unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL)))


def glossary_markdown() -> str:
    """The content of docs/glossary.md: all terms."""
    parts = [HEAD]
    for title, terms in GROUPS.items():
        lines = [f"- **{term.name}**: {term.meaning}" for term in terms]
        parts.append("\n".join((f"## {title}", "", *sorted(lines, key=str.lower), "")))
    return "\n".join(parts)
