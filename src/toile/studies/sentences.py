"""What a whole study allows one to say, in sentences."""

from toile.statistics import analysis_sentence, of_setting, verdict_sentence
from toile.studies.result import StudyResult


def study_sentence(result: StudyResult, of: str = "study") -> str:
    """What a study's finished readings allow one to say, and which readings are missing.

    `of` is what its readers know it as.
    """
    verdict = result.verdict
    if verdict is not None:
        sentences = [
            of_setting(verdict_sentence(verdict), result.spec.setting),
            _other_images(result),
            analysis_sentence(verdict, of),
        ]
    elif result.unlike:
        sentences = [f"There is no verdict, since scores do not mean the same: {result.unlike}."]
    elif result.count("finished"):
        sentences = ["The verdict is given when all readings are in."]
    else:
        sentences = ["No reading has finished, so nothing is known."]
    return " ".join(filter(None, [*sentences, seen_sentence(result), *_missing(result)]))


def _other_images(result: StudyResult) -> str:
    if not result.other_images:
        return ""
    return (
        f"Mind that {result.other_images}: a difference may come from the images that score as "
        "well as from what was learnt."
    )


def seen_sentence(result: StudyResult) -> str:
    """A warning where readings began with weights that may have learnt what they are scored on."""
    warned = [reading for reading in result.readings if reading.score is not None and reading.seen]
    if not warned:
        return ""
    of = f"{len(warned)} of {result.count('finished')} readings"
    return f"Of {of} it must be said, as of {warned[0].level}, {warned[0].number}: {warned[0].seen}"


def _missing(result: StudyResult) -> list[str]:
    """A sentence for each level with readings that diverged or failed, and one for those to come.

    They are in no mean, so the verdict is of the readings that ended well.
    """
    sentences = []
    for level in result.levels:
        statuses = [reading.status for reading in result.readings if reading.level == level.name]
        of = f"{len(statuses)} reading{'s' * (len(statuses) > 1)} of {level.name}"
        for status in ("diverged", "failed"):
            count = statuses.count(status)
            if count:
                are = "are" if count > 1 else "is"
                sentences.append(f"{count} of {of} {status} and {are} not in its mean.")
        if statuses.count("diverged") + statuses.count("failed") == len(statuses):
            sentences.append(f"So {level.name} has no mean and is in no pair.")
    waiting = len(result.readings) - result.count("finished", "diverged", "failed")
    if waiting:
        sentences.append(f"{waiting} reading{'s have' if waiting > 1 else ' has'} not ended yet.")
    return sentences
