import numpy as np
import pytest

from toile.evaluation import label_errors


def test_thresholds_joint_and_suspects_are_those_counted_by_hand():
    probabilities = np.array(
        [[0.9, 0.1], [0.7, 0.3], [0.1, 0.9], [0.2, 0.8], [0.6, 0.4], [0.45, 0.55]]
    )
    labels = np.array([0, 0, 0, 1, 1, 1])
    found = label_errors(probabilities, labels)
    # Means of .9, .7, .1 and of .8, .4, .55.
    np.testing.assert_allclose(found.thresholds, [1.7 / 3, 1.75 / 3])
    # The last image reaches neither threshold.
    assert found.joint.tolist() == [[2, 1], [1, 1]]
    assert found.indices.tolist() == [2, 4]
    assert found.suspected.tolist() == [1, 0]
    np.testing.assert_allclose(found.margins, [0.8, 0.2])
    # A third of three images, and a half of three.
    assert found.expected == pytest.approx(2.5)


def test_equal_margins_keep_their_order_and_a_threshold_is_reached_despite_rounding():
    # The mean of three .1 is above .1 in floating point.
    probabilities = np.array([[0.9, 0.1]] * 3 + [[0.8, 0.2]])
    found = label_errors(probabilities, np.array([1, 1, 1, 0]))
    assert found.joint.tolist() == [[1, 0], [3, 0]]
    assert found.indices.tolist() == [0, 1, 2]


def test_a_class_without_images_is_never_suspected():
    found = label_errors(np.array([[0.1, 0.2, 0.7], [0.2, 0.8, 0.0]]), np.array([0, 1]))
    assert found.thresholds[2] == np.inf
    assert found.joint[:, 2].sum() == 0


def noisy(seed: int, n: int = 600, k: int = 4):
    """Out-of-fold probabilities of a fair network, and labels of which every tenth is wrong."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k)) + 4 * np.eye(k)[true]
    powers = np.exp(logits)
    labels = true.copy()
    labels[::10] = (true[::10] + rng.integers(1, k, len(true[::10]))) % k
    return powers / powers.sum(1, keepdims=True), labels, np.arange(0, n, 10)


@pytest.mark.parametrize("seed", range(3))
def test_planted_wrong_labels_are_found_and_ranked_first(seed):
    probabilities, labels, planted = noisy(seed)
    found = label_errors(probabilities, labels)
    assert set(found.indices[:40]) <= set(planted)
    assert len(set(planted) & set(found.indices)) >= 40
    assert 45 <= found.expected <= 75


@pytest.mark.parametrize("seed", range(3))
def test_it_agrees_with_cleanlab(seed):
    """Where its answer is confident too: it takes the likeliest class of all, also below its own
    threshold, where several others reach theirs; the paper, and we, the likeliest of those."""
    pytest.importorskip("cleanlab")
    from cleanlab.count import compute_confident_joint, get_confident_thresholds
    from cleanlab.filter import find_label_issues

    probabilities, labels, _ = noisy(seed)
    reaches = probabilities >= get_confident_thresholds(labels, probabilities) - 1e-6
    same = reaches[np.arange(len(labels)), probabilities.argmax(1)] | (reaches.sum(1) < 2)
    assert same.all()
    found = label_errors(probabilities, labels)
    np.testing.assert_allclose(found.thresholds, get_confident_thresholds(labels, probabilities))
    joint = compute_confident_joint(labels, probabilities, calibrate=False)
    assert found.joint.tolist() == joint.tolist()
    issues = find_label_issues(
        labels,
        probabilities,
        filter_by="confident_learning",
        return_indices_ranked_by="normalized_margin",
        min_examples_per_class=0,
        n_jobs=1,
    )
    assert set(found.indices.tolist()) == set(issues.tolist())
    # Its margin is to the likeliest other class, which is the suspected one here.
    assert found.indices.tolist() == issues.tolist()
