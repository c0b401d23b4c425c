"""`toile inspect`: what a run's network does, and which parts it does not need."""

from toile.cli.commands import Command, new_app
from toile.cli.inspect import census, driving, film, layers, maps, mistakes, prune, robustness

app = new_app("Look inside a run's network.", no_args_is_help=True)
for command in (
    layers.activations,
    layers.kernels,
    layers.pixel,
    maps.attribute,
    driving.top,
    driving.maximise,
    driving.embedding,
    mistakes.mistakes,
    film.film,
    census.census,
    prune.prune,
    robustness.robustness,
):
    app.command(cls=Command)(command)
