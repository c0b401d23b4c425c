"""Damaged recipes: each is read or refused with a sentence, and nothing else."""

from importlib.resources import files

import pytest

from tests.fuzzing import unanswered
from toile.recipe import Recipe

PRESETS = {
    file.name: file.read_bytes() for file in files("toile.recipe").joinpath("presets").iterdir()
}


@pytest.mark.parametrize("count", [130, pytest.param(20_000, marks=pytest.mark.slow)])
def test_a_damaged_recipe_is_read_or_refused(tmp_path, count):
    file = tmp_path / "damaged.yaml"

    def read(content: bytes) -> None:
        file.write_bytes(content)
        Recipe.read(file)

    assert unanswered(dict.fromkeys(PRESETS, read), PRESETS, count) == []
