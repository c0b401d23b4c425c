import pytest
import torch

from toile.recipe import optimizers
from toile.training import adadelta
from toile.training.optimizer import make_optimizer, set_rate


class OneWeight(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([1.0]))


def path(settings, gradients):
    """Where one weight, begun at 1, stands after each gradient."""
    network = OneWeight()
    optimizer = make_optimizer(settings, network)
    places = []
    for gradient in gradients:
        network.weight.grad = torch.tensor([float(gradient)])
        optimizer.step()
        places.append(network.weight.item())
    return places


def test_plain_sgd_takes_rate_times_gradient():
    assert path(optimizers.SGD(learning_rate=0.1), [1, 2]) == pytest.approx([0.9, 0.7])


def test_momentum_keeps_its_share_of_the_last_step():
    # 1 - .1 = .9, then the step is .1 (2 + .9 * 1)
    assert path(optimizers.SGD(learning_rate=0.1, momentum=0.9), [1, 2]) == pytest.approx(
        [0.9, 0.61]
    )


def test_adams_first_step_is_its_rate_whatever_the_gradient():
    assert path(optimizers.Adam(learning_rate=0.1), [50.0]) == pytest.approx([0.9])


def test_kerass_epsilon_reaches_adam():
    # g = eps: sqrt(v) = 1e-7, so the step is half the rate
    settings = optimizers.Adam(learning_rate=0.1, epsilon=1e-7)
    assert path(settings, [1e-7]) == pytest.approx([0.95])


def test_adadeltas_first_step_follows_its_formula():
    # E[g2] = .1, step = sqrt(1e-6) / sqrt(.1 + 1e-6)
    expected = 1 - (1e-6**0.5) / (0.1 + 1e-6) ** 0.5
    assert path(optimizers.Adadelta(), [1.0]) == pytest.approx([expected])


def test_rmsprops_first_step_follows_its_formula():
    # v = .1 g2, step = rate / sqrt(.1)
    assert path(optimizers.RMSprop(learning_rate=0.01), [1.0]) == pytest.approx(
        [1 - 0.01 / 0.1**0.5]
    )


def test_decoupled_decay_does_not_pass_through_the_gradient():
    assert path(optimizers.AdamW(learning_rate=0.1, weight_decay=0.5), [0.0]) == pytest.approx(
        [0.95]
    )


def test_the_schedules_factor_multiplies_each_groups_own_rate():
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Linear(2, 2))
    optimizer = make_optimizer(
        optimizers.Muon(learning_rate=0.02, adamw_learning_rate=0.002), network
    )
    set_rate(optimizer, 0.5)
    assert [group["lr"] for group in optimizer.param_groups] == [0.01, 0.001]


def test_muon_leaves_biases_and_the_last_layer_to_adamw():
    network = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3),
        torch.nn.BatchNorm2d(2),
        torch.nn.Linear(2, 4),
        torch.nn.Linear(4, 2),
    )
    groups = make_optimizer(optimizers.Muon(), network).param_groups
    assert [weight.dim() for weight in groups[0]["params"]] == [4, 2]
    assert [tuple(weight.shape) for weight in groups[1]["params"]] == [
        (2,),
        (2,),
        (2,),
        (4,),
        (2, 4),
        (2,),
    ]


def test_a_setting_of_every_optimiser_reaches_torch():
    for kind in (
        optimizers.SGD,
        optimizers.Adam,
        optimizers.AdamW,
        optimizers.Adadelta,
        optimizers.RMSprop,
    ):
        settings = kind(learning_rate=0.123, weight_decay=0.0456)
        group = make_optimizer(settings, OneWeight()).param_groups[0]
        assert (group["lr"], group["weight_decay"]) == (0.123, 0.0456)


@pytest.mark.parametrize("piece", [7, 110, 1000])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_adadelta_in_pieces_has_the_path_and_the_state_of_torchs(decay, piece, monkeypatch):
    monkeypatch.setattr(adadelta, "PIECE", piece)
    torch.manual_seed(0)
    mine, theirs = (torch.nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last) for _ in "ab")
    theirs.load_state_dict(mine.state_dict())
    settings = optimizers.Adadelta(learning_rate=0.7, weight_decay=decay)
    ours = make_optimizer(settings, mine)
    assert isinstance(ours, adadelta.PiecewiseAdadelta)
    group = ours.param_groups[0]
    known = {key: group[key] for key in ("lr", "rho", "eps", "weight_decay")}
    torchs = torch.optim.Adadelta(theirs.parameters(), **known)
    for _ in range(3):
        for one, other in zip(mine.parameters(), theirs.parameters(), strict=True):
            one.grad = torch.empty_like(one).normal_()
            other.grad = one.grad.clone()
        ours.step()
        torchs.step()
    for one, other in zip(mine.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other)
        for key, value in torchs.state[other].items():
            torch.testing.assert_close(ours.state[one][key], value)


def test_adadelta_joins_small_weights_again_after_their_state_was_restored():
    def moved(restored: bool) -> list[torch.Tensor]:
        torch.manual_seed(0)
        network = torch.nn.Linear(3, 2)
        ours = make_optimizer(optimizers.Adadelta(), network)
        for step in range(4):
            for one in network.parameters():
                one.grad = torch.full_like(one, step - 1.5)
            ours.step()
            if restored:
                for state in ours.state.values():
                    state |= {key: value.clone() for key, value in state.items()}
        first, second = (ours.state[one]["square_avg"] for one in network.parameters())
        assert restored or first._base is second._base is not None
        return list(network.parameters())

    for mine, theirs in zip(moved(True), moved(False), strict=True):
        assert torch.equal(mine, theirs)


def test_frozen_weights_are_left_out():
    network = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    network[0].requires_grad_(False)
    optimizer = make_optimizer(optimizers.SGD(), network)
    assert [id(one) for one in optimizer.param_groups[0]["params"]] == list(
        map(id, network[1].parameters())
    )


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_a_step_follows_the_gradient_however_that_lies_in_memory(make_fit, optimizer):
    fused, plain = (make_fit(training__optimizer=optimizer) for _ in range(2))
    for group in plain.optimizer.param_groups:
        group["fused"] = False
    for fit in (fused, plain):
        fit.gradient.train_mode()
        fit.gradient.compute(fit.batches.epoch(0), 0)
        fit.optimizer.step()
    for name, weight in plain.network.named_parameters():
        assert torch.allclose(fused.network.get_parameter(name), weight, atol=1e-6), name
