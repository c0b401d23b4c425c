from itertools import chain

import numpy as np
import pytest
import torch

from toile.data import MappedPixels
from toile.engine.batches import Batches
from toile.network import Pixels
from toile.recipe import Augmentation

PLAIN = Augmentation()
UNIT = Pixels((0.0,), (1.0,))


def batches(n=10, augmentation=PLAIN, seed=0, background=(0.0,)):
    images = torch.arange(n, dtype=torch.uint8).view(n, 1, 1, 1).expand(n, 1, 4, 4).contiguous()
    return Batches(images, torch.arange(n), UNIT, augmentation, background, 4, seed)


def shown(epoch, steps):
    return [epoch[index][1].tolist() for index in range(steps)]


def test_an_epoch_shows_every_picture_once_and_ends_with_a_smaller_batch():
    whole = batches()
    labels = shown(whole.epoch(0), whole.per_epoch)
    assert [len(batch) for batch in labels] == [4, 4, 2]
    assert sorted(chain.from_iterable(labels)) == list(range(10))


def test_pictures_stay_with_their_labels():
    images, labels = batches().epoch(0)[1]
    assert (images[:, 0, 0, 0] * 255).round().tolist() == labels.tolist()


def test_each_epoch_has_an_order_of_its_own_that_its_number_alone_decides():
    whole = batches()
    assert shown(whole.epoch(0), 3) != shown(whole.epoch(1), 3)
    assert shown(batches().epoch(1), 3) == shown(whole.epoch(1), 3)
    assert shown(batches(seed=1).epoch(1), 3) != shown(whole.epoch(1), 3)


def test_augmentation_does_not_change_the_order():
    assert shown(batches(augmentation=Augmentation(shift=1)).epoch(0), 3) == shown(
        batches().epoch(0), 3
    )


def test_what_is_shifted_in_has_the_grey_of_the_border():
    whole = batches(1, Augmentation(shift=3), background=(1.0,))
    corners = {
        whole.epoch(epoch)[0][0][0, 0, row, column].item()
        for epoch in range(20)
        for row in (0, 3)
        for column in (0, 3)
    }
    assert corners == {0.0, 1.0}


def test_standard_scaling_subtracts_the_mean_and_divides_by_the_sd():
    scaled = Pixels((0.5, 0.0), (0.25, 1.0)).scaled(
        torch.tensor([[[[255]], [[51]]]], dtype=torch.uint8)
    )
    assert torch.allclose(scaled.flatten(), torch.tensor([2.0, 0.2]))


def test_a_single_last_picture_joins_the_batch_before_it():
    whole = batches(9)
    assert [len(batch) for batch in shown(whole.epoch(0), whole.per_epoch)] == [4, 5]
    assert sorted(chain.from_iterable(shown(whole.epoch(0), 2))) == list(range(9))


def test_a_single_picture_is_a_batch():
    assert shown(batches(1).epoch(0), batches(1).per_epoch) == [[0]]


def test_the_parts_of_a_batch_are_together_what_the_batch_is():
    epoch = batches(10, Augmentation(shift=1, flip="alternate")).epoch(0)
    images, labels = epoch[0]
    parts = [epoch.part(0, number, 3) for number in range(3)]
    assert [len(part[1]) for part in parts] == [2, 1, 1]
    assert torch.equal(torch.cat([part[0] for part in parts]), images)
    assert torch.equal(torch.cat([part[1] for part in parts]), labels)


def test_every_part_has_noise_of_its_own():
    whole = batches(8, Augmentation(noise=0.2))
    whole.images[:] = 100
    epoch = whole.epoch(0)
    first, second = (epoch.part(0, number, 2)[0] for number in range(2))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("count", [1, 2])
def test_of_pixels_in_a_file_the_next_batch_is_asked_for_before_each_is_read(monkeypatch, count):
    log: list[tuple[str, list[int]]] = []
    read = MappedPixels.__getitem__

    def reading(pixels, indices):
        log.append(("read", indices.tolist()))
        return read(pixels, indices)

    monkeypatch.setattr(MappedPixels, "__getitem__", reading)
    monkeypatch.setattr(
        MappedPixels, "prefetch", lambda pixels, indices: log.append(("ask", indices.tolist()))
    )
    images = MappedPixels.all_of(np.zeros((10, 1, 2, 2), np.uint8))
    labels = torch.arange(10)
    epoch = Batches(images, labels, UNIT, PLAIN, (0.0,), 4, 0).epoch(0)
    expected: list[tuple[str, list[int]]] = []
    order = [epoch.order[:4], epoch.order[4:8], epoch.order[8:]]
    parts = [[part.tolist() for part in batch.tensor_split(count)] for batch in order]
    for index in range(3):
        for number in range(count):
            epoch.part(index, number, count)
            expected += [("ask", parts[index + 1][number])] if index < 2 else []
            expected.append(("read", parts[index][number]))
    assert log == expected
