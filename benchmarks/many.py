"""Steps a second of K networks trained as one: `python benchmarks/many.py [PRESET]`.

On whatever device `auto` takes, beside the same network trained alone, on the images that come with
Toile. The gain is how many times faster K of them are done than one after another.
"""

import argparse
import time
from collections.abc import Iterable

from toile.process import prepare_process

prepare_process()

import torch  # noqa: E402

from toile.data import load_data, pixel_statistics, split_data  # noqa: E402
from toile.recipe import plan_network, read_recipe, with_settings  # noqa: E402
from toile.training import (  # noqa: E402
    Fit,
    Stepped,
    begin,
    prepare_torch,
    resolve,
    train,
    train_many,
)

COUNTS = (1, 4, 16, 64)
WARM_UP = 20
SECONDS = 4.0


def fits_of(preset: str, count: int) -> list[Fit]:
    """So many fits of `preset`, of seeds from 0 on."""
    settings = {"data.name": "fashion-sample", "data.validation": 600, "training.shards": 1}
    recipe = with_settings(read_recipe(preset), settings | {"training.epochs": 1000})
    dataset = load_data(recipe.data)
    split = split_data(dataset.train, recipe.data)
    plan = plan_network(recipe.network, dataset.shape, len(dataset.class_names))
    recipe, statistics = resolve(recipe, plan), pixel_statistics(split.train)
    prepare_torch(recipe.training)
    return [
        begin(recipe.model_copy(update={"seed": seed}), plan, split, statistics)
        for seed in range(count)
    ]


def steps_a_second(steps: Iterable[object], device: torch.device) -> float:
    """Of `steps`, once warm, for some seconds."""
    started, done = 0.0, 0
    for number, _ in enumerate(steps):
        if number == WARM_UP:
            started = now(device)
        elif number > WARM_UP:
            done += 1
            if time.perf_counter() - started > SECONDS:
                break
    return done / (now(device) - started)


def now(device: torch.device) -> float:
    """The time, when all that was asked of the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def alone(preset: str) -> float:
    (fit,) = fits_of(preset, 1)
    return steps_a_second((one for one in train(fit) if isinstance(one, Stepped)), fit.device)


def together(preset: str, count: int) -> float:
    fits = fits_of(preset, count)
    moments = (one for one in train_many(fits) if isinstance(one.get(0), Stepped))
    return count * steps_a_second(moments, fits[0].device)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("preset", nargs="?", default="s1-lab")
    preset = parser.parse_args().preset
    first = fits_of(preset, 1)[0]
    training = first.recipe.training
    print(f"{preset} on {first.device}, {training.precision}, {training.threads} thread(s)")
    reference = alone(preset)
    print(f"alone        {reference:9.1f} steps a second", flush=True)
    for count in COUNTS:
        rate = together(preset, count)
        print(
            f"K = {count:<3}      {rate:9.1f} steps a second  x {rate / reference:.2f}", flush=True
        )
    if first.device.type == "cpu":
        print("On a CPU networks trained as one are not faster, and readings are not trained so.")
