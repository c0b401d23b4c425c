"""Laws over recipes and documents nobody wrote: what goes out comes back, and no bug comes out."""

import contextlib
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from toile.errors import ToileError
from toile.recipe import (
    Recipe,
    layers,
    optimizers,
    plan_network,
    read_recipe,
    recipe_of,
    recipe_text,
    schedules,
    with_settings,
)
from toile.recipe.yaml_loader import read_value

TEXTS = st.text(max_size=40) | st.sampled_from(
    ["1e-3", "No", "off", "true", "~", "null", "010", ".inf", "'", '"', "a: b", "- x", "# no", "",
     " x ", "a\nb", "\t", "é\u2028\x85", "\U0001f9f5", "*a", "&a",
     "!!int 3", "%", "@", "`", "{", "0x1f"]
)  # fmt: skip
KEYS = st.sampled_from(
    ["name", "about", "data", "network", "training", "seed", "optimizer", "sgd", "learning_rate",
     "views", "mirror", "conv", "filters", "kernel", "residual", "layers", "shortcut", "relu",
     "dense", "units", "padding", "early_stopping", "start", "copied", "size_px", "dropout",
     "validation", "title"]
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | TEXTS
    | KEYS
    | st.sampled_from([-(10**400), 10**4000, b"bytes", (), frozenset()])
)
GARBAGE = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | TEXTS | LEAVES.filter(
        lambda key: isinstance(key, int | float | type(None))), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def fields_of(model: Any, **other: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Documents of a model: any of its fields, each within its rule as the schema states it."""
    properties = model.model_json_schema()["properties"]
    known = {name: values_of(schema) for name, schema in properties.items() if name != "name"}
    known |= other
    needed = {name for name, field in model.model_fields.items() if field.is_required()}
    return st.fixed_dictionaries(
        {name: known[name] for name in needed},
        optional={name: known[name] for name in known if name not in needed},
    )


def values_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values within the rule of a JSON schema."""
    if "anyOf" in schema:
        return st.one_of([values_of(option) for option in schema["anyOf"]])
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    if schema.get("type") in ("integer", "number"):
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        high = schema.get("maximum", schema.get("exclusiveMaximum"))
        if schema["type"] == "integer":
            return st.integers(low, high - ("exclusiveMaximum" in schema))
        return st.floats(
            low,
            high,
            exclude_min="exclusiveMinimum" in schema,
            exclude_max="exclusiveMaximum" in schema,
        )
    return {"boolean": st.booleans(), "null": st.just("off")}.get(schema.get("type"), st.nothing())


def choices_of(kinds: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(sorted(set(kinds) - {"residual"})).flatmap(
        lambda kind: fields_of(kinds[kind]).map(lambda fields: {kind: fields})
    )


LAYERS = st.lists(
    choices_of(layers.KINDS)
    | st.lists(choices_of(layers.KINDS), min_size=1, max_size=2).map(
        lambda branch: {"residual": {"layers": branch}}
    ),
    min_size=1,
    max_size=4,
)
SMALL = st.sampled_from(
    [
        {"conv": {"filters": 4, "kernel": 3}},
        {"conv": {"filters": 6, "kernel": 2, "stride": 2, "padding": "same"}},
        {"conv": {"filters": 6, "groups": 2, "padding": 1}},
        {"maxpool": 2},
        {"avgpool": {"size": 3, "stride": 1, "padding": "same"}},
        "batchnorm",
        {"groupnorm": 2},
        "relu",
        "flatten",
        "globalpool",
        "spatial_dropout",
        {"dense": 5},
        {"dense": "classes"},
        {"residual": [{"conv": {"filters": 4, "padding": "same"}}, "relu"]},
        {"residual": {"layers": ["relu"], "shortcut": [{"conv": {"filters": 3, "kernel": 1}}]}},
    ]
)
OPTIMIZERS = choices_of({**optimizers.KINDS}).filter(
    lambda entry: not entry.get("sgd", {}).get("nesterov")
)


@st.composite
def documents(draw: Any) -> dict[str, Any]:
    """Documents of valid recipes, with a value of every sort in every place."""
    model = Recipe.model_fields
    training = fields_of(
        model["training"].annotation,
        optimizer=OPTIMIZERS,
        schedule=choices_of({**schedules.KINDS}),
        early_stopping=st.just("off") | st.fixed_dictionaries({"patience": st.integers(1, 9)}),
        start=st.just("off") | st.fixed_dictionaries({"run": TEXTS.filter(bool), "up_to": TEXTS}),
    )
    return {
        "name": draw(st.from_regex(r"[a-z0-9][a-z0-9-]{0,39}", fullmatch=True)),
        "about": {"title": draw(TEXTS), "changes": draw(TEXTS)},
        "data": draw(fields_of(model["data"].annotation)) | {"name": draw(TEXTS.filter(bool))},
        "augmentation": draw(fields_of(model["augmentation"].annotation)),
        "network": draw(LAYERS),
        "training": draw(training),
        "seed": draw(st.integers(0, 2**63 - 1)),
    }


@settings(max_examples=60, deadline=None)
@given(documents())
@example({"network": ["relu"], "about": {"title": "a\x85b", "changes": "\u2028"}})
@example({"network": ["relu"], "about": {"title": "1e-3", "source": "off", "unchanged": "'\"#"}})
@example({"network": ["relu"], "about": {"title": " x: [", "changes": "long words " * 30}})
def test_a_recipe_comes_back_from_its_short_and_its_complete_text(document: dict[str, Any]):
    recipe = recipe_of(document)
    for complete in (False, True):
        text = recipe_text(recipe, complete)
        back = recipe_of(read_value(text, "text"))
        assert back == recipe
        assert back.hash == recipe.hash
        assert recipe_text(back, complete) == text


@settings(max_examples=60, deadline=None)
@given(documents())
def test_a_recipe_opened_and_closed_again_is_the_same(document: dict[str, Any]):
    recipe = recipe_of(document)
    assert with_settings(recipe, {}) == recipe


@settings(max_examples=100, deadline=None)
@given(GARBAGE | st.dictionaries(KEYS, GARBAGE))
@example({"network": [{frozenset(): 1}]})
@example({"network": [{"relu": {"name": ["x"]}}]})
@example({"training": {"start": {"run": "x", "copied": 5}}, "network": ["relu"]})
def test_only_a_refusal_comes_out_of_garbage(document: Any):
    with contextlib.suppress(ToileError):
        recipe_of(document)


@settings(max_examples=100, deadline=None)
@given(GARBAGE, st.sampled_from(
    ["network", "network.conv1", "network.conv1.kernel", "training", "training.optimizer", "about",
     "training.optimizer.sgd.momentum", "training.early_stopping", "training.start", "seed", "data"]
))  # fmt: skip
def test_only_a_refusal_comes_out_of_a_garbage_setting(value: Any, address: str):
    with contextlib.suppress(ToileError):
        with_settings(read_recipe("s1-lab"), {address: value})


@settings(max_examples=100, deadline=None)
@given(TEXTS, GARBAGE)
def test_only_a_refusal_comes_out_of_a_garbage_address(address: str, value: Any):
    with contextlib.suppress(ToileError):
        with_settings(read_recipe("s1-lab"), {address: value})


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=60) | st.text("[]{}:,-!&*'\"|>?%@#~ \n\t01.e", max_size=30).map(str.encode)
)
def test_only_a_refusal_comes_out_of_a_garbage_file(tmp_path_factory: Any, content: bytes):
    file: Path = tmp_path_factory.getbasetemp() / "garbage.yaml"
    file.write_bytes(content)
    with pytest.raises(ToileError):
        Recipe.read(file)


@settings(max_examples=60, deadline=None)
@given(LAYERS | st.lists(SMALL, min_size=1, max_size=7), st.sampled_from(
    [(1, 28, 28), (3, 5, 4), (1, 256, 256), (4, 1, 1)]))  # fmt: skip
def test_a_plan_either_works_or_refuses_and_takes_no_memory(entries: Any, shape: Any):
    network = recipe_of({"network": [*entries, "flatten", {"dense": "classes"}]}).network
    tracemalloc.start()
    try:
        with contextlib.suppress(ToileError):
            assert plan_network(network, shape, 10).layers[-1].output == (10,)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000
