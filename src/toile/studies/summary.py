"""A study's result as JSON has it: the verdict, and every reading it is of."""

import math
from dataclasses import asdict
from typing import Any

from toile.studies.label_corrections import corrected_scores
from toile.studies.learning import learning_curves, reached_by_level
from toile.studies.result import StudyResult
from toile.studies.sentences import study_sentence
from toile.studies.worth import worths


def study_summary(result: StudyResult) -> dict[str, Any]:
    """The verdict as `toile verdict --json` gives it, readings and how they learnt."""
    verdict = result.verdict
    curves = learning_curves(result)
    reached = reached_by_level(curves, result.spec.reach)
    judged = verdict.to_json() if verdict else {"levels": {}, "anova_p": math.nan, "pairs": []}
    return {
        **judged,
        "sentence": study_sentence(result),
        "name": result.spec.name,
        "question": result.spec.question,
        "readings": [reading.to_json() for reading in result.readings],
        "other_images": result.other_images or None,
        "worth": [asdict(worth) for worth in worths(verdict, result.spec.levels)],
        "corrections": [scores.to_json() for scores in corrected_scores(result)],
        "curves": {
            level: [curve.to_json() for curve in of_level] for level, of_level in curves.items()
        },
        "reached": [level.to_json() for level in reached],
        "test": result.test and result.test.to_json(),
        "folder": str(result.folder),
        "seconds": result.seconds,
    }
