"""What a run remembers of its data, also where it was written by an older Toile."""

import json

import numpy as np
import pytest

from toile.data import DataFacts, data_facts, load_data, pixel_statistics, split_data
from toile.recipe import Data


@pytest.fixture(scope="module")
def facts() -> DataFacts:
    dataset = load_data("fashion-sample")
    split = split_data(dataset.train, Data(name="fashion-sample"))
    return data_facts(dataset, split, pixel_statistics(split.train), "standard")


def test_facts_come_back_from_json_as_they_were(facts):
    written = json.dumps(facts.model_dump(mode="json"))
    assert DataFacts.model_validate(json.loads(written)) == facts
    assert facts.known_appearance is facts.appearance


def test_a_record_without_appearance_and_with_something_newer_is_read(facts):
    record = facts.model_dump(mode="json") | {"of_a_later_toile": 1}
    del record["appearance"]
    assert DataFacts.model_validate(record).appearance is None


def older(facts: DataFacts, border: float) -> DataFacts:
    margins = facts.margins.model_copy(update={"top": 4, "right": 6, "bottom": 4, "left": 8})
    return facts.model_copy(
        update={"appearance": None, "border_grey": (border,), "margins": margins}
    )


@pytest.mark.parametrize(("border", "paper"), [(12.4, 0), (16, 0), (239, 255), (250, 255)])
def test_of_an_older_run_border_and_margins_tell_paper_and_framing(facts, border, paper):
    looks = older(facts, border).known_appearance
    assert looks.paper == (paper,)
    assert looks.framing.extent.middle == pytest.approx(20 / 28)  # 28 - 4 - 4 rows
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
