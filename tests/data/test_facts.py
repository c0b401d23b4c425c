"""What a run remembers of its data, also where it was written by an older Toile."""

import json

import numpy as np
import pytest
from pydantic import ValidationError

from toile.data import DataFacts, data_facts, load_data, pixel_statistics, portable, split_data
from toile.migrations import read_form
from toile.recipe import Data, read_recipe, recipe_of, with_settings
from toile.recipe.yaml_loader import read_value


@pytest.fixture(scope="module")
def facts() -> DataFacts:
    dataset = load_data("fashion-sample")
    split = split_data(dataset.train, Data(name="fashion-sample"))
    return data_facts(dataset, split, pixel_statistics(split.train), Data(scaling="standard"))


def test_facts_come_back_from_json_as_they_were(facts):
    written = json.dumps(facts.model_dump(mode="json"))
    assert DataFacts.model_validate(json.loads(written)) == facts
    assert facts.known_appearance is facts.appearance


def test_a_record_of_the_first_version_is_read_though_it_says_less(facts):
    record = facts.model_dump(mode="json")
    for name in ("version", "rule", "greys", "copies", "notes", "appearance"):
        del record[name]
    read = DataFacts.model_validate(read_form(record, "data.json", "it"))
    assert (read.rule, read.greys, read.copies, read.appearance) == (1, None, 0, None)


def older(facts: DataFacts, border: float) -> DataFacts:
    margins = facts.margins.model_copy(update={"top": 4, "right": 6, "bottom": 4, "left": 8})
    return facts.model_copy(
        update={"appearance": None, "border_grey": (border,), "margins": margins}
    )


@pytest.mark.parametrize(("border", "paper"), [(12.4, 0), (16, 0), (239, 255), (250, 255)])
def test_of_an_older_run_border_and_margins_tell_paper_and_framing(facts, border, paper):
    looks = older(facts, border).known_appearance
    assert looks.background == (paper,)
    assert looks.framing.size.middle == pytest.approx(20 / 28)  # 28 - 4 - 4 rows
    assert looks.framing.centre_x.middle == pytest.approx(15 / 28)  # columns 8 to 22
    assert looks.framing.centre_y.middle == pytest.approx(14 / 28)
    assert looks.features == {}


@pytest.mark.parametrize("border", [17, 100, 238])
def test_a_border_of_neither_black_nor_white_tells_of_no_paper(facts, border):
    assert older(facts, border).known_appearance.framing is None


def test_the_appearance_is_of_the_images_trained_on(facts):
    dataset = load_data("fashion-sample")
    split = split_data(dataset.train, Data(name="fashion-sample"))
    means = split.train.pixels.mean((1, 2, 3))
    assert facts.appearance.features["mean grey"].middle == pytest.approx(
        np.median(means), abs=1e-3
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mean": []}, "mean has 0 values for 1 channels"),
        ({"sd": [0.1, 0.2]}, "sd has 2 values for 1 channels"),
        ({"border_grey": [0, 0, 0]}, "border_grey has 3 values"),
        ({"border_grey": [256]}, "less than or equal to 255"),
        ({"mean": [float("nan")]}, "finite"),
        ({"class_names": ["alone"]}, "at least 2"),
        ({"class_names": ["many"] * 1001}, "at most 1000"),
        ({"shape": [1, 0, 28]}, "greater than or equal to 1"),
        ({"shape": [1, 28, 257]}, "less than or equal to 256"),
        ({"test": -1}, "greater than or equal to 0"),
        ({"validation": -1}, "greater than or equal to 0"),
        ({"margins": {"top": 0, "right": 14, "bottom": 0, "left": 14}}, "leave nothing of 28"),
        ({"margins": {"top": 0, "right": -1, "bottom": 0, "left": 0}}, "margins.right"),
    ],
)
def test_facts_that_no_images_could_have_are_refused(facts, changes, said):
    with pytest.raises(ValidationError, match=said):
        DataFacts.model_validate(facts.model_dump(mode="json") | changes)


def test_an_appearance_of_other_images_is_refused(facts):
    record = facts.model_dump(mode="json")
    record["appearance"]["background"] = [0.0, 0.0, 0.0]
    with pytest.raises(ValidationError, match=r"appearance.background has 3 values for 1 channels"):
        DataFacts.model_validate(record)

    record = facts.model_dump(mode="json")
    record["appearance"]["framing"]["size"]["middle"] = 0.0
    with pytest.raises(ValidationError, match=r"size.middle is 0.0"):
        DataFacts.model_validate(record)


def test_no_path_of_this_machine_is_carried_away(facts):
    recipe = with_settings(
        read_recipe("s1-lab"),
        {"data.name": "/home/anna/leaves", "training.start.run": "/home/anna/runs/2026-first-abcd"},
    )
    text, kept = portable(recipe, facts.model_copy(update={"path": "/home/anna/leaves"}))
    assert "anna" not in text + kept.model_dump_json()
    back = recipe_of(read_value(text, "text"))
    assert (back.data.name, back.training.start.run) == ("leaves", "2026-first-abcd")
    assert back.network == recipe.network


def test_a_recipe_that_names_its_data_is_carried_as_it_is(facts):
    recipe = read_recipe("quick")
    text, _ = portable(recipe, facts)
    assert recipe_of(read_value(text, "text")) == recipe
