"""A run's network as it was before its first step, made again from its recipe and seed."""

from toile.network import Network, build_network, with_views
from toile.runs.beginning import start_weights
from toile.runs.classifier import load_network
from toile.runs.run import Run
from toile.training import copy_layers


def first_network(run: Run) -> Network:
    """The network of `run` with its first weights, in evaluation mode, on the CPU.

    Raises ToileError where it began with a run's weights that are no longer there, or no longer
    the same.
    """
    recipe, plan = run.recipe, run.plan
    network = build_network(plan, recipe.seed)
    if recipe.training.is_imported:
        return load_network(run)
    if recipe.training.start is not None:
        weights, start = start_weights(recipe.training.start, plan)
        copy_layers(network, weights, start.copied)
    return with_views(network.eval(), plan)
