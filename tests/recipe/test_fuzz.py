"""Damaged recipes: each is read or refused with a sentence, and nothing else."""

from importlib.resources import files

import pytest

from tests.fuzzing import damaged
from toile.errors import ToileError
from toile.recipe.document import read_recipe_file

PRESETS = {
    file.name: file.read_bytes() for file in files("toile.recipe").joinpath("presets").iterdir()
}


@pytest.mark.parametrize("count", [400, pytest.param(20_000, marks=pytest.mark.slow)])
def test_a_damaged_recipe_is_read_or_refused(tmp_path, count):
    num_read, file = 0, tmp_path / "damaged.yaml"
    for name, number, content in damaged(PRESETS, count):
        file.write_bytes(content)
        try:
            read_recipe_file(file)
            num_read += 1
        except ToileError:
            pass
        except BaseException as fault:
            fault.add_note(f"the case is {name}, {number}")
            raise
    assert 0 < num_read < count
