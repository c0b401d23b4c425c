"""How small can a network be made? `python benchmarks/surgery.py [PRESET ...] --runs FOLDER`.

Trains each preset once on Fashion-MNIST, seed 0, where FOLDER/PRESET is not there yet; counts its
dead units; cuts them; cuts by each measure of worth without training (`toile inspect prune
--curve`); and cuts shares that an epoch of fine-tuning follows. Writes a table in Markdown for
`docs/inspect.md`. Each cut is priced on the half of validation that chose nothing.

`--epochs` trains for fewer epochs than the preset says. `--few` leaves out the curve, which
silences each channel by itself and takes hours for thousands of them: a few cuts by taylor without
training take its place.

With `--seconds` it measures only how much faster a network is without a quarter and without half of
its channels, five times by turns: let nothing else run meanwhile.
"""

import argparse
import json
import os
import statistics
from itertools import takewhile
from pathlib import Path
from typing import Any

from toile.errors import ToileError
from toile.process import prepare_process

prepare_process()

import numpy as np  # noqa: E402

import toile  # noqa: E402
from toile.inspection import seconds_each  # noqa: E402
from toile.runs import Run, load_run_data, validation_pixels  # noqa: E402
from toile.workbench import Pruned, Removal, census, prune, view_pruning_curve  # noqa: E402

PRESETS = ("s0-cnn", "s2-first", "quick", "s3-example")
SHARES = (0.25, 0.5, 0.75)
FEW_SHARES = (0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
MARGIN = 0.003
ROUNDS, NUM_IMAGES = 5, 250
BY = "taylor"
"""By which channels go where an epoch follows: of the three the one by which cuts are safe."""


def run_of(preset: str, folder: Path, epochs: int | None = None) -> Run:
    """The run of `preset` in `folder`, trained where there is none."""
    if (folder / preset / "results.json").exists():
        return Run(folder / preset)
    settings = {"training.threads": 1, "training.census": True, "training.keep": "epochs"}
    return toile.train(preset, epochs=epochs, out=folder / preset, settings=settings)


def measure(preset: str, folder: Path, epochs: int | None, few: bool) -> dict[str, Any]:
    """Everything the table tells of `preset`."""
    run = run_of(preset, folder, epochs)
    record: dict[str, Any] = {"preset": preset, "accuracy": run.score.value}
    record["epochs"] = len(run.history.epochs)
    record["census"] = census(run).to_json()
    if few:
        record["few"] = {
            str(share): _priced(run, Removal(fraction=share, by=BY), 0) for share in FEW_SHARES
        }
    else:
        curve = view_pruning_curve([run], margin=MARGIN)
        curve.draw(False).savefig(folder / f"curve-{preset}.png", dpi=100)
        record["curve"] = curve.record
        record["said"] = list(curve.says)
    record["dead"] = _priced(run, Removal(dead=True), 0)
    record["shares"] = {
        str(share): _priced(run, Removal(fraction=share, by=BY), 1) for share in SHARES
    }
    return record


def _priced(run: Run, removal: Removal, finetune: int) -> dict[str, Any] | str:
    try:
        pruned: Pruned = prune(run, removal, finetune=finetune)
    except ToileError as error:
        return str(error)
    removed = sum(map(len, pruned.removed.values()))
    return pruned.to_json() | {"sentence": pruned.sentence(), "num_removed": removed}


def smallest(by_share: dict[str, Any]) -> str | None:
    """The largest share that is shown to cost at most the margin, tested from the smallest on."""
    lowest = {
        share: -1.0 if isinstance(priced, str) else priced["difference"]["low"]
        for share, priced in by_share.items()
    }
    safe = list(takewhile(lambda share: lowest[share] >= -MARGIN, lowest))
    return safe[-1] if safe else None


def rows(record: dict[str, Any]) -> list[str]:
    """Lines of the table."""
    lines = []
    dead = record["dead"]
    lines.append(f"| {record['preset']} | dead, no training | {_cells(dead)} |")
    for share, priced in record.get("few", {}).items():
        shown = " **shown**" if share == smallest(record["few"]) else ""
        what = f"{100 * float(share):g} % by {BY}, no training{shown}"
        lines.append(f"| {record['preset']} | {what} | {_cells(priced)} |")
    for name, measured in record.get("curve", {"measures": {}})["measures"].items():
        within = measured["within"]
        if within is None:
            lines.append(f"| {record['preset']} | {name}, no training | not shown | | |")
            continue
        change = {key: 100 * value for key, value in within["difference"].items()}
        before, after = within["parameters"]
        lines.append(
            f"| {record['preset']} | {name}, no training | {within['channels']} channels | "
            f"{before:,} to {after:,} | {change['value']:+.2f} ({change['low']:+.2f} to "
            f"{change['high']:+.2f}) |"
        )
    for share, priced in record["shares"].items():
        shown = " **shown**" if share == smallest(record["shares"]) else ""
        what = f"{100 * float(share):g} % by {BY}, an epoch"
        lines.append(f"| {record['preset']} | {what}{shown} | {_cells(priced)} |")
    return lines


def smallest_row(record: dict[str, Any]) -> str:
    """A line of the table of the smallest networks that are shown to be within the margin."""
    dead, layers = record["dead"], record["census"]["layers"]
    cells = [
        f"`{record['preset']}`",
        f"{100 * record['accuracy']:.1f}",
        f"{sum(layer['channels'] for layer in layers):,}",
        str(sum(len(layer["dead_channels"]) for layer in layers)),
    ]
    if "few" in record:
        cells.append(_smallest_of(record["few"]))
    else:
        within = record["curve"]["measures"][BY]["within"]
        words = "not shown" if within is None else _cut(within["channels"], within)
        cells.append(words)
    cells.append(_smallest_of(record["shares"]))
    before = next(each for each in (dead, *record["shares"].values()) if not isinstance(each, str))
    cells.insert(3, f"{before['parameters'][0]:,}")
    return f"| {' | '.join(cells)} |"


def _smallest_of(by_share: dict[str, Any]) -> str:
    share = smallest(by_share)
    return "not shown" if share is None else _cut(by_share[share]["num_removed"], by_share[share])


def _cut(num_channels: int, priced: dict[str, Any]) -> str:
    change = {key: 100 * priced["difference"][key] for key in ("value", "low", "high")}
    return (
        f"{num_channels:,}, to {priced['parameters'][1]:,}: {change['value']:+.2f} "
        f"({change['low']:+.2f} to {change['high']:+.2f})"
    )


def _cells(priced: dict[str, Any] | str) -> str:
    if isinstance(priced, str):
        return f"none: {priced} | | "
    before, after = priced["parameters"]
    change = {key: 100 * priced["difference"][key] for key in ("value", "low", "high")}
    return (
        f"{priced['num_removed']} channels | {before:,} to {after:,} | {change['value']:+.2f} "
        f"({change['low']:+.2f} to {change['high']:+.2f})"
    )


def speed_row(run: Run, share: float) -> str:
    """A line of the table of speed: what is left of a cut network, and how fast it is."""
    pruned = prune(run, Removal(fraction=share, by=BY))
    pixels = validation_pixels(run, load_run_data(run))[:NUM_IMAGES]
    models = [each.classifier().model for each in (run, pruned.run)]
    inputs = models[0].inputs(pixels)
    networks = [model.network for model in models]
    pairs = [np.median(seconds_each(networks, inputs), axis=1) for _ in range(ROUNDS)]
    ratios = sorted(before / after for before, after in pairs)
    before, after = (1000 * statistics.median(column) for column in zip(*pairs, strict=True))
    parameters, macs = (new / old for old, new in (pruned.parameters, pruned.macs))
    return (
        f"| `{run.folder.name}` | {100 * share:g} % | {100 * parameters:.0f} % | "
        f"{100 * macs:.0f} % | {before:.0f} to {after:.0f} | "
        f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) |"
    )


def main() -> None:
    """Measure what was asked for, and write what came of it after each preset."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("presets", nargs="*", default=PRESETS)
    asked.add_argument("--runs", type=Path, default=Path("surgery"))
    asked.add_argument("--epochs", type=int)
    asked.add_argument("--few", action="store_true")
    asked.add_argument("--seconds", action="store_true")
    given = asked.parse_args()
    given.runs.mkdir(exist_ok=True)
    os.environ["TOILE_RUNS"] = str(given.runs / "cut")
    if given.seconds:
        for preset in given.presets:
            for share in SHARES[:2]:
                print(speed_row(run_of(preset, given.runs), share), flush=True)
        return
    for preset in given.presets:
        record = measure(preset, given.runs, given.epochs, given.few)
        (given.runs / f"{preset}.json").write_text(json.dumps(record, indent=1))
        print("\n".join([*record.get("said", []), *rows(record), smallest_row(record)]), flush=True)


if __name__ == "__main__":
    main()
