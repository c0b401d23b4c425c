import pytest
import torch

from toile.training.ema import update_ema


def pair():
    average, network = torch.nn.BatchNorm1d(1), torch.nn.BatchNorm1d(1)
    with torch.no_grad():
        average.weight.fill_(0)
        network.weight.fill_(1)
    return average, network


def test_late_in_training_it_moves_by_the_share_not_kept():
    average, network = pair()
    update_ema(average, network, 0.9, step=100_000)
    assert average.weight.item() == pytest.approx(0.1)


def test_the_first_step_keeps_two_elevenths_of_the_untrained_weights():
    average, network = pair()
    update_ema(average, network, 0.9, step=1)
    assert average.weight.item() == pytest.approx(1 - 2 / 11)


def test_batch_statistics_are_averaged_and_counts_copied():
    average, network = pair()
    network.running_mean.fill_(4.0)
    network.num_batches_tracked.fill_(7)
    update_ema(average, network, 0.75, step=100_000)
    assert average.running_mean.item() == pytest.approx(1.0)
    assert average.num_batches_tracked.item() == 7
