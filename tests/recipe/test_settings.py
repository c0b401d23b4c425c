"""Every setting says what it is and what it may be; nothing changes once made."""

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from toile.recipe import (
    About,
    Augmentation,
    CutChannels,
    Data,
    EarlyStopping,
    Extension,
    Recipe,
    RootSettings,
    Settings,
    Start,
    Training,
    layers,
    optimizers,
    read_recipe,
    schedules,
)

GROUPS: list[type[Settings]] = [
    Recipe, About, Data, Augmentation, Training, EarlyStopping, Start, Extension, CutChannels,
]  # fmt: skip
KINDS = [
    *layers.KINDS.values(),
    *optimizers.KINDS.values(),
    *schedules.KINDS.values(),
]
MODELS = [*GROUPS, *KINDS]


def subclasses(model: type) -> set[type]:
    return {model}.union(*(subclasses(one) for one in model.__subclasses__()))


def options_of(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return schema.get("anyOf", [schema])


def test_the_models_walked_here_are_all_there_are():
    bases = {
        Settings,
        RootSettings,
        layers.Layer,
        layers.Pool,
        optimizers.Optimizer,
        schedules.Schedule,
    }
    own = {model for model in subclasses(Settings) if model.__module__.startswith("toile.recipe")}
    assert {model.__name__ for model in own - bases} == {model.__name__ for model in MODELS} | {
        "Choice"
    }


@pytest.mark.parametrize("model", MODELS)
def test_every_setting_has_a_meaning_in_one_line(model: type[Settings]):
    for name, field in model.model_fields.items():
        assert field.description, name
        assert "\n" not in field.description
        assert len(field.description) <= 180


@pytest.mark.parametrize("model", MODELS)
def test_every_number_has_a_range(model: type[Settings]):
    for name, schema in model.model_json_schema()["properties"].items():
        for option in options_of(schema):
            if option.get("type") in ("integer", "number"):
                assert {"minimum", "exclusiveMinimum"} & set(option), name
                assert {"maximum", "exclusiveMaximum"} & set(option), name


@pytest.mark.parametrize("model", MODELS)
def test_every_default_is_within_its_own_rule(model: type[Settings]):
    needed = {"filters": 3, "units": 3, "factor": 2.0, "layers": ["relu"], "run": "x"}
    needed |= {"step": 1, "epochs": 1, "layer": "conv1", "channels": [3]}
    needed["network"] = ["flatten", {"dense": "classes"}]
    required = [name for name, field in model.model_fields.items() if field.is_required()]
    made = model(**{name: needed[name] for name in required})
    assert model.model_validate(dict(made)) == made


def test_a_recipe_cannot_be_changed_in_place():
    recipe = read_recipe("quick")
    for owner, name in (
        (recipe, "seed"), (recipe.training, "epochs"), (recipe.network[0], "filters"),
        (recipe.training.optimizer, "learning_rate"), (recipe.data, "name"),
    ):  # fmt: skip
        with pytest.raises(ValidationError, match="frozen"):
            setattr(owner, name, 1)
    assert isinstance(recipe.network, tuple)


def test_off_is_none_only_where_a_setting_may_be_off():
    assert Training(clip_norm="off").clip_norm is None
    assert Data(name="off", size_px="off") == Data(name="off")
    assert About(title="off").title == "off"


@pytest.mark.parametrize("module", ["toile.recipe", "toile.recipe.plan", "toile.recipe.presets"])
def test_the_recipe_needs_no_torch(module: str):
    code = (
        f"import sys, {module}; from toile.recipe import read_recipe, plan_network\n"
        "plan_network(read_recipe('s0-cnn').network, (1, 28, 28), 10)\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
