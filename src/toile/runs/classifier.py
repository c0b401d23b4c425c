"""A run's network, as it was trained."""

from dataclasses import dataclass, field

from toile.errors import ToileError
from toile.network import Network, ScaledNetwork, pixels_of, trained_network
from toile.prediction import Classifier, ImageArray, TorchTensor
from toile.runs.corrupt_file import CorruptFile
from toile.runs.novelty import abstention_of
from toile.runs.pictures import pictures_of, seal_of
from toile.runs.run import Run
from toile.runs.state import read_state
from toile.runs.tensors import Stored, load_arrays

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


@dataclass(frozen=True, eq=False)
class RunClassifier(Classifier):
    """A `Classifier` of a run's network in torch, whose module can be used as well.

    >>> net = run.classifier()
    >>> logits = net.module(net.preprocess(images[:3]))
    >>> logits.shape, bool((logits.argmax(1).numpy() == net.predict(images[:3])).all())
    (torch.Size([3, 10]), True)
    """

    model: ScaledNetwork = field(repr=False)

    @property
    def module(self) -> Network:
        """The network: float32, in evaluation mode, on the CPU; from (n, c, h, w) to logits (n, k).

        A plain `nn.Sequential` with a child for each layer: `module.conv1.weight` is there, and a
        hook on `module.relu1` sees what it gives. Where the recipe has views, that is
        `module.layers`, and `module` the mean over the views. It takes what `preprocess` makes.
        """
        return self.model.network

    def preprocess(self, images: ImageArray) -> TorchTensor:
        """What `module` takes for `images`: float32 (n, c, h, w), scaled as in training.

        Raises ToileError where one is of the sealed test part.
        """
        return self.model.inputs(self.unsealed(images))


def load_classifier(run: Run, weights: str = "last") -> RunClassifier:
    """The network of `run` with its `last` or `best` weights, to be asked about pictures.

    Raises ToileError where the run has no such weights, CorruptFile where they are damaged or
    another network's.
    """
    facts, known = run.data, pictures_of(run)
    return RunClassifier(
        name=run.name,
        facts=facts,
        model=ScaledNetwork(
            load_network(run, weights), pixels_of(facts.scaling, facts.mean, facts.sd)
        ),
        seal=seal_of(run, known),
        abstention=abstention_of(run, weights),
        trained=known.trained,
    )


def load_network(run: Run, weights: str = "last") -> Network:
    """The network of `run` alone: float32, in evaluation mode, on the CPU; errors as above."""
    stored = stored_weights(run, weights)
    try:
        return trained_network(run.plan, stored.arrays)
    except ToileError as error:
        path = run.folder / f"{weights}.safetensors"
        raise CorruptFile(f"{path} does not fit {run.folder / 'recipe.yaml'}: {error}") from None
