"""Wrong answers of a study's readings, and labels suspected by those that saw no such image."""

import json
import shutil

import numpy as np
import pytest

import toile
from tests.command_line import call
from tests.conftest import bars
from toile.data import load_data
from toile.errors import ToileError
from toile.evaluation import label_errors, probabilities
from toile.runs import Run
from toile.workbench import view_study_mistakes

PLANTED = [5, 40, 77, 123]


@pytest.fixture(scope="module")
def noisy_file(tmp_path_factory):
    """Bars of three kinds; four of the training labels are those of another kind."""
    images = bars(240, seed=5)
    labels = images.labels.copy()
    labels[PLANTED] = (labels[PLANTED] + 1) % 3
    test = bars(30, seed=6)
    file = tmp_path_factory.mktemp("noisy") / "bars.npz"
    parts = {"x_train": images.pixels[:, 0], "y_train": labels}
    np.savez(file, **parts, x_test=test.pixels[:, 0], y_test=test.labels)
    return file


@pytest.fixture(scope="module")
def folded(tmp_path_factory, noisy_file, small):
    """Three folds, each learnt in a few epochs."""
    folder = tmp_path_factory.mktemp("studies") / "folds"
    recipe = small(epochs=15, name=str(noisy_file), size_px=None)
    toile.study(recipe, folds=3, out=folder, on="inline").finish()
    return folder


@pytest.fixture(scope="module")
def repeated(tmp_path_factory, noisy_file, small):
    """Two levels of three readings that have learnt a little, on the same 60 validation images."""
    folder = tmp_path_factory.mktemp("studies") / "filters"
    recipe = small(epochs=2, name=str(noisy_file), size_px=None, validation=60)
    toile.study(
        recipe, vary={"network.conv1.filters": [1, 2]}, readings=3, out=folder, on="inline"
    ).finish()
    return folder


def wrong_by_reading(folder, levels=("1", "2")) -> np.ndarray:
    runs = [Run(folder / "readings" / f"{level}-{n}") for level in levels for n in (1, 2, 3)]
    return np.array([run.predictions != run.validation.labels for run in runs])


def test_what_two_readings_share_is_wrong_in_both(tmp_path, noisy_file, small):
    recipe = small(epochs=1, name=str(noisy_file), size_px=None, validation=60)
    toile.study(recipe, readings=2, out=tmp_path / "two", on="inline").finish()
    found = view_study_mistakes(toile.open_study(tmp_path / "two"))
    always = found.record["always"]
    assert always != 1
    assert f"{always} images are wrong in both: hard, or mislabelled" in found.says


def test_images_are_counted_by_how_many_readings_answer_them_wrong(repeated):
    found = view_study_mistakes(toile.open_study(repeated), count=200)
    wrong = wrong_by_reading(repeated)
    times = wrong.sum(0)
    assert times.max() > 0
    assert found.record["times_wrong"] == np.bincount(times, minlength=7).tolist()
    assert found.record["errors"] == wrong.sum()
    assert found.record["always"] == (times == 6).sum()
    assert found.record["runs"] == ["1-1", "1-2", "1-3", "2-1", "2-2", "2-3"]
    assert np.array_equal(found.values["wrong"], wrong)
    assert found.values["indices"][found.values["order"]].tolist() == [
        one["index"] for one in found.record["mistakes"]
    ]
    indices = Run(repeated / "readings" / "1-1").validation.indices
    shown = {one["index"]: one["wrong"] for one in found.record["mistakes"]}
    assert shown == {
        int(index): int(time) for index, time in zip(indices, times, strict=True) if time
    }
    order = [one["wrong"] for one in found.record["mistakes"]]
    assert order == sorted(order, reverse=True)
    # Levels differ by more than luck, which is told of each alone.
    assert found.record["luck"] is None
    assert set(found.record["levels"]) == {"1", "2"}


def test_luck_is_told_of_one_level(repeated):
    found = view_study_mistakes(toile.open_study(repeated), "2")
    wrong = wrong_by_reading(repeated, ["2"])
    times = wrong.sum(0)
    luck = (times * (3 - times)).sum() / (2 * wrong.sum())
    assert found.record["luck"] == pytest.approx(luck)
    assert any(f"{100 * luck:.1f} % of the errors of one reading" in line for line in found.says)


def test_planted_wrong_labels_are_suspected_first(folded, noisy_file):
    found = view_study_mistakes(toile.open_study(folded))
    assert {one["index"] for one in found.record["mistakes"][:4]} == set(PLANTED)
    true = bars(240, seed=5).labels
    for one in found.record["mistakes"][:4]:
        assert one["suspected"] == str(true[one["index"]])
        assert one["true"] != one["suspected"]
    images = load_data(str(noisy_file)).train
    likely = np.full((240, 3), np.nan)
    for fold in (1, 2, 3):
        (run,) = folded.glob(f"readings/*-{fold}")
        held_out = Run(run).validation
        # No image is answered by a network that was trained on it.
        assert np.isnan(likely[held_out.indices]).all()
        likely[held_out.indices] = probabilities(held_out.logits)
    assert found.values["indices"].tolist() == label_errors(likely, images.labels).indices.tolist()


def test_where_half_chose_the_epoch_the_other_half_alone_counts(tmp_path, noisy_file, small):
    recipe = small(name=str(noisy_file), size_px=None, validation=60).replace(
        {"training.early_stopping.patience": 3}
    )
    toile.study(recipe, readings=2, out=tmp_path / "stopping", on="inline").finish()
    found = view_study_mistakes(toile.open_study(tmp_path / "stopping"))
    held_out = [Run(folder).validation for folder in (tmp_path / "stopping/readings").iterdir()]
    wrong = [one.logits.argmax(1) != one.labels for one in held_out]
    assert found.record["half"]
    assert found.record["images"] == (held_out[0].selection == 0).sum() < 60
    assert found.record["errors"] == sum(
        int(row[one.selection == 0].sum()) for row, one in zip(wrong, held_out, strict=True)
    )
    assert "the epoch was chosen on the other half" in found.says[0]


def test_the_command_says_and_writes_the_same(folded, repeated, tmp_path):
    for folder in (folded, repeated):
        out = [f"--{kind}={tmp_path}/{folder.name}.{end}" for kind, end in
               (("out", "svg"), ("csv", "csv"), ("values", "npz"))]  # fmt: skip
        answer = call("inspect", "mistakes", folder, "--count=7", "--json", *out)
        assert answer.code == 0, answer.errors
        view = view_study_mistakes(toile.open_study(folder), count=7)
        assert answer.json == json.loads(json.dumps(view.record))
        assert (tmp_path / f"{folder.name}.csv").read_text() == view.csv()
        with np.load(tmp_path / f"{folder.name}.npz") as arrays:
            assert set(arrays) == set(view.values)
    assert view.csv().startswith("index,true,answered,wrong,readings,probability,file\n")


def test_what_cannot_be_told_is_refused(folded, repeated, tmp_path):
    copied = shutil.copytree(folded, tmp_path / "folds")
    shutil.rmtree(next(copied.glob("readings/*-2")))
    with pytest.raises(ToileError, match="80 of 240 training images have no prediction yet"):
        view_study_mistakes(toile.open_study(copied))
    with pytest.raises(ToileError, match="level is 3; it is one of 1, 2"):
        view_study_mistakes(toile.open_study(repeated), "3")
    one = shutil.copytree(repeated, tmp_path / "filters")
    for number in (1, 2):
        shutil.rmtree(one / "readings" / f"1-{number}")
    with pytest.raises(ToileError, match="too few finished readings here, 1"):
        view_study_mistakes(toile.open_study(one), "1")
    for words in (["--by=cosine"], ["--neighbours=2"], ["--weights=best"]):
        answer = call("inspect", "mistakes", repeated, *words)
        assert answer.code == 2
        assert "are for a run" in answer.errors
    run = repeated / "readings" / "1-1"
    assert "--level is for a study" in call("inspect", "mistakes", run, "--level=1").errors
