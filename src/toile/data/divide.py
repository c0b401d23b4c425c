"""A test part for sources that have none, by content hash."""

import numpy as np

from toile.data.fingerprint import image_hashes
from toile.data.images import Images
from toile.errors import ToileError


def divide_by_content(images: Images, share: float, where: str) -> tuple[Images, Images]:
    """Training and test part: an image is for testing where its hash falls in the lowest `share`.

    A pure function of the pixels: duplicates fall on the same side, and adding images moves none
    of those that were there.
    """
    hashes = image_hashes(images)
    # Eight bytes are more than a float64 resolves; the other 24 of the hash would add nothing.
    places = np.array([int.from_bytes(image[:8]) / 2**64 for image in hashes])
    is_test = places < share
    if not is_test.any():
        raise ToileError(
            f"{where}: has no test part, and data.test = {share} of {len(images)} images took "
            "none; set data.test higher, add images, or lay a test part beside the training part"
        )
    only_test = np.setdiff1d(images.labels[is_test], images.labels[~is_test])
    if len(only_test):
        raise ToileError(
            f"{where}: has no test part, and data.test = {share} took every image of class "
            f"{only_test[0]}; set data.test lower, add images, or lay a test part beside the "
            "training part"
        )
    return images.take(np.flatnonzero(~is_test)), images.take(np.flatnonzero(is_test))
