"""The recipe itself."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import Field

from toile.errors import ToileError
from toile.migrations import decisive, from_file, read_settings, versioned
from toile.recipe.address import with_settings
from toile.recipe.augmentation import Augmentation
from toile.recipe.choice import short_document
from toile.recipe.complaint import settings_of, value_text
from toile.recipe.data import Data
from toile.recipe.document import read_document, recipe_name, yaml_text
from toile.recipe.layers.network import Layers
from toile.recipe.preset_files import preset_file
from toile.recipe.settings import RootSettings, Settings
from toile.recipe.training import Training
from toile.recipe.yaml_loader import read_value

NO_SETTINGS: Mapping[str, Any] = MappingProxyType({})
SHORT_NAMES = {"data": "data.name", "epochs": "training.epochs"}
"""Settings that are asked for so often that the command line has options for them."""


class About(Settings):
    """Where a recipe comes from. Nothing here changes a run."""

    title: str = Field("", max_length=200, description="The recipe in a few words")
    source: str = Field("", max_length=2000, description="Where it comes from")
    unchanged: str = Field("", max_length=2000, description="What is as in the source")
    changes: str = Field("", max_length=2000, description="What is not, and why")
    result: str = Field("", max_length=2000, description="What the source reached")


class Recipe(RootSettings):
    """Everything that decides a run: data, augmentation, network, training, seed.

    It is frozen, and another is made of it:

        >>> recipe = toile.Recipe.preset("quick")
        >>> recipe = recipe.replace(epochs=5, seed=3, **{"network.conv1.filters": 16})
        >>> recipe.training.epochs, recipe.network[0].filters
        (5, 16)
    """

    name: str = Field(
        default="recipe",
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        max_length=40,
        description="Names its runs",
    )
    about: About = Field(default=About(), description="Where it comes from")
    data: Data = Field(default=Data(), description="Which images are learnt from")
    augmentation: Augmentation = Field(
        default=Augmentation(), description="How pictures are varied"
    )
    network: Layers = Field(description="The layers, first to last")
    training: Training = Field(default=Training(), description="How the network is fitted")
    seed: int = Field(
        default=0,
        ge=0,
        lt=2**63,
        description="Decides first weights, order, augmentation and dropout",
    )

    @classmethod
    def preset(cls, name: str) -> "Recipe":
        """The recipe of that name that comes with Toile; `toile.list_presets()` has them all."""
        return cls.read(preset_file(name))

    @classmethod
    def read(cls, path: str | Path) -> "Recipe":
        """The recipe a YAML file holds. Raises ToileError naming file, setting, value and rule."""
        path = Path(path)
        document = read_document(path)
        try:
            return recipe_of(from_file({"name": recipe_name(path), **document}))
        except ToileError as error:
            raise ToileError(f"{path}: {error}") from None

    def replace(self, settings: Mapping[str, Any] = NO_SETTINGS, /, **named: Any) -> "Recipe":
        """This recipe with some settings changed, each by its address or by a short name.

        `epochs` is short for training.epochs, and `data`, where it is a name or a path, for
        data.name; `seed` and `name` are addresses themselves. `off` takes a layer out. Raises
        ToileError for an address that is no setting, and for a value out of range.
        """
        return with_settings(self, addressed({**settings, **named}))

    def to_yaml(self, complete: bool = False) -> str:
        """This recipe as a file has it; `complete` writes the settings with their default too.

        >>> length = Path("mine.yaml").write_text(recipe.to_yaml())
        >>> toile.Recipe.read("mine.yaml") == recipe
        True
        """
        return recipe_text(self, complete)

    @property
    def hash(self) -> str:
        """sha256 over what decides a run: everything but the name and `about`.

        It stays that of the recipe's first form, so that the hashes that ledgers hold stay theirs.
        """
        # Sorted below, so that the order in which fields are declared decides nothing.
        document = decisive(self.model_dump(mode="json", exclude={"name", "about"}))
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def data_of(fields: dict[str, Any]) -> Data:
    """The data settings with these fields. Raises ToileError as for a recipe's."""
    return settings_of(Data, fields, "data")


def recipe_of(document: dict[str, Any]) -> Recipe:
    """The recipe of a document, which may say an older `version`.

    Raises ToileError naming the setting, the value and the rule.
    """
    return settings_of(Recipe, read_settings(document, "recipe.yaml", "the recipe"))


def read_recipe_text(text: str, where: str) -> Recipe:
    """The recipe in a text that `recipe_text` wrote, by whichever version. Raises ToileError."""
    document = read_value(text, where)
    if not isinstance(document, dict):
        raise ToileError(f"{where} is {value_text(document)}; a recipe has named settings")
    return recipe_of(from_file(document))


def recipe_text(recipe: Recipe, complete: bool = False) -> str:
    """`recipe` as YAML that reads back as the same recipe.

    `complete` writes every setting, so that the text means the same when a default changes.
    """
    document = recipe.model_dump(mode="json") if complete else short_document(recipe)
    # Always with its name: without one, a file's own name would be taken.
    return yaml_text(versioned("recipe.yaml", {"name": recipe.name, **document}))


def addressed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` by their whole addresses, where some are called by short names."""
    full = {}
    for name, value in settings.items():
        is_group = name == "data" and isinstance(value, Mapping)
        full[name if is_group else SHORT_NAMES.get(name, name)] = (
            str(value) if isinstance(value, Path) else value
        )
    return full
