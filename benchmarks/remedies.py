"""What helps against dead units? `python benchmarks/remedies.py [PRESET] [--epochs 2]`.

Trains a preset on Fashion-MNIST, seed 0, as it is and with each remedy that `toile inspect census
--why` names, and counts dead units over all training images: a table in Markdown for
`docs/inspect.md`.
"""

import argparse
from pathlib import Path
from typing import Any

from toile.process import prepare_process

prepare_process()

import toile  # noqa: E402
from toile.inspection import LayerCensus  # noqa: E402
from toile.recipe import recipe_of  # noqa: E402
from toile.runs import Run  # noqa: E402
from toile.workbench import census  # noqa: E402

RATE = 0.3
"""Of the preset's learning rate."""


def remedies(preset: str, epochs: int) -> dict[str, dict[str, Any]]:
    """Recipes by what was done to the preset."""
    base = toile.Recipe.preset(preset).model_dump(mode="json")
    base["training"] |= {"epochs": epochs, "threads": 1}
    (kind,) = base["training"]["optimizer"]
    rate = base["training"]["optimizer"][kind]["learning_rate"]
    slower = {kind: base["training"]["optimizer"][kind] | {"learning_rate": RATE * rate}}
    he = [_changed(entry, {"init": "he_uniform"}) for entry in base["network"]]
    leaky = [
        {"leaky_relu": {}} if entry == "relu" or "relu" in entry else entry
        for entry in base["network"]
    ]
    return {
        "as it is": base,
        f"learning rate {RATE * rate:g}": base | {
            "training": base["training"] | {"optimizer": slower}
        },
        "He initialisation": base | {"network": he},
        "leaky ReLU": base | {"network": leaky},
    }  # fmt: skip


def _changed(entry: Any, settings: dict[str, Any]) -> Any:
    if not isinstance(entry, dict):
        return entry
    return {
        kind: fields | settings if kind in ("conv", "dense") else fields
        for kind, fields in entry.items()
    }


def _channels(layer: LayerCensus) -> int:
    """Channels of which no unit is ever on; of a leaky ReLU they still learn."""
    return int((layer.fired.reshape(layer.channels, -1) == 0).all(axis=1).sum())


def main() -> None:
    """Train and count, and write a row after each."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("preset", nargs="?", default="s2-first")
    asked.add_argument("--epochs", type=int, default=2)
    asked.add_argument("--runs", type=Path, default=Path("remedies"))
    given = asked.parse_args()
    print(
        f"| {given.preset}, {given.epochs} epochs | dead | units never on, channels "
        "| validation accuracy |"
    )
    print("|---|---|---|---|")
    for number, (name, recipe) in enumerate(remedies(given.preset, given.epochs).items()):
        folder = given.runs / f"{given.preset}-{given.epochs}-{number}"
        done = (folder / "results.json").exists()
        run = Run(folder) if done else toile.train(recipe_of(recipe), out=folder)
        counted = census(run).census
        layers = ", ".join(
            f"{layer.name} {100 * layer.never / layer.units:.1f} % ({_channels(layer)} of "
            f"{layer.channels} channels)"
            for layer in counted.layers
        )
        share, score = 100 * (counted.dead_fraction or 0), run.score
        accuracy = f"{100 * score.value:.1f} % ({100 * score.low:.1f} to {100 * score.high:.1f})"
        print(f"| {name} | {share:.2f} % | {layers} | {accuracy} |", flush=True)


if __name__ == "__main__":
    main()
