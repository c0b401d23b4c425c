"""Recipe files: what a person may hand in, and the text a recipe becomes."""

from pathlib import Path

import pytest

from toile.errors import ToileError
from toile.recipe import Recipe, read_recipe, recipe_of, recipe_text

NETWORK = "network: [flatten, {dense: classes}]\n"


def write(folder: Path, content: bytes | str, name: str = "mine.yaml") -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def refusal(file: Path) -> str:
    with pytest.raises(ToileError) as caught:
        Recipe.read(file)
    return str(caught.value)


def test_what_a_recipe_leaves_out_is_the_default(tmp_path: Path):
    recipe = Recipe.read(write(tmp_path, NETWORK))
    assert (recipe.training.epochs, recipe.data.name, recipe.seed) == (5, "fashion-mnist", 0)
    assert recipe.training.optimizer.kind == "adam"


def test_a_layer_an_optimiser_and_a_group_stand_on_one_line_each():
    text = recipe_text(
        read_recipe("s1-lab", {"data.validation": 0.1, "training.schedule": "cosine"})
    )
    assert text.endswith(
        "data: {validation: 0.1}\n"
        "network:\n"
        "  - conv: {filters: 32, init: he_uniform}\n"
        "  - relu\n"
        "  - maxpool\n"
        "  - flatten\n"
        "  - dense: {units: 16, init: he_uniform}\n"
        "  - relu\n"
        "  - dense: classes\n"
        "training:\n"
        "  optimizer:\n"
        "    sgd: {momentum: 0.9}\n"
        "  schedule: cosine\n"
        "  batch_size: 32\n"
    )


def test_the_complete_text_says_every_setting_and_off_where_one_is_off():
    text = recipe_text(
        recipe_of(
            {"network": ["flatten", {"dense": "classes"}]},
        ),
        complete=True,
    )
    assert "  early_stopping: off\n" in text
    assert "size_px: off" in text
    assert "  - dense: {units: classes, init: glorot_uniform, bias: true}\n" in text
    assert "    adam: {learning_rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1.0e-08" in text


def test_a_file_keeps_its_recipes_name_whatever_the_file_is_called(tmp_path: Path):
    recipe = Recipe.read(write(tmp_path, NETWORK, "recipe.yaml"))
    moved = write(tmp_path, recipe_text(recipe), "Copy of (3) RECIPE.yaml")
    assert Recipe.read(moved) == recipe


@pytest.mark.parametrize(
    ("file", "name"),
    [("My Net!.yaml", "my-net"), ("été.yml", "t"), ("__.yaml", "recipe"), ("a" * 60, "a" * 40)],
)
def test_a_recipe_without_a_name_takes_its_files(file, name, tmp_path: Path):
    assert Recipe.read(write(tmp_path, NETWORK, file)).name == name


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter(tmp_path: Path):
    plain = write(tmp_path, NETWORK + "seed: 3\n")
    marked = tmp_path / "other" / "mine.yaml"
    marked.parent.mkdir()
    marked.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes().replace(b"\n", b"\r\n"))
    assert Recipe.read(marked) == Recipe.read(plain)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", " is empty; a recipe has named settings, as in network: [...]"),
        (b"# only a remark\n", " is empty; a recipe has named settings"),
        (b"- conv: 3\n- relu\n", "; a recipe has named settings"),
        (b"just words", " is 'just words'; a recipe has named settings"),
        (b"name: \xff\n", ": byte 6 is not UTF-8; a recipe is a text"),
        (b"#" * 131_073, " has over 131,072 bytes; a recipe is a short text"),
        (b"seed: 1\n", ": network is missing; it is a list"),
        (b"network: []\n", ": network is empty; it is a list of layers"),
        (b"network: [relu]\nseed: -1\n", ": seed is -1; it goes from 0 to below 92233720368547"),
        (b"network: [relu]\ntraning: {}\n", ": traning is not a setting; did you mean training?"),
    ],
)
def test_a_file_that_is_no_recipe_is_refused_by_name_and_reason(content, why, tmp_path: Path):
    file = write(tmp_path, content)
    assert refusal(file).startswith(str(file))
    assert why in refusal(file)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path):
    assert refusal(tmp_path / "none.yaml").endswith("cannot be read: No such file or directory")
    assert refusal(tmp_path).endswith("cannot be read: Is a directory")
