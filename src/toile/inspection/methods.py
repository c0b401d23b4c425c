"""The methods of attribution, with what their maps show and their papers."""

from dataclasses import dataclass

from toile.errors import not_one_of


@dataclass(frozen=True)
class Method:
    """A method of attribution: what its map shows, and its paper.

    `of_channels` says whether it can explain a channel inside the network as well as a class;
    `signed` whether its values are for (positive) and against (negative).
    """

    name: str
    says: str
    reference: str
    of_channels: bool = True
    signed: bool = False


METHODS = {
    method.name: method
    for method in (
        Method(
            "saliency",
            "how strongly a small change of each pixel changes the output: |gradient|",
            "Simonyan, Vedaldi and Zisserman 2013, arXiv:1312.6034",
        ),
        Method(
            "deconvolution",
            "the pattern that increases the output, traced back through ReLUs that pass only "
            "positive gradients",
            "Zeiler and Fergus 2013, arXiv:1311.2901",
            signed=True,
        ),
        Method(
            "guided",
            "the gradient, with each ReLU passing only positive gradients of positive inputs",
            "Springenberg et al. 2014, arXiv:1412.6806",
            signed=True,
        ),
        Method(
            "integrated",
            "each pixel's contribution to the output, summed from an empty picture to this one; "
            "the contributions add up to the difference",
            "Sundararajan, Taly and Yan 2017, arXiv:1703.01365",
            signed=True,
        ),
        Method(
            "occlusion",
            "how far the output falls when a square of the picture is covered",
            "Zeiler and Fergus 2013, arXiv:1311.2901",
            signed=True,
        ),
        Method(
            "gradcam",
            "where a layer's channels support the class, weighted by their mean gradient",
            "Selvaraju et al. 2016, arXiv:1610.02391",
            of_channels=False,
        ),
        Method(
            "cam",
            "where the last maps support the class, by the weights of the dense layer",
            "Zhou et al. 2015, arXiv:1512.04150",
            of_channels=False,
            signed=True,
        ),
    )
}


def method_of(name: str) -> Method:
    """The method called `name`. Raises ToileError, which lists the methods, if there is none."""
    if name not in METHODS:
        raise not_one_of("method", name, METHODS)
    return METHODS[name]
