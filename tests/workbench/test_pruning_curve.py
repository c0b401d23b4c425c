"""How far a network can be cut: the curve, where it stops to be safe, and what a cut run keeps."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file

import toile
from tests.conftest import bars
from toile.errors import ToileError
from toile.evaluation import Estimate
from toile.files import write_json
from toile.inspection import ChannelWorth
from toile.recipe import recipe_text, with_settings
from toile.runs import PRUNING, Run, bundle_run
from toile.runs.tensors import save_arrays
from toile.workbench import Removal, export_run, prune, view_pruning_curve
from toile.workbench.inside.page_section import inside_section
from toile.workbench.pruning import _doubt, _why_nothing_cut
from toile.workbench.pruning_curve import _Cut, _difference, _says, _shown, _too_few
from toile.workbench.surgery import by_layer, rounded_percent, worth_order


@pytest.fixture(scope="module")
def runs(tmp_path_factory, small):
    """Two readings of six filters that have learnt the three kinds of bars."""
    folder = tmp_path_factory.mktemp("bars")
    images, test = bars(300, seed=5), bars(30, seed=6)
    parts = {"x_train": images.pixels[:, 0], "y_train": images.labels}
    np.savez(folder / "bars.npz", **parts, x_test=test.pixels[:, 0], y_test=test.labels)
    recipe = small(epochs=3, name=str(folder / "bars.npz"), size_px=None, validation=80)
    settings = {"network.conv1.filters": 6}
    return [
        toile.train(recipe, seed=seed, settings=settings, out=folder / f"run-{seed}")
        for seed in (0, 1)
    ]


def test_the_curve_begins_whole_and_is_of_images_that_chose_nothing(runs):
    view = view_pruning_curve(runs[:1])
    holdout = runs[0].validation.selection == 0
    right = runs[0].predictions == runs[0].validation.labels
    assert view.record["images"] == holdout.sum()
    assert view.record["channels"] == 6
    # One filter stays.
    assert view.record["cut"] == [0, 1, 2, 3, 4, 5]
    for measure in view.record["measures"].values():
        assert measure["accuracy"][0][0] == right[holdout].mean()
        assert measure["parameters"][0] == runs[0].plan.parameters
        assert sorted(measure["parameters"], reverse=True) == measure["parameters"]
    assert view.values["rise/accuracy"].shape == (1, 6)
    assert view.draw(True).axes


def test_one_channel_is_told_in_the_singular(runs):
    record = view_pruning_curve(runs[:1], margin=1.0).record
    within = record["measures"]["rise"]["within"]
    for num, said in ((1, "1 channel (17 %) is shown to"), (3, "3 channels (50 %) are shown to")):
        within["channels"] = num
        assert any(said in line for line in _says(record))


def test_of_several_readings_the_mean_is_told(runs):
    accuracy = view_pruning_curve(runs).record["measures"]["norm"]["accuracy"]
    each = [view_pruning_curve([run]).record["measures"]["norm"]["accuracy"] for run in runs]
    for at, (mean, low, high) in enumerate(accuracy):
        assert mean == pytest.approx(np.mean([one[at][0] for one in each]))
        assert low <= mean <= high


def test_the_band_drawn_is_the_one_by_which_cuts_are_judged(runs):
    # The last cut before the first whose band reaches under the margin is the one that is said.
    for chosen in (runs, runs[:1]):
        view = view_pruning_curve(chosen, margin=0.05)
        for name, measure in view.record["measures"].items():
            (whole, *_), *cuts = measure["accuracy"]
            is_under = [low < whole - 0.05 for _, low, _ in cuts]
            safe = is_under.index(True) if any(is_under) else len(cuts)
            within = measure["within"]
            assert (0 if within is None else within["channels"]) == safe
            if within is not None:
                change = within["difference"]
                assert cuts[safe - 1][1:] == [whole + change["low"], whole + change["high"]]
            drawn = view.draw(False).axes[0]
            band = drawn.collections[list(view.record["measures"]).index(name)]
            edges = band.get_paths()[0].vertices[:, 1]
            for _, low, high in cuts:
                assert np.isclose(edges, np.clip(low, 0, 1)).any()
                assert np.isclose(edges, np.clip(high, 0, 1)).any()


def test_where_no_cut_is_cheap_enough_the_next_step_is_named(runs):
    one = {"rise": "try --by taylor, the first-order estimate", "taylor": "--finetune 1"}
    for by, step in one.items():
        removal = Removal(until_cost=0.5, by=by)
        assert step in _why_nothing_cut(removal)
        assert step in _doubt(removal, Estimate(-0.01, -0.02, 0.0, 1_000))
    removal = Removal(until_cost=2.5)
    assert _doubt(removal, Estimate(-0.01, -0.02, 0.0, 100)) == ""
    said = _doubt(Removal(until_cost=1.5), Estimate(-0.01, -0.02, 0.0, 100))
    assert said.startswith("the scoring half does not show that this costs at most 1.5 points")
    assert "may cost 2.00" in said


def test_so_few_images_that_no_cut_can_be_shown_are_said_with_the_next_step(runs):
    said = "; ".join(view_pruning_curve(runs[:1]).says)
    n = int((runs[0].validation.selection == 0).sum())
    assert f"{n} images cannot show less than" in said
    few = _Cut(np.ones((3, 600), bool), np.arange(3), np.arange(3))
    assert _too_few([few], 0.003) == (
        "600 images cannot show less than 0.33 points, even where no answer changes: allow more by "
        "--within 0.4, or hold out more validation images when it is trained (data.validation)"
    )
    assert _shown([few], 0.004) == 2
    assert _too_few([few], 0.004) == ""
    assert _too_few([few, few], 0.004) == ""
    doubt = _doubt(Removal(until_cost=0.3), Estimate(0.0, -0.00326, 0.00326, 600))
    # No other order shows what so few images cannot.
    assert doubt.endswith(
        "it may cost 0.33; 600 images cannot show less than 0.33, even where no answer changes, so "
        "allow more points, or hold out more validation images when it is trained (data.validation)"
    )
    assert "cannot show" not in _doubt(Removal(until_cost=0.4), Estimate(-0.01, -0.02, 0.0, 600))


def test_a_network_without_dead_channels_is_told_from_one_that_cannot_be_cut(runs, tmp_path):
    living = shutil.copytree(runs[0].folder, tmp_path / "living")
    weights = load_file(living / "last.safetensors")
    weights["conv1.bias"][:] = 10
    save_arrays(living / "last.safetensors", weights)
    with pytest.raises(ToileError, match=r"nothing of living is dead; .* by --fraction 0.25"):
        prune(living, Removal(dead=True))


def test_a_cut_is_safe_only_where_all_smaller_ones_are_shown_to_be():
    n = 10_000
    right = np.ones((5, n), bool)
    right[2, :100] = False  # A point lost, and found again behind it.
    cut = _Cut(right, np.arange(5), np.arange(5))
    assert _shown([cut], 0.003) == 1
    assert _shown([cut], 0.02) == 4
    right[1, :100] = False
    assert _shown([cut], 0.003) == 0
    # Of few images the same is not shown: the interval reaches too far.
    few = _Cut(np.ones((3, 50), bool), np.arange(3), np.arange(3))
    assert _shown([few], 0.003) == 0


def test_readings_that_agree_are_no_proof_beyond_their_images():
    n = 10_000
    right = np.ones((2, n), bool)
    dead = [_Cut(right, np.arange(2), np.arange(2))] * 3
    # Nothing changes on any image, which is as much as one reading knows.
    value, low, high = _difference(dead, 1)
    alone = _difference(dead[:1], 1)
    assert (value, low, high) == pytest.approx(alone)
    assert low < 0 < high
    assert _shown(dead, 0.0) == 0
    assert _shown(dead, 0.003) == 1
    # Each loses 20 images, others each: the readings tie, the images do not.
    tied = []
    for number in range(2):
        cut = right.copy()
        cut[1, 20 * number : 20 * (number + 1)] = False
        tied.append(_Cut(cut, np.arange(2), np.arange(2)))
    value, low, high = _difference(tied, 1)
    assert value == pytest.approx(-0.002)
    # 40 images change by half: variance of (40 / 4 + 1 - 20 ** 2 / 10,002) / 10,002 ** 2.
    assert low == pytest.approx(value - 1.96 * np.sqrt(10.96) / 10_002, abs=1e-6)
    assert _shown(tied, 0.0025) == 0
    assert _shown(tied, 0.003) == 1


def test_readings_that_spread_have_both_errors():
    right = np.ones((2, 1_000), bool)
    cuts = [_Cut(right.copy(), np.arange(2), np.arange(2)) for _ in range(2)]
    cuts[0].right[1, :20] = False
    value, low, _ = _difference(cuts, 1)
    # Student's with one degree of freedom: 12.7 times the error .01.
    assert value == pytest.approx(-0.01)
    assert value - low > 12.7065 * 0.01
    assert value - low == pytest.approx(12.706 * 0.01, rel=0.01)


def test_readings_of_other_images_are_not_judged_together(runs, small, tmp_path):
    recipe = runs[0].recipe
    other = with_settings(recipe, {"data.split": recipe.data.split + 1, "training.epochs": 1})
    run = toile.train(other, out=tmp_path / "run")
    with pytest.raises(ToileError, match="score on different images, as readings with"):
        view_pruning_curve([runs[0], run])


def test_channels_go_by_each_measure_and_the_best_of_each_layer_stays():
    worths = [
        ChannelWorth("a", np.array([3.0, 1, 2]), np.array([1.0, 2, 3]), np.array([5.0, 6, 4])),
        ChannelWorth("b", np.array([0.5, 9]), np.array([100.0, 10]), np.array([7.0, 1])),
    ]
    assert worth_order(worths, "rise") == [("b", 0), ("a", 1), ("a", 2)]
    # By length relative to the layer's own, since weights of b are tens of times as large.
    assert worth_order(worths, "norm") == [("b", 1), ("a", 0), ("a", 1)]
    assert by_layer(worth_order(worths, "taylor")) == {"b": [1], "a": [2, 0]}


def test_until_cost_stops_at_a_single_channel(runs, monkeypatch):
    # In steps of three of the five, then narrowed: as far as trying every size gets.
    monkeypatch.setattr("toile.workbench.surgery.MOST_TRIED", 2)
    run = runs[0]
    chosen = run.validation.selection == 1
    before = (run.predictions == run.validation.labels)[chosen].mean()
    cost = 100 * (before - 0.5)
    pruned = prune(run, Removal(until_cost=cost))
    after = pruned.run.predictions == run.validation.labels
    assert before - after[chosen].mean() <= cost / 100
    removed = sum(map(len, pruned.removed.values()))
    more = prune(run, Removal(channels=_order(run)[: removed + 1], layer="conv1")).run
    right = (more.predictions == run.validation.labels)[chosen].mean()
    assert removed == 5 or before - right > cost / 100


def _order(run):
    from toile.data import no_progress
    from toile.runs import data_settings, prepare_data
    from toile.workbench.surgery import Surgery

    surgery = Surgery(run, "last", prepare_data(data_settings(run), no_progress), no_progress)
    return [channel for _, channel in worth_order(surgery.ranked(None), "rise")]


def test_a_cut_run_keeps_what_it_came_to_and_its_page_says_it(runs, tmp_path):
    pruned = prune(runs[0], Removal(fraction=0.34))
    assert pruned.run.pruning["sentence"] == pruned.sentence()
    assert runs[0].pruning is None
    origin = inside_section(pruned.run, None).origin
    assert (origin.parent, origin.cut) == (runs[0].id, "2 channels of conv1")
    assert origin.sentence == pruned.sentence()
    bundle = bundle_run(pruned.run, tmp_path / "cut.zip")
    copied, _ = toile.import_bundle(bundle, tmp_path / "elsewhere")
    assert copied.pruning == pruned.run.pruning
    assert np.array_equal(copied.validation.logits, pruned.run.validation.logits)
    assert str(runs[0].folder) not in (copied.folder / "recipe.yaml").read_text()


def test_a_price_is_said_to_be_of_the_weights_it_was_of(runs):
    child = prune(runs[0], Removal(fraction=0.34)).run
    assert child.pruning["epoch"] == 0
    toile.resume(child, epochs=1)
    origin = inside_section(child, None).origin
    assert origin.sentence == (
        f"{child.pruning['sentence']}. That was at epoch 0; the weights of epoch 1 were not "
        "measured"
    )
    # A record of before the epoch was kept.
    record = {key: value for key, value in child.pruning.items() if key != "epoch"}
    write_json(child.folder / PRUNING, record)
    assert "before it was trained further" in inside_section(child, None).origin.sentence


def test_the_sentence_of_a_cut_lists_who_pays_and_rounds_nothing_to_all(runs, tmp_path):
    pruned = replace(
        prune(runs[0], Removal(layer="conv1", channels=[0])),
        parameters=(71_250, 85),
        classes=tuple(
            {"class": name, "pays": name != "Bag"} for name in ("Coat", "Bag", "Shirt", "Dress")
        ),
    )
    assert pruned.sentence().startswith("99.9 % smaller, ")
    assert pruned.sentence().endswith(", Coat, Shirt and Dress pay")


def test_a_fraction_of_less_than_a_channel_is_refused_with_the_least(runs):
    with pytest.raises(ToileError, match=r"--fraction is 0.001, which .* of the 6 .*from 0\.17 on"):
        prune(runs[0], Removal(layer="conv1", fraction=0.001))


@pytest.mark.parametrize(
    ("fraction", "said"),
    [(0, "0 %"), (1, "100 %"), (0.314, "31 %"), (0.002, "0.2 %"), (0.9996, "99.96 %")],
)
def test_what_is_neither_none_nor_all_is_not_rounded_to_it(fraction, said):
    assert rounded_percent(fraction) == said


def test_a_cut_whose_fine_tuning_diverged_has_no_price(runs, tmp_path):
    wild = Run(shutil.copytree(runs[0].folder, tmp_path / "wild"))
    recipe = with_settings(
        wild.recipe, {"training.optimizer": {"sgd": {"learning_rate": 1e6, "weight_decay": 1}}}
    )
    (wild.folder / "recipe.yaml").write_text(recipe_text(recipe, complete=True))
    with pytest.raises(ToileError, match=r"diverged: the loss was .* no cost was measured"):
        prune(Run(wild.folder), Removal(fraction=0.34), finetune=1)


def test_a_cut_run_is_exported_as_it_is(runs, tmp_path):
    pruned = prune(runs[0], Removal(layer="conv1", channels=[0, 3]))
    file = export_run(pruned.run, file=tmp_path / "cut.h5").file
    images = bars(20, seed=9).pixels
    own, exported = pruned.run.classifier(), toile.open_classifier(file)
    ours, theirs = (model.model.logits(images) for model in (own, exported))
    assert np.abs(ours - theirs).max() < 1e-4


def test_what_has_nothing_to_cut_is_refused(runs):
    with pytest.raises(ToileError, match="--by is size; it is one of rise, norm, taylor"):
        prune(runs[0], Removal(fraction=0.5, by="size"))
    one = prune(runs[0], Removal(layer="conv1", channels=[0, 1, 2, 3, 4])).run
    with pytest.raises(ToileError, match="one channel in each layer"):
        view_pruning_curve([one])
