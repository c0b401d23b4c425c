import pytest
import torch

from toile.training.muon import MuonOptimizer, orthogonalise


@pytest.mark.parametrize("shape", [(8, 8), (4, 20), (20, 4)])
def test_orthogonalised_matrices_have_singular_values_near_1(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalise(matrix, 5))
    assert values.min() > 0.6
    assert values.max() < 1.3


def test_in_bfloat16_a_large_matrix_moves_as_in_float32_to_its_precision():
    moved = []
    for bfloat16 in (False, True):
        weight = torch.nn.Parameter(torch.zeros(100, 120))
        group = {"params": [weight], "orthogonal": True, "lr": 1.0, "momentum": 0.9, "steps": 5}
        muon = MuonOptimizer([group], bfloat16)
        weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(0))
        muon.step()
        moved.append(weight.detach().clone())
    assert not torch.equal(*moved)
    assert (moved[1] - moved[0]).norm() < 0.05 * moved[0].norm()


def test_orthogonalising_keeps_the_singular_vectors():
    matrix = torch.diag(torch.tensor([3.0, 1.0, 0.5]))
    result = orthogonalise(matrix, 5)
    assert torch.allclose(result, torch.diag(torch.diag(result)), atol=1e-6)
    assert (torch.diag(result) > 0.6).all()


def test_weights_that_are_not_matrices_move_as_in_torchs_adamw():
    torch.manual_seed(0)
    mine, theirs = (torch.nn.Parameter(torch.ones(5)) for _ in range(2))
    muon = MuonOptimizer([{"params": [mine], "orthogonal": False, "lr": 0.1, "weight_decay": 0.3}])
    adamw = torch.optim.AdamW([theirs], lr=0.1, betas=(0.9, 0.95), weight_decay=0.3)
    for _ in range(4):
        gradient = torch.randn(5)
        mine.grad, theirs.grad = gradient.clone(), gradient.clone()
        muon.step()
        adamw.step()
    assert torch.allclose(mine, theirs, atol=1e-6)


def test_a_step_moves_a_matrix_by_its_rate_whatever_the_gradients_size():
    moves = []
    for size in (1e-3, 1e3):
        weight = torch.nn.Parameter(torch.zeros(6, 6))
        muon = MuonOptimizer(
            [{"params": [weight], "orthogonal": True, "lr": 0.1, "momentum": 0.95, "steps": 5}]
        )
        weight.grad = size * torch.eye(6)
        muon.step()
        moves.append(weight.detach().clone())
    assert torch.allclose(*moves, atol=1e-4)
    assert 0.07 < -moves[0][0, 0] < 0.13


def test_a_convolution_is_one_matrix_of_its_filters():
    weight = torch.nn.Parameter(torch.zeros(4, 2, 3, 3).to(memory_format=torch.channels_last))
    muon = MuonOptimizer(
        [{"params": [weight], "orthogonal": True, "lr": 1.0, "momentum": 0.0, "steps": 5}]
    )
    weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(0))
    muon.step()
    values = torch.linalg.svdvals(weight.detach().flatten(1))
    assert values.min() > 0.6
    assert values.max() < 1.3
