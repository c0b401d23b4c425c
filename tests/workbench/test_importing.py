"""Networks that were trained elsewhere, on pictures that were prepared in other ways."""

import copy
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import toile
from tests.command_line import call, call_in
from toile.data import Dataset
from toile.errors import ToileError
from toile.runs import Run, first_network, seen_words
from toile.studies import open_study
from toile.workbench import (
    ImportedNetwork,
    export_run,
    import_network,
    inspected,
    prune,
    view_mistakes,
    view_pruning_curve,
)
from toile.workbench.pruning import Removal

DATA = "fashion-sample"
HALVED = {"data.validation": 1200}
Easy = tuple[nn.Sequential, Path]


@pytest.fixture(scope="module")
def data() -> Dataset:
    return toile.load_data(DATA)


@pytest.fixture(scope="module")
def strangers(data: Dataset) -> nn.Sequential:
    """A network trained by plain torch on pixels from 0 to 1, for some seconds."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(200, 10),
    )  # fmt: skip
    pixels = torch.from_numpy(data.train.pixels[:4000]).float() / 255
    labels = torch.from_numpy(data.train.labels[:4000])
    optimizer = torch.optim.Adam(network.parameters(), 0.003)
    for _ in range(2):
        for batch in torch.randperm(len(pixels)).split(100):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(pixels[batch]), labels[batch]).backward()
            optimizer.step()
    return network.eval()


def of_scale(network: nn.Sequential, factor: float, offset: float) -> nn.Sequential:
    """A copy that gives for factor * x + offset what `network` gives for x."""
    return edited(network, lambda copy: _rescale(copy[0], factor, offset))


def _rescale(conv: nn.Module, factor: float, offset: float) -> None:
    conv.bias -= conv.weight.sum((1, 2, 3)) * offset / factor
    conv.weight /= factor


def edited(network: nn.Sequential, change: Callable[[nn.Sequential], object]) -> nn.Sequential:
    made = copy.deepcopy(network)
    with torch.no_grad():
        change(made)
    return made


def brought(network: nn.Module, folder: Path, **options: object) -> ImportedNetwork:
    return import_network(network, DATA, settings=HALVED, out=folder, **options)


@pytest.mark.parametrize(
    ("scaling", "factor", "offset"),
    [("unit", 1, 0), ("bytes", 255, 0), ("symmetric", 2, -1), ("unit-inverted", -1, 1)],
)
def test_how_its_pictures_were_scaled_is_found_out(
    scaling: str, factor: float, offset: float, strangers: nn.Sequential, tmp_path: Path
) -> None:
    imported = brought(of_scale(strangers, factor, offset), tmp_path / "run")
    assert imported.chosen.scaling == scaling
    assert len(imported.tried) == 16
    assert imported.run.status == "imported"
    assert imported.run.score.of == "the scoring half of validation"


def of_imagenet(network: nn.Sequential) -> nn.Sequential:
    """What gives `network`'s outputs for its pictures in three channels, scaled as ImageNet's."""
    mean, sd = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])

    def change(made: nn.Sequential) -> None:
        first = made[0]
        weight = first.weight * sd.reshape(1, 3, 1, 1) / 3
        first.bias += first.weight.sum((1, 2, 3)) * mean.mean()
        first.weight, first.in_channels = nn.Parameter(weight), 3

    return edited(network, change)


def test_pictures_scaled_as_those_of_imagenet_are_found_out(
    strangers: nn.Sequential, tmp_path: Path
) -> None:
    settings = HALVED | {"data.colour": "rgb"}
    network = of_imagenet(strangers)
    imported = import_network(network, DATA, settings=settings, out=tmp_path / "run")
    assert imported.chosen.scaling == "imagenet"
    plain = brought(strangers, tmp_path / "plain")
    assert imported.run.score == plain.run.score
    assert imported.chosen.loss == pytest.approx(plain.chosen.loss, rel=1e-3)


@pytest.fixture(scope="module")
def shirt_or_boot(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Easy:
    """A network of two classes that are easy, and its data."""
    file = tmp_path_factory.mktemp("two") / "two.npz"
    are_two = np.isin(data.train.labels, (0, 9))
    pixels, labels = data.train.pixels[are_two], (data.train.labels[are_two] == 9).astype(int)
    np.savez(file, images=pixels, labels=labels)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 6, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(1014, 2))
    optimizer = torch.optim.Adam(network.parameters(), 0.002)
    inputs, targets = torch.from_numpy(pixels).float() / 255, torch.from_numpy(labels)
    for _ in range(2):
        for batch in torch.randperm(len(inputs)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(inputs[batch]), targets[batch]).backward()
            optimizer.step()
    return network.eval(), file


def test_a_network_that_is_always_right_is_not_made_surer(
    shirt_or_boot: Easy, tmp_path: Path
) -> None:
    """Pixels from 0 to 255 have no mistake, as those from 0 to 1, and no loss either."""
    network, file = shirt_or_boot
    imported = import_network(network, file, out=tmp_path / "run")
    tried = {tried.scaling: tried for tried in imported.tried if not tried.is_transposed}
    assert tried["bytes"].accuracy.value == 1
    assert tried["bytes"].loss < tried["unit"].loss
    assert imported.chosen.scaling == "unit"
    assert any("the least scaled was chosen" in note for note in imported.notes)
    of_bytes = of_scale(network, 255, 0)
    again = import_network(of_bytes, file, out=tmp_path / "bytes")
    assert again.chosen.scaling == "bytes"


def test_inverted_pictures_and_two_classes_in_another_order_are_told_to_be_alike(
    shirt_or_boot: Easy, tmp_path: Path
) -> None:
    network, file = shirt_or_boot

    def swap(network: nn.Sequential) -> None:
        network[-1].weight.copy_(network[-1].weight.flip(0).clone())
        network[-1].bias.copy_(network[-1].bias.flip(0).clone())

    swapped = edited(network, swap)
    imported = import_network(swapped, file, out=tmp_path / "run")
    assert imported.chosen.scaling.endswith("-inverted")
    (note,) = [note for note in imported.notes if "cannot be told" in note]
    assert "--scaling unit reads it so" in note
    said = import_network(swapped, file, scaling="unit", out=tmp_path / "said")
    assert said.classes == (1, 0)


def test_a_scale_of_three_channels_is_none_of_grey_pictures(
    strangers: nn.Sequential, tmp_path: Path
) -> None:
    with pytest.raises(ToileError, match=r"imagenet, which is of three channels, and .* of 1; one"):
        brought(strangers, tmp_path / "run", scaling="imagenet")


def test_the_run_answers_as_the_network_does(
    strangers: nn.Sequential, data: Dataset, tmp_path: Path
) -> None:
    run = brought(of_scale(strangers, 255, 0), tmp_path / "run").run
    pixels = data.train.pixels[:50]
    with torch.no_grad():
        expected = strangers(torch.from_numpy(pixels).float() / 255).numpy()
    ours = run.classifier().model.logits(pixels)
    np.testing.assert_allclose(ours, expected, atol=1e-4)
    validation = run.validation
    half = validation.selection == 0
    correct = validation.logits.argmax(1) == validation.labels
    assert run.score.value == pytest.approx(correct[half].mean())


def test_transposed_pictures_are_found_out(strangers: nn.Sequential, tmp_path: Path) -> None:
    def turn(network: nn.Sequential) -> None:
        for index in (0, 3):
            network[index].weight.copy_(network[index].weight.transpose(2, 3).clone())
        rows = network[7].weight.view(10, 8, 5, 5)
        network[7].weight.copy_(rows.transpose(2, 3).reshape(10, 200).clone())

    straight = brought(strangers, tmp_path / "straight")
    turned = brought(edited(strangers, turn), tmp_path / "turned")
    assert turned.chosen.is_transposed
    assert not straight.chosen.is_transposed
    np.testing.assert_allclose(
        turned.run.validation.logits, straight.run.validation.logits, atol=1e-4
    )


def test_another_order_of_classes_is_found_out(strangers: nn.Sequential, tmp_path: Path) -> None:
    order = torch.tensor([3, 0, 1, 2, 9, 8, 7, 6, 5, 4])

    def shuffle(network: nn.Sequential) -> None:
        network[7].weight.copy_(network[7].weight[order].clone())
        network[7].bias.copy_(network[7].bias[order].clone())

    imported = brought(edited(strangers, shuffle), tmp_path / "run")
    assert imported.chosen.is_reordered
    assert imported.classes == tuple(torch.argsort(order).tolist())
    assert any("its classes are in another order" in note for note in imported.notes)
    straight = brought(strangers, tmp_path / "straight")
    np.testing.assert_allclose(
        imported.run.validation.logits, straight.run.validation.logits, atol=1e-5
    )


def test_labels_that_began_at_1_leave_an_output_over(
    strangers: nn.Sequential, tmp_path: Path
) -> None:
    def shift(network: nn.Sequential) -> None:
        last = nn.Linear(200, 11)
        last.weight[0], last.bias[0] = 0, -9
        last.weight[1:], last.bias[1:] = network[7].weight, network[7].bias
        network[7] = last

    imported = brought(edited(strangers, shift), tmp_path / "run")
    assert imported.classes == tuple(range(1, 11))
    assert imported.run.classifier().model.logits(np.zeros((1, 1, 28, 28), np.uint8)).shape[1] == 10


def test_a_network_that_learnt_nothing_is_refused_and_taken_when_said(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    with torch.no_grad():
        network[1].weight.zero_()
    with pytest.raises(ToileError, match=r"no way of reading.*is certainly right on more than 30"):
        brought(network, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    said = brought(network, tmp_path / "said", scaling="bytes")
    assert said.chosen.scaling == "bytes"
    assert any("no way of reading" in note for note in said.notes)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_where_its_pictures_had_to_be_converted_the_refusal_says_so(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(2 * 30 * 30, 10))
    file = tmp_path / "colour.onnx"
    torch.onnx.export(network, (torch.zeros(1, 3, 32, 32),), file, dynamo=False)
    with pytest.raises(ToileError, match=r"no way of.*; mind that pictures are converted to 3 x"):
        import_network(file, DATA, settings=HALVED, out=tmp_path / "run")


@pytest.mark.parametrize("seed", range(5))
def test_a_network_with_random_weights_is_refused(seed: int, tmp_path: Path) -> None:
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 10),
    )  # fmt: skip
    with pytest.raises(ToileError, match="no way of reading"):
        brought(network, tmp_path / "run")


def test_where_accuracy_cannot_tell_two_scales_apart_the_loss_does(
    strangers: nn.Sequential, tmp_path: Path
) -> None:
    def lose_biases(network: nn.Sequential) -> None:
        for index in (0, 3, 7):
            network[index].bias.zero_()

    # Without biases any factor gives the same answers, and another confidence.
    imported = brought(edited(strangers, lose_biases), tmp_path / "run")
    assert imported.chosen.scaling == "unit"
    assert any(note.startswith("accuracy does not tell apart") for note in imported.notes)


def test_what_answers_otherwise_than_its_own_software_is_not_imported(
    strangers: nn.Sequential, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = nn.Sequential.forward

    def doubling(module: nn.Sequential, images: torch.Tensor) -> torch.Tensor:
        return plain(module, images) * (2 if module is strangers else 1)

    # As if a layer meant something that is not known here.
    monkeypatch.setattr(nn.Sequential, "forward", doubling)
    with pytest.raises(ToileError, match="differ from those of the module itself"):
        brought(strangers, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_layer_that_stands_in_two_places_counts_twice(
    data: Dataset, strangers: nn.Sequential, tmp_path: Path
) -> None:
    shared = edited(strangers, lambda network: None)
    shared[4] = shared[1]
    run = brought(shared, tmp_path / "run").run
    kinds = [layer.kind for layer in run.recipe.network]
    assert kinds == ["conv", "relu", "maxpool", "conv", "relu", "maxpool", "flatten", "dense"]


def test_an_imported_run_is_renamed_and_knows_its_first_weights(
    strangers: nn.Sequential, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path))
    brought(strangers, tmp_path / "first")
    toile.Workspace().rename("first", "second")
    run = toile.open_run("second")
    first = first_network(run).state_dict()
    assert torch.equal(first["conv1.weight"], strangers[0].weight)


def test_its_page_shows_no_curves_of_a_training_that_was_not(
    strangers: nn.Sequential, tmp_path: Path
) -> None:
    run = brought(strangers, tmp_path / "run").run
    page = toile.write_report(run).read_text()
    assert "no epoch finished yet" not in page
    assert "the weights it came or began with on 600 validation images" in page
    assert "none trained here" in page


def test_no_path_of_this_machine_stands_in_its_record_or_its_bundle(
    strangers: nn.Sequential, tmp_path: Path
) -> None:
    run = brought(strangers, tmp_path / "stranger", scaling="unit").run
    assert str(tmp_path) not in (run.folder / "import.json").read_text()
    # As it was written before.
    record = {**run.imported, "run": str(run.folder)}
    (run.folder / "import.json").write_text(json.dumps(record))
    with zipfile.ZipFile(toile.bundle_run(run, tmp_path / "run.zip")) as archive:
        assert json.loads(archive.read("import.json")) == run.imported | {"run": "stranger"}


def test_a_page_does_without_a_proof(strangers: nn.Sequential, tmp_path: Path) -> None:
    run = brought(strangers, tmp_path / "stranger", scaling="unit").run
    record = {name: value for name, value in run.imported.items() if name != "proof"}
    (run.folder / "import.json").write_text(json.dumps(record))
    page = toile.write_report(run).read_text()
    assert "It was trained elsewhere." in page
    assert "pictures it gives what" not in page


def test_its_own_recipe_is_not_trained(strangers: nn.Sequential, tmp_path: Path) -> None:
    run = brought(strangers, tmp_path / "run").run
    with pytest.raises(ToileError, match=r"recipe is of an imported network.*--from run"):
        toile.train(run.folder / "recipe.yaml")


def test_its_children_are_scored_on_the_half_that_chose_nothing(
    strangers: nn.Sequential, tmp_path: Path
) -> None:
    run = brought(strangers, tmp_path / "run").run
    child = toile.train(run.recipe, start=run.folder, epochs=1, out=tmp_path / "child")
    assert child.score.of == run.score.of == "the scoring half of validation"


def test_a_study_that_begins_with_it_goes_on(strangers: nn.Sequential, tmp_path: Path) -> None:
    run = brought(strangers, tmp_path / "run").run
    start = {"run": str(run.folder), "allow_seen": True}
    for readings in (1, 2):
        toile.study(
            run.recipe,
            vary={"training.batch_size": [500, 1000]},
            settings={"training.start": start, "training.epochs": 1},
            readings=readings,
            on="inline",
            out=tmp_path / "study",
        ).finish()
    scores = [Run(reading.folder).score for reading in open_study(tmp_path / "study").readings]
    assert [score.of for score in scores] == ["the scoring half of validation"] * 4


def test_it_enters_no_comparison_unless_that_is_allowed(
    strangers: nn.Sequential, tmp_path: Path
) -> None:
    first, second = (brought(strangers, tmp_path / name).run for name in ("a", "b"))
    with pytest.raises(ToileError, match="which may have been trained on the images that score it"):
        toile.compare_predictions(first, second)
    assert toile.compare_predictions(first, second, allow_seen=True).p == 1
    with pytest.raises(ToileError, match="was imported; what it was trained on is not known"):
        toile.compare({"a": [first]})
    names = (first.folder, second.folder)
    refused = call("compare", *names, "--out", tmp_path / "c.png")
    assert refused.code != 0
    assert "may have been trained on the images that score it" in " ".join(refused.errors.split())
    against = call("evaluate", names[0], "--against", names[1])
    assert "no comparison is fair" in " ".join(against.errors.split())
    assert call("evaluate", names[0], "--against", names[1], "--allow-seen").code == 0
    allowed = call("compare", *names, "--out", tmp_path / "c.png", "--allow-seen", "--json")
    assert allowed.json["mcnemar"]["p"] == 1


def test_it_is_trained_on_as_a_new_run_and_stays_as_it_came(
    strangers: nn.Sequential, tmp_path: Path
) -> None:
    run = brought(strangers, tmp_path / "run").run
    with pytest.raises(ToileError, match=r"was imported and is kept as it came.*--from"):
        toile.resume(run.folder, epochs=2)
    tuned = toile.train(
        run.recipe, start=run.folder, epochs=1, out=tmp_path / "tuned",
        settings={"training.optimizer.learning_rate": 1e-4},
    )  # fmt: skip
    assert tuned.status == "finished"
    assert tuned.recipe.training.start.unknown == ("Sequential",)
    # With so small a rate it stays near what it began with.
    assert abs(tuned.score.value - run.score.value) < 0.1


def test_it_is_exported_and_pruned_as_any_run(strangers: nn.Sequential, tmp_path: Path) -> None:
    run = brought(of_scale(strangers, 255, 0), tmp_path / "run").run
    path = export_run(run, "onnx", tmp_path / "network.onnx").file
    again = import_network(path, DATA, settings=HALVED, out=tmp_path / "again")
    assert again.chosen.scaling == "unit"
    assert again.proof is not None
    assert again.proof.largest < 1e-4
    np.testing.assert_allclose(again.run.validation.logits, run.validation.logits, atol=1e-4)
    pruned = prune(run, Removal(layer="conv1", channels=[0, 3]))
    assert pruned.run.plan.layers[1].output[0] == 4


def test_beside_what_cuts_and_mistakes_say_of_it_stands_that_it_may_have_learnt_them(
    strangers: nn.Sequential, tmp_path: Path
) -> None:
    run = brought(strangers, tmp_path / "run").run
    said = call("inspect", "prune", run.folder, "--layer=conv1", "--channels=0")
    words = "what Sequential learnt from is not known here"
    assert words in " ".join(said.output.split())
    curve = view_pruning_curve([run])
    assert seen_words(run.recipe) in curve.says
    mistakes = view_mistakes(inspected(run))
    assert mistakes.says[1].endswith("how its pictures are read was chosen on the other half")
    assert seen_words(run.recipe) in mistakes.says


def test_the_command_says_what_it_tried(strangers: nn.Sequential, tmp_path: Path) -> None:
    save_file(dict(strangers.state_dict()), tmp_path / "weights.safetensors")
    (tmp_path / "net.yaml").write_text(
        "network: [conv: 6, relu, maxpool, conv: 8, relu, maxpool, flatten, dense: classes]\n"
    )
    words = ("import", "weights.safetensors", "--data", DATA, "--set", "data.validation=1200")
    refused = call_in(tmp_path, *words)
    assert "name the network by --recipe, a recipe file" in " ".join(refused.errors.split())
    said = call_in(tmp_path, *words, "--recipe", "net.yaml")
    assert "chosen: 0 to 1\n" in said.output
    assert "0 to 255, inverted" not in said.output.split("tried")[1].split(";")[0]
    assert "accuracy" in said.output
    listed = call_in(tmp_path, "runs", "--json").json
    assert [run["status"] for run in listed["runs"]] == ["imported"]


def test_a_bundle_takes_no_data(tmp_path: Path) -> None:
    refused = call("import", tmp_path / "run.zip", "--data", DATA)
    assert "is a bundle of a run, for which there is no --data" in " ".join(refused.errors.split())
