"""The loss and its gradient are those of torch's cross-entropy."""

import pytest
import torch
from torch.nn import functional as F

from toile.engine.loss import smoothed_cross_entropy


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("parts", [1, 3])
def test_parts_of_a_batch_sum_to_torchs_mean_and_have_its_gradient(smoothing, parts):
    logits = (torch.randn(7, 4) * 5).requires_grad_()
    labels = torch.tensor([0, 3, 3, 1, 2, 0, 1])
    expected = F.cross_entropy(logits, labels, label_smoothing=smoothing)
    (gradient,) = torch.autograd.grad(expected, logits)

    pieces = zip(logits.detach().tensor_split(parts), labels.tensor_split(parts), strict=True)
    losses, cross_entropies, found = zip(
        *(smoothed_cross_entropy(*piece, smoothing, 7) for piece in pieces), strict=True
    )

    torch.testing.assert_close(sum(losses), expected.detach())
    cross_entropy = F.cross_entropy(logits.detach(), labels, reduction="sum")
    torch.testing.assert_close(sum(cross_entropies), cross_entropy)
    torch.testing.assert_close(torch.cat(found), gradient)


def test_a_logit_of_a_hundred_is_no_infinity():
    loss, _, gradient = smoothed_cross_entropy(
        torch.tensor([[100.0, -100.0]]), torch.tensor([1]), 0.0, 1
    )
    assert float(loss) == 200
    assert gradient.tolist() == [[1, -1]]
