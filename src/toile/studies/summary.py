"""A study's result as JSON has it: the verdict, and every reading it is of."""

import math
from typing import Any

from toile.studies.result import StudyResult
from toile.studies.words import study_sentence


def study_summary(result: StudyResult) -> dict[str, Any]:
    """The verdict as `toile verdict --json` gives it, readings, folder and seconds."""
    verdict = result.verdict
    judged = verdict.to_json() if verdict else {"levels": {}, "anova_p": math.nan, "pairs": []}
    return {
        **judged,
        "sentence": study_sentence(result),
        "name": result.spec.name,
        "question": result.spec.question,
        "readings": [one.to_json() for one in result.readings],
        "other_images": result.other_images or None,
        "test": result.test,
        "folder": str(result.folder),
        "seconds": result.seconds,
    }
