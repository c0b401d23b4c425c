"""The split: exact totals, fair classes, two halves, and what is done when too much is asked."""

from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toile.data import Images, split_data
from toile.data.split import apportion
from toile.errors import ToileError
from toile.recipe import Data


def numbered(labels) -> Images:
    """Images whose pixels spell their own index."""
    labels = np.asarray(labels)
    pixels = np.arange(len(labels), dtype=np.uint32).view(np.uint8).reshape(-1, 1, 2, 2)
    return Images(pixels, labels.astype(np.int64))


def indices_of(images: Images) -> list[int]:
    return images.pixels.reshape(-1, 4).copy().view(np.uint32)[:, 0].tolist()


def test_classes_get_their_share_by_largest_remainder():
    # 7 of 10: 4.2, 2.1 and .7 give 4, 2, 0 and the one left goes to the largest remainder.
    counts = np.array([6, 3, 1])
    assert apportion(7, counts, most=counts).tolist() == [4, 2, 1]
    assert apportion(7, counts, most=np.array([5, 2, 0])).tolist() == [5, 2, 0]
    assert apportion(9, counts, most=np.array([5, 2, 0])).tolist() == [5, 2, 0]


def test_the_total_is_the_one_asked_for_and_no_image_is_lost_or_doubled():
    train = numbered([0] * 50 + [1] * 30 + [2] * 21)
    split = split_data(train, Data(validation=33))
    assert len(split.validation) == 33
    assert sorted(indices_of(split.train) + indices_of(split.validation)) == list(range(101))
    assert indices_of(split.validation) == split.validation_indices.tolist()
    assert np.bincount(split.validation.labels).tolist() == [16, 10, 7]
    assert split.note is None


def test_images_keep_their_labels():
    labels = np.random.default_rng(0).integers(0, 5, 200)
    split = split_data(numbered(labels), Data(validation=0.25))
    for part in (split.train, split.validation):
        assert np.array_equal(part.labels, labels[indices_of(part)])


def test_half_of_each_class_chooses_and_the_other_half_scores():
    split = split_data(numbered([0] * 100 + [1] * 60), Data(validation=40))
    choosing = split.validation.labels[split.selection]
    assert np.bincount(split.validation.labels).tolist() == [25, 15]
    assert np.bincount(choosing).tolist() == [13, 7]


def in_both_halves(images: Images, rule: int) -> set[int]:
    """Marks of pictures in the choosing and in the scoring half."""
    split = split_data(images, Data(validation=40, rule=rule))
    choosing, scoring = (
        split.validation.hashes[half] for half in (split.selection, ~split.selection)
    )
    assert min(len(choosing), len(scoring)) > 0
    return set(choosing.ravel().tolist()) & set(scoring.ravel().tolist())


def test_copies_lie_in_one_half_of_validation():
    twice = numbered([0, 1] * 40).gather(np.repeat(np.arange(40), 2))
    assert in_both_halves(twice, rule=2)
    assert not in_both_halves(twice, rule=3)
    # Of three in a row the first two are one file, the last two the same pixels.
    files, pixels = np.repeat([0, 1, 2], [2, 1, 0]), np.repeat([0, 1, 2], [1, 2, 0])
    chained = np.stack([np.tile(files, 30), 1000 + np.tile(pixels, 30)], 1).astype(np.uint64)
    chained += 10 * np.repeat(np.arange(30, dtype=np.uint64), 3)[:, None]
    row = Images(numbered([0] * 90).pixels, np.zeros(90, np.int64), chained)
    assert in_both_halves(row, rule=2)
    assert not in_both_halves(row, rule=3)


def test_where_all_are_copies_there_are_two_halves_all_the_same():
    kinds = np.repeat([[7, 7], [8, 8]], [20, 60], axis=0).astype(np.uint64)
    # Only the twenty are held out, as one part that the data itself keeps for that.
    images = Images(numbered([0] * 80).pixels, np.zeros(80, np.int64), kinds[::-1], num_held_out=20)
    assert len(in_both_halves(images, rule=3)) == 1


def test_the_seed_of_the_split_decides_it():
    train = numbered([0, 1] * 100)
    drawn = [split_data(train, Data(validation=40, split=seed)) for seed in (0, 0, 1)]
    assert np.array_equal(drawn[0].validation_indices, drawn[1].validation_indices)
    assert np.array_equal(drawn[0].selection, drawn[1].selection)
    assert not np.array_equal(drawn[0].validation_indices, drawn[2].validation_indices)


def test_the_split_of_seed_0_is_the_one_it_has_always_been():
    split = split_data(numbered([0] * 10 + [1] * 10), Data(validation=6))
    assert split.validation_indices.tolist() == [7, 8, 9, 11, 12, 18]
    assert split.selection.tolist() == [True, False] * 3


def test_a_number_that_leaves_less_than_half_becomes_a_fifth_and_says_so():
    split = split_data(numbered([0, 1] * 3000), Data(validation=5000))
    assert len(split.validation) == 1200
    assert split.note.startswith("validation: 5000 asked of 6000 images; took 1200, a fifth")


def test_exactly_half_is_as_asked():
    split = split_data(numbered([0, 1] * 50), Data(validation=50))
    assert (len(split.validation), split.note) == (50, None)


def test_every_class_keeps_an_image_for_training():
    split = split_data(numbered([0] * 2 + [1] * 2 + [2]), Data(validation=2))
    assert np.bincount(split.train.labels).tolist() == [1, 1, 1]


def test_too_few_images_to_choose_and_to_score_are_refused():
    with pytest.raises(
        ToileError, match=r"data.validation is 1, 1 of 9 training images; .* least 2"
    ):
        split_data(numbered([0, 1, 0, 1, 0, 1, 0, 1, 0]), Data(validation=1))


def test_the_parts_are_copies():
    train = numbered([0, 1] * 10)
    split = split_data(train, Data(validation=4))
    split.train.pixels[:] = 0
    split.validation.pixels[:] = 0
    assert indices_of(train) == list(range(20))


@settings(max_examples=100, deadline=None)
@given(counts=st.lists(st.integers(0, 40), min_size=1, max_size=8), share=st.floats(0, 1))
def test_apportioned_counts_sum_to_the_total_and_stay_near_their_share(counts, share):
    counts = np.array([*counts, 1])
    total = round(share * counts.sum())
    given_counts = apportion(total, counts, most=counts)
    assert given_counts.sum() == total
    assert (np.abs(given_counts - total * counts / counts.sum()) < 1).all()


@given(
    counts=st.lists(st.integers(1, 12), min_size=2, max_size=5),
    folds=st.integers(2, 6),
    seed=st.integers(0, 3),
)
@settings(max_examples=50)
def test_folds_hold_every_image_out_once_and_each_class_evenly(counts, folds, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    if len(labels) < 2 * folds:
        return
    splits = [
        split_data(numbered(labels), Data(split=seed, folds=folds, fold=fold))
        for fold in range(folds)
    ]
    held_out = [indices_of(split.validation) for split in splits]
    assert sorted(chain.from_iterable(held_out)) == list(range(len(labels)))
    for split, own in zip(splits, held_out, strict=True):
        assert sorted(indices_of(split.train) + own) == list(range(len(labels)))
        assert split.selection.sum() == len(own) // 2
    for label in range(len(counts)):
        shares = [np.count_nonzero(split.validation.labels == label) for split in splits]
        assert max(shares) - min(shares) <= 1


def test_another_seed_makes_other_folds():
    labels = [0, 1] * 20
    one, other = (
        split_data(numbered(labels), Data(split=seed, folds=4)).validation for seed in (0, 1)
    )
    assert indices_of(one) != indices_of(other)


def test_a_fold_that_is_not_there_and_folds_too_small_are_refused():
    for folds, said in ((3, "3"), (None, "off")):
        with pytest.raises(ToileError, match=rf"data\.fold is 3 and data\.folds {said};"):
            split_data(numbered([0, 1] * 9), Data(folds=folds, fold=3))
    with pytest.raises(ToileError, match=r"data\.folds is 4, 1 of 4 training images"):
        split_data(numbered([0, 1, 0, 1]), Data(folds=4))


def test_with_validation_zero_all_images_are_trained_on():
    images = numbered([0, 1] * 6)
    split = split_data(images, Data(validation=0))
    assert np.array_equal(split.train.pixels, images.pixels)
    assert (len(split.validation), split.validation_indices.size, split.selection.size) == (0, 0, 0)
    assert split.note is not None


def test_with_validation_zero_images_that_the_source_holds_out_are_trained_on_too():
    images = replace(numbered([0, 1] * 6), num_held_out=4)
    split = split_data(images, Data(validation=0))
    assert (len(split.train), split.train.num_held_out) == (12, 0)
    assert "the 4 that the data itself holds out are among them" in split.note
