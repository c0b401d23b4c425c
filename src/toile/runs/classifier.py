"""A run's network, as it was trained."""

from pathlib import Path

from toile.errors import ToileError
from toile.network import Network, trained_network
from toile.runs.listing import open_run
from toile.runs.run import Run
from toile.runs.state import read_state
from toile.runs.tensors import CorruptFile, Stored, load_arrays

WEIGHTS = ("last", "best")


def stored_weights(run: Run, weights: str = "last") -> Stored:
    """The `last` or `best` weights of `run` by name, with their sha256.

    Raises ToileError where it has none, CorruptFile where they are damaged.
    """
    if weights not in WEIGHTS:
        raise ToileError(f"weights is {weights}; it is last or best")
    path = run.folder / f"{weights}.safetensors"
    if not path.exists():
        ended = read_state(run.folder).epoch > 0
        raise ToileError(
            f"{run.id} has no {weights} weights; "
            + (f"{path} is gone, bring it back" if ended else f"toile resume {run.name} makes them")
        )
    return load_arrays(path)


def load_network(run: str | Path | Run, weights: str = "last") -> Network:
    """The network of `run` with its `last` or `best` weights, float32, in evaluation mode, on CPU.

    Takes float32 (n, c, h, w), gives logits (n, k); what it takes is scaled as the run's
    `facts.scaling` says: `unit` is pixels / 255, `standard` then less `facts.mean` and over
    `facts.sd`. `toile.predict` does that, and more, by itself.

        network = toile.load_network("last")
        pixels = toile.load_data("fashion-sample").train.pixels[:8]
        probabilities = network(torch.tensor(pixels) / 255).softmax(1)

    It is a module of torch's with a child for each layer, so `network.conv1.weight` is there, and a
    hook on `network.relu1` sees what it gives. Raises ToileError where the run has no such weights,
    CorruptFile where they are damaged or another network's.
    """
    run = run if isinstance(run, Run) else open_run(run)
    stored = stored_weights(run, weights)
    try:
        return trained_network(run.plan, stored.arrays)
    except ToileError as error:
        path = run.folder / f"{weights}.safetensors"
        raise CorruptFile(f"{path} does not fit {run.folder / 'recipe.yaml'}: {error}") from None
