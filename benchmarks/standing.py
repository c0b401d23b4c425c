"""How long it takes to be told how a study of a hundred readings stands, once nothing changes.

One reading is trained, and its folder copied for the others. The first asking reads every file;
the later ones ask each file only whether it is the same.
"""

import os
import platform
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import toile
from toile.studies import study_sentence, study_summary

LEVELS, READINGS, ASKED = 2, 50, 20
PROMISED_MS = 5.0


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        os.environ["TOILE_RUNS"] = place
        folder = hundred_readings(Path(place) / "filters")
        first = milliseconds(folder)
        # A file of the last hundredths of a second may change unseen, and is read again.
        time.sleep(0.1)
        milliseconds(folder)
        later = [milliseconds(folder) for _ in range(ASKED)]
        summaries = [milliseconds(folder, whole=True) for _ in range(ASKED + 1)][1:]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{LEVELS * READINGS} readings, asked for the first time: {first:.0f} ms")
    say("asked again", later)
    say("the whole summary, with learning curves, asked again", summaries)
    if statistics.median(later) > PROMISED_MS:
        raise SystemExit(f"more than the {PROMISED_MS:g} ms promised")


def hundred_readings(folder: Path) -> Path:
    """A finished study whose readings are all copies of its first."""
    live = toile.study(
        "s1-lab",
        vary={"network.conv1.filters": [2, 3]},
        readings=READINGS,
        data="fashion-sample",
        epochs=1,
        settings={"training.batch_size": 1000, "data.validation": 600},
        on="inline",
        out=folder,
    )
    for _ in live:
        if (folder / "readings" / "2-1" / "results.json").exists():
            break
    for level in (2, 3):
        for number in range(1, READINGS + 1):
            place = folder / "readings" / f"{level}-{number}"
            if (level, number) != (2, 1):
                shutil.rmtree(place, ignore_errors=True)
                shutil.copytree(folder / "readings" / "2-1", place)
    return folder


def milliseconds(folder: Path, whole: bool = False) -> float:
    """Until it is said how the study stands: readings, verdict and sentence."""
    started = time.perf_counter()
    result = toile.open_study(folder)
    assert result.count("finished") == LEVELS * READINGS
    study_summary(result) if whole else study_sentence(result)
    return 1000 * (time.perf_counter() - started)


def say(what: str, times: list[float]) -> None:
    """The median of `times` and their range."""
    median = statistics.median(times)
    print(f"{what}: {median:.2f} ms ({min(times):.2f} to {max(times):.2f}, n = {len(times)})")


if __name__ == "__main__":
    main()
