"""The ways to attribute an answer to pixels: what each is, and where it comes from."""

from dataclasses import dataclass

from toile.errors import ToileError, did_you_mean


@dataclass(frozen=True)
class Method:
    """A way to attribute: what its map shows, and the paper.

    `of_channels` says whether it can ask for a channel inside the network as for a class; `signed`
    whether its numbers are for and against.
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
            "how strongly each pixel, changed a little, changes the number: |gradient|",
            "Simonyan, Vedaldi and Zisserman 2013, arXiv:1312.6034",
        ),
        Method(
            "deconvolution",
            "what would drive the number, traced back through pools and ReLUs that let only what "
            "is above 0 through",
            "Zeiler and Fergus 2013, arXiv:1311.2901",
            signed=True,
        ),
        Method(
            "guided",
            "the gradient, of which each ReLU lets through what is above 0 on the way there and "
            "back",
            "Springenberg et al. 2014, arXiv:1412.6806",
            signed=True,
        ),
        Method(
            "integrated",
            "each pixel's contribution to the number, gathered from an empty picture to this one; "
            "they add up to the difference",
            "Sundararajan, Taly and Yan 2017, arXiv:1703.01365",
            signed=True,
        ),
        Method(
            "occlusion",
            "how far the number falls where a square of the picture is covered",
            "Zeiler and Fergus 2013, arXiv:1311.2901",
            signed=True,
        ),
        Method(
            "gradcam",
            "where a layer's channels speak for the class, weighted by their mean gradient",
            "Selvaraju et al. 2016, arXiv:1610.02391",
            of_channels=False,
        ),
        Method(
            "cam",
            "where the last maps speak for the class, by the weights of the dense layer",
            "Zhou et al. 2015, arXiv:1512.04150",
            of_channels=False,
            signed=True,
        ),
    )
}


def method_of(name: str) -> Method:
    """The method called `name`. Raises ToileError with those there are."""
    if name not in METHODS:
        raise ToileError(
            f"method is {name}{did_you_mean(name, METHODS)}; it is one of {', '.join(METHODS)}"
        )
    return METHODS[name]
