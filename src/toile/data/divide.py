"""A test part for sources that have none, by content hash."""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from toile.data.fingerprint import image_hashes
from toile.data.hashes import is_known
from toile.data.images import Images
from toile.errors import ToileError


def divide(images: Images, fraction: float, rule: int, where: str) -> tuple[Images, Images]:
    """Training and test part of `images`, by version `rule` of the rules (see `data.rule`).

    What the source itself holds out for validation stays so, and no copy of it is for testing. With
    a `fraction` of 0 the test part is empty.
    """
    if fraction == 0:
        return images, images.gather(np.empty(0, np.int64))
    training, held_out = images.split_held_out()
    is_test = _by_pixels(training, fraction) if rule == 1 else _by_rank(training, fraction)
    if len(held_out):
        is_test &= ~is_known(training.hashes, np.unique(held_out.hashes))
    _refuse_what_cannot_be_learnt(training, is_test, fraction, where)
    train_indices = np.append(np.flatnonzero(~is_test), np.arange(len(training), len(images)))
    train = replace(images.gather(train_indices), num_held_out=len(held_out))
    return train, training.gather(np.flatnonzero(is_test))


def _by_rank(images: Images, fraction: float) -> Bool[np.ndarray, " n"]:
    """Of each class the `fraction` of its distinct pictures whose files have the lowest hashes.

    Neither size nor colour plays a part. Copies go together and count once, also those saved in
    another format; a class has a picture for testing where it has two. A picture that stands in two
    classes is not for testing, as no answer to it would be right.
    """
    file_hashes, pixel_hashes = images.hashes.T
    pictures, picture_indices = np.unique(pixel_hashes, return_inverse=True)
    ranks = np.full(len(pictures), np.iinfo(np.uint64).max)
    np.minimum.at(ranks, picture_indices, file_hashes)
    members = [
        np.unique(picture_indices[images.labels == label]) for label in np.unique(images.labels)
    ]
    num_classes = np.bincount(np.concatenate(members), minlength=len(pictures))
    is_test = np.zeros(len(pictures), bool)
    for in_class in members:
        # Halves are rounded up, which round() does not do; one picture is kept for training.
        quota = min(max(int(fraction * len(in_class) + 0.5), 1), len(in_class) - 1)
        candidates = in_class[num_classes[in_class] == 1]
        is_test[candidates[np.argsort(ranks[candidates])][:quota]] = True
    return np.asarray(is_test[picture_indices])


def _by_pixels(images: Images, fraction: float) -> Bool[np.ndarray, " n"]:
    """The images whose pixel hash, after any resizing, falls in the lowest `fraction`."""
    # Eight bytes are more than a float64 resolves; the other 24 of the hash would add nothing.
    positions = [int.from_bytes(image[:8]) / 2**64 for image in image_hashes(images)]
    return np.array(positions) < fraction


def _refuse_what_cannot_be_learnt(
    images: Images, is_test: Bool[np.ndarray, " n"], fraction: float, where: str
) -> None:
    if not is_test.any():
        raise ToileError(
            f"{where}: has no test part, and data.test = {fraction} of {len(images)} images took "
            "none; set data.test higher, add images, or lay a test part beside the training part"
        )
    only_test = np.setdiff1d(images.labels[is_test], images.labels[~is_test])
    if len(only_test):
        raise ToileError(
            f"{where}: has no test part, and data.test = {fraction} took every image of class "
            f"{only_test[0]}; set data.test lower, add images, or lay a test part beside the "
            "training part"
        )
