"""The recipe itself."""

import hashlib
import json
from typing import Any

from pydantic import Field

from toile.errors import ToileError
from toile.recipe.augmentation import Augmentation
from toile.recipe.complaint import settings_of
from toile.recipe.data import Data
from toile.recipe.layers.network import Layers
from toile.recipe.settings import Settings
from toile.recipe.training import Training


class About(Settings):
    """Where a recipe comes from. Nothing here changes a run."""

    title: str = Field("", max_length=200, description="The recipe in a few words")
    source: str = Field("", max_length=2000, description="Where it comes from")
    takes: str = Field("", max_length=2000, description="What is as in the source")
    changes: str = Field("", max_length=2000, description="What is not, and why")
    result: str = Field("", max_length=2000, description="What the source reached")


class Recipe(Settings):
    """Everything that decides a run: data, augmentation, network, training, seed."""

    name: str = Field(
        "recipe", pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=40, description="Names its runs"
    )
    about: About = Field(About(), description="Where it comes from")
    data: Data = Field(Data(), description="Which images are learnt from")
    augmentation: Augmentation = Field(Augmentation(), description="How pictures are varied")
    network: Layers = Field(description="The layers, first to last")
    training: Training = Field(Training(), description="How the network is fitted")
    seed: int = Field(
        0, ge=0, lt=2**63, description="Decides first weights, order, augmentation and dropout"
    )

    @property
    def hash(self) -> str:
        """sha256 over what decides a run: everything but the name and `about`.

        Settings that came later are left out where they ask for nothing new, so that the hashes
        that ledgers hold of older runs stay theirs.
        """
        # Sorted below, so that the order in which fields are declared decides nothing.
        decisive = self.model_dump(mode="json", exclude={"name", "about"})
        for section, later in (("data", Data.LATER), ("training", Training.LATER)):
            for setting, values in later.items():
                if decisive[section][setting] in values:
                    del decisive[section][setting]
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def data_of(fields: dict[str, Any]) -> Data:
    """The data settings with these fields. Raises ToileError as for a recipe's."""
    return settings_of(Data, fields, "data")


def recipe_of(document: dict[str, Any]) -> Recipe:
    """The recipe of a document. Raises ToileError naming the setting, the value and the rule."""
    try:
        return settings_of(Recipe, document)
    except RecursionError:
        raise ToileError("the recipe is nested too deeply to be read") from None
