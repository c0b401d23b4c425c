"""Random streams: every random choice is a pure function of a seed, a purpose and counters.

So a run that was killed has no generator state to lose: the stream of step 1234 is the same
whether or not the steps before it were computed in this process.
"""

import hashlib

import numpy as np


def stream_seed(seed: int, purpose: str, *counters: int) -> int:
    """A 64-bit seed for one stream of random numbers, in [0, 2**63).

    `purpose` names what is drawn ("order", "init/conv1", "dropout/dropout2"); `counters` say when
    (epoch, step). Different arguments give unrelated streams.
    """
    words = "/".join((str(seed), purpose, *map(str, counters)))
    return int.from_bytes(hashlib.blake2b(words.encode(), digest_size=8).digest()) >> 1


def numpy_stream(seed: int, purpose: str, *counters: int) -> np.random.Generator:
    """A numpy generator for one stream, seeded by `stream_seed`."""
    return np.random.Generator(np.random.PCG64(stream_seed(seed, purpose, *counters)))
