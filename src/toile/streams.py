"""Random streams: every random choice is a pure function of a seed, a purpose and counters.

So a run that was killed has no generator state to lose: the stream of step 1234 is the same
whether or not the steps before it were computed in this process.
"""

import hashlib

import numpy as np

PURPOSES = {
    "split": "which training images are held out, and which of those choose",
    "init/": "the first weights of the layer named behind it",
    "order": "in which order an epoch meets the images",
    "dropout/": "what the layer named behind it drops in a step",
    "augment/flip": "which images an epoch mirrors",
    "augment/shift": "by how much it shifts each",
    "augment/warp": "by how much it turns, shears and zooms each",
    "augment/brightness": "by how much it brightens each",
    "augment/erase": "what it erases of each",
    "augment/noise": "the noise of a batch",
    "search": "a trial's sampler",
    "census": "on which training images units are counted",
    "inspect/sample": "which images are looked at from inside",
    "inspect/picture": "which picture is, where none is named",
    "randomise/": "the order of the weights of the layer named behind it, shuffled",
    "maximise": "where a picture that drives a channel begins",
    "removal curves": "random maps, and in which order equal pixels go",
    "baselines": "which training images simple classifiers learn from, where there are too many",
    "augmented set": "which training pictures an augmented set has one variant more of",
    "synthetic digits": "style, form, place and greys of synthetic digits",
    "corrupt/": "what the corruption named behind it does to each picture",
    "attack": "where an attack on a picture begins",
    "no class/noise": "pictures of noise",
    "no class/blank": "pictures of one colour",
}
"""All that is drawn. To rename one is to change the bits of every run that draws it."""


def stream_seed(seed: int, purpose: str, *counters: int) -> int:
    """A 64-bit seed for one stream of random numbers, in [0, 2**63).

    `purpose` is one of `PURPOSES`, with a layer's name behind one that ends in `/`; `counters` say
    when (epoch, step). Different arguments give unrelated streams.
    """
    head, slash, _ = purpose.partition("/")
    assert purpose in PURPOSES or head + slash in PURPOSES, purpose
    words = "/".join((str(seed), purpose, *map(str, counters)))
    return int.from_bytes(hashlib.blake2b(words.encode(), digest_size=8).digest()) >> 1


def numpy_stream(seed: int, purpose: str, *counters: int) -> np.random.Generator:
    """A numpy generator for one stream, seeded by `stream_seed`."""
    return np.random.Generator(np.random.PCG64(stream_seed(seed, purpose, *counters)))
