"""Judging a run whose data is at hand: a look is counted before it happens, and only then."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import toile
from toile.errors import ToileError
from toile.evaluation import accuracy
from toile.recipe import recipe_of, with_settings
from toile.runs import Run, load_arrays, read_ledger
from toile.runs.classifier import load_network
from toile.runs.evaluation import compare_predictions, same_validation_images
from toile.runs.tensors import save_arrays

RECIPE = {
    "name": "bars",
    "network": [{"conv": {"filters": 4}}, "relu", "flatten", {"dense": "classes"}],
    "training": {"optimizer": {"adam": 0.01}, "batch_size": 16, "epochs": 2, "threads": 1},
}


def write_bars(path: Path, test_labels: np.ndarray | None = None) -> Path:
    """96 training and 30 test pictures with a bright band at one of three heights."""
    rng = np.random.default_rng(0)
    parts = {}
    for part, n in (("train", 96), ("test", 30)):
        labels = np.arange(n) % 3
        pixels = rng.integers(0, 120, (n, 8, 8), dtype=np.uint8)
        for image, label in zip(pixels, labels, strict=True):
            image[3 * label : 3 * label + 2] += 100
        parts |= {f"{part}_x": pixels, f"{part}_y": labels}
    if test_labels is not None:
        parts["test_y"] = test_labels
    np.savez(path, **parts)
    return path


def train(data: Path, out: Path, seed: int = 0, **settings: object) -> Run:
    recipe = with_settings(recipe_of(RECIPE), {"data.validation": 30, "seed": seed, **settings})
    return toile.train(recipe, data=data, out=out)


@pytest.fixture(scope="module")
def bars(tmp_path_factory) -> Path:
    return write_bars(tmp_path_factory.mktemp("bars") / "bars.npz")


@pytest.fixture(scope="module")
def trained(bars, tmp_path_factory) -> Run:
    return train(bars, tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture
def run(trained, tmp_path, monkeypatch) -> Run:
    """A copy, among runs of its own with a ledger of its own."""
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path))
    return Run(Path(shutil.copytree(trained.folder, tmp_path / "run")))


def test_validation_is_judged_from_the_stored_answers_alone(bars, tmp_path):
    run = train(bars, tmp_path / "run")
    for name in ("last.safetensors", "best.safetensors"):
        (run.folder / name).unlink()

    judged = toile.evaluate(run)

    answers = run.validation
    assert judged.judgement.accuracy == accuracy(answers.logits, answers.labels)
    assert (judged.of, judged.look, judged.looks) == ("validation", None, 0)
    assert read_ledger() == ()


def test_a_look_answers_the_test_images_with_the_runs_own_weights(run, bars):
    judged = toile.evaluate(run, open_test=True, why="to know")

    with np.load(bars) as file:
        pixels, labels = file["test_x"][:, None], file["test_y"]
    with torch.no_grad():
        logits = load_network(run)(torch.from_numpy(pixels).float() / 255).numpy()
    assert judged.judgement.accuracy == accuracy(logits, labels)
    assert judged.of == "test"
    assert judged.judgement.accuracy.n == 30


def test_each_look_is_counted_with_its_reason_and_score(run):
    for number in (1, 2):
        judged = toile.evaluate(run, open_test=True, why=f" reason {number} ")
        assert (judged.look.number, judged.looks) == (number, number)
    ledger = read_ledger()
    assert [look.why for look in ledger] == ["reason 1", "reason 2"]
    facts = run.data
    for look in ledger:
        assert (look.run, look.recipe, look.weights) == (run.id, run.recipe.hash, "last")
        assert (look.data, look.test) == (facts.fingerprint, facts.test_fingerprint)
        assert look.score.accuracy == judged.judgement.accuracy
    assert toile.evaluate(run).looks == 2


def test_a_score_on_test_images_that_were_learnt_says_how_many(bars, tmp_path):
    arrays = dict(np.load(bars))
    assert toile.evaluate(train(bars, tmp_path / "clean"), open_test=True, why="x").seen == ""
    # Two test pictures that stand among the training pictures too, one of them twice.
    for index, copy in ((3, 0), (4, 0), (5, 1)):
        arrays["train_x"][index], arrays["train_y"][index] = (
            arrays["test_x"][copy],
            arrays["test_y"][copy],
        )
    np.savez(tmp_path / "leaky.npz", **arrays)
    # All are trained on but the fewest that validation may have.
    leaky = train(tmp_path / "leaky.npz", tmp_path / "leaky", **{"data.validation": 3})
    evaluated = toile.evaluate(leaky, open_test=True, why="x")
    assert evaluated.seen == evaluated.look.score.seen == evaluated.to_json()["seen"]
    assert evaluated.seen.startswith("2 of the 30 test images are among the images that it learnt")
    assert toile.evaluate(leaky).seen == ""
    # What an imported network learnt nobody knows, so nothing is said of copies.
    data, out = tmp_path / "leaky.npz", tmp_path / "imported"
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3))
    imported = toile.import_network(module, data, out=out, scaling="unit").run
    seen = toile.evaluate(imported, open_test=True, why="x").seen
    assert seen.startswith("It was imported from")
    assert "of the 30 test images" not in seen


def test_a_look_cut_short_before_its_score_is_gone_on_with(run, monkeypatch):
    def killed(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("toile.runs.evaluation.write_score", killed)
        with pytest.raises(KeyboardInterrupt):
            toile.evaluate(run, open_test=True, why="the end")
    # Other weights are another look.
    assert toile.evaluate(run, open_test=True, why="the best", weights="best").looks == 2
    again = toile.evaluate(run, open_test=True, why="the end, once more")
    assert (again.look.number, again.look.why, again.looks) == (1, "the end", 2)
    assert read_ledger()[0].score == again.look.score
    assert toile.evaluate(run, open_test=True, why="afterwards").looks == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"open_test": True}, "takes a reason"),
        ({"open_test": True, "why": "  "}, "takes a reason"),
        ({"open_test": True, "why": "x", "weights": "first"}, "last or best"),
        ({"why": "x"}, "goes with --open-test"),
        ({"weights": "best"}, "goes with --open-test"),
    ],
)
def test_a_refused_look_is_not_counted(run, words, said):
    with pytest.raises(ToileError, match=said):
        toile.evaluate(run, **words)
    assert read_ledger() == ()


def test_the_best_weights_have_a_temperature_of_their_own(run):
    """Fitted on what the best weights answer, which is not what is stored."""
    arrays = load_arrays(run.folder / "last.safetensors").arrays
    arrays["dense1.weight"] = 3 * arrays["dense1.weight"]
    save_arrays(run.folder / "best.safetensors", arrays)
    temperatures = {
        weights: toile.evaluate(
            run, open_test=True, why="x", weights=weights
        ).judgement.calibration.temperature.value
        for weights in ("last", "best")
    }
    # The only bias is small beside the weights, so the logits are about tripled.
    assert temperatures["best"] == pytest.approx(3 * temperatures["last"], rel=0.1)


def test_looks_at_the_same_source_in_another_size_are_told_apart(run, bars, tmp_path):
    toile.evaluate(run, open_test=True, why="to know")
    smaller = train(bars, tmp_path / "smaller", **{"data.size_px": 6})
    judged = toile.evaluate(smaller)
    assert (judged.looks, judged.other_looks) == (0, 1)


def test_other_data_under_the_same_name_is_not_looked_at(tmp_path):
    path = write_bars(tmp_path / "bars.npz")
    run = train(path, tmp_path / "run")
    write_bars(path, test_labels=np.zeros(30, int))
    with pytest.raises(ToileError, match="bring the same data back"):
        toile.evaluate(run, open_test=True, why="to know")
    assert read_ledger(tmp_path) == ()


def test_damaged_weights_cost_no_look(bars, tmp_path):
    run = train(bars, tmp_path / "run")
    path = run.folder / "last.safetensors"
    path.write_bytes(path.read_bytes()[:-4] + b"abcd")
    with pytest.raises(ToileError, match="sha256"):
        toile.evaluate(run, open_test=True, why="to know")
    assert read_ledger(tmp_path) == ()


def test_damaged_hashes_of_pictures_cost_no_look(bars, tmp_path):
    run = train(bars, tmp_path / "run")
    path = run.folder / "pictures.safetensors"
    path.write_bytes(path.read_bytes()[:-4] + b"abcd")
    with pytest.raises(ToileError, match="pictures"):
        toile.evaluate(run, open_test=True, why="to know")
    assert read_ledger(tmp_path) == ()


def test_a_run_before_its_first_epoch_has_nothing_to_judge(bars, tmp_path):
    live = toile.begin("s1-lab", data=bars, out=tmp_path / "run", settings={"data.validation": 30})
    with pytest.raises(ToileError, match="has not ended an epoch"):
        toile.evaluate(live.run)


def test_without_a_look_test_labels_change_nothing(tmp_path):
    """Two sets that differ in their test labels alone, trained on, judged, listed and reported."""
    left = []
    for name, test_labels in (("one", None), ("other", np.zeros(30, int))):
        data = write_bars(tmp_path / f"{name}.npz", test_labels)
        run = train(data, tmp_path / name / "run")
        page = toile.write_report(run).read_text()
        facts = run.data
        for told in (facts.fingerprint, facts.test_fingerprint, str(tmp_path / name)):
            page = page.replace(told, "")
        judged = toile.evaluate(run).to_json()
        (listed,) = toile.list_runs(tmp_path / name)
        left.append(
            [
                (run.folder / "last.safetensors").read_bytes(),
                (run.folder / "validation.safetensors").read_bytes(),
                {key: value for key, value in judged.items() if key != "run"},
                listed.state.accuracy,
                page.split("<h2>Classes")[1].split("<h2>How soon")[0],
            ]
        )
    assert left[0] == left[1]


def test_the_seal_is_broken_by_description_look_and_a_set_of_variants_alone():
    """The set of variants takes the test part along as it is."""
    source = Path(toile.__file__).parent
    named = {
        str(path.relative_to(source))
        for path in source.rglob("*.py")
        if re.search(r"open_sealed|\._images", path.read_text())
    }
    assert named == {
        "data/sealed.py", "data/description.py", "data/augmented_set.py", "runs/look.py",
    }  # fmt: skip


def test_the_same_answers_do_not_differ_and_other_networks_are_tested(run, bars, tmp_path):
    same = compare_predictions(run, run)
    assert (same.only_first, same.only_second, same.p) == (0, 0, 1.0)

    worse = train(bars, tmp_path / "worse", **{"training.optimizer.adam.learning_rate": 1e-6})
    tested = compare_predictions(run, worse)
    right = [one.validation.logits.argmax(1) == one.validation.labels for one in (run, worse)]
    assert tested.only_first == int((right[0] & ~right[1]).sum()) > tested.only_second


def test_answers_to_other_images_are_not_compared(run, bars, tmp_path):
    other = train(bars, tmp_path / "other", **{"data.split": 1})
    with pytest.raises(ToileError, match="validated on different images"):
        compare_predictions(run, other)


@pytest.fixture(scope="module")
def two_formats(small, pictures, tmp_path_factory) -> tuple[Run, Run]:
    """Runs of the same pictures in PNG files and in BMP files, nothing sealed."""
    out = tmp_path_factory.mktemp("formats")
    copy = shutil.copytree(pictures, out / "bitmaps")
    for file in copy.rglob("*.png"):
        Image.open(file).save(file.with_suffix(".bmp"))
        file.unlink()
    first, second = (
        toile.begin(small(name=str(folder), test=0), out=out / f"run-{folder.name}").finish()
        for folder in (pictures, copy)
    )
    return first, second


def test_the_same_pictures_in_another_file_format_are_the_same_images(two_formats):
    first, second = two_formats
    assert first.data.order == second.data.order
    assert first.data.validation_digest == second.data.validation_digest
    assert same_validation_images(first, second)
    assert compare_predictions(first, second).p == 1
    assert toile.compare({"png": [first], "bmp": [second]}).other_images == ""


def test_digests_that_differ_do_not_part_images_of_one_order(two_formats, tmp_path):
    """An augmented set that keeps other hashes of its files, or a run of an older Toile."""
    first, second = two_formats
    folder = shutil.copytree(second.folder, tmp_path / "altered")
    facts = json.loads((folder / "data.json").read_text())
    (folder / "data.json").write_text(json.dumps(facts | {"validation_digest": "0" * 64}))
    assert same_validation_images(first, Run(folder))
