import pytest
import torch

from toile.recipe import recipe_of
from toile.training import all_threads, prepare_torch


@pytest.fixture
def training():
    """Of two threads, one for each part of a batch."""
    before = torch.get_num_threads()
    yield recipe_of({"network": ["flatten"], "training": {"threads": 2, "shards": 2}}).training
    torch.set_num_threads(before)


def test_where_workers_stand_still_torch_has_their_threads_for_a_while(training):
    prepare_torch(training)
    assert torch.get_num_threads() == 1
    with all_threads(training):
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 1


def test_an_error_gives_them_back(training):
    prepare_torch(training)
    with pytest.raises(ZeroDivisionError), all_threads(training):
        raise ZeroDivisionError
    assert torch.get_num_threads() == 1


def test_where_the_environment_limits_threads_torch_takes_no_more(training, monkeypatch):
    monkeypatch.setenv("OMP_THREAD_LIMIT", "1")
    prepare_torch(training)
    with all_threads(training):
        assert torch.get_num_threads() == 1
