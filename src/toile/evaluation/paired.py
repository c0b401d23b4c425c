"""The difference of two networks' accuracies on the same images, with its interval."""

import math
from statistics import NormalDist

from toile.evaluation.estimate import Estimate
from toile.evaluation.mcnemar_test import McNemar


def paired_difference(counts: McNemar, confidence: float = 0.95) -> Estimate:
    """The second network's accuracy minus the first's, in [-1, 1], with its interval.

    Wald's interval with half a case added to each of the four counts: so it holds the truth as
    often as `confidence` says with few images too, and has a width if no image differs. Agresti and
    Min 2005, Stat. Med. 24, 729-740. It is widened where needed to hold the difference itself.
    """
    n = counts.both + counts.only_first + counts.only_second + counts.neither
    if n == 0:
        return Estimate(math.nan, -1.0, 1.0, 0)
    value = (counts.only_second - counts.only_first) / n
    # Half a case for each of the four counts, so n grows by two.
    gained, lost, total = counts.only_second + 0.5, counts.only_first + 0.5, n + 2
    middle = (gained - lost) / total
    variance = ((gained + lost) - (gained - lost) ** 2 / total) / total**2
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(variance)
    low, high = max(middle - reach, -1.0), min(middle + reach, 1.0)
    return Estimate(value, min(low, value), max(high, value), n)
