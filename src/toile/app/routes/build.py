"""Build: a network made layer by layer, with the output shape of each layer."""

import hashlib
import json
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from toile.app.routes.acts import ActState, state_of
from toile.app.routes.runs import LayerCell, layer_cell
from toile.app.routes.sources import recipe_from
from toile.app.session import CurrentSession, Session
from toile.errors import ToileError
from toile.recipe import (
    KindRow,
    Plan,
    Recipe,
    align_networks,
    data_of,
    layer_kinds,
    mends,
    plan_as_far,
    plan_network,
    read_value,
    recipe_of,
    recipe_text,
)

router = APIRouter()
MOST_ENTRIES = 1000


class LayerSetting(BaseModel):
    """A setting of a kind of layer."""

    name: str
    default: str
    rule: str
    meaning: str
    choices: list[str]


class LayerKind(BaseModel):
    """A kind of layer and its settings."""

    kind: str
    meaning: str
    shorthand: str | None = Field(description="The setting that a bare value fills")
    settings: list[LayerSetting]


class NetworkRequest(BaseModel):
    """A recipe as JSON; the layers of its network are written as in a recipe file."""

    recipe: dict[str, Any] = Field(description="The recipe as JSON, with its network")


class OfferedMend(BaseModel):
    """A change that makes the network work: in words, and the changed layers."""

    words: str
    network: list[Any]


class PlannedNetwork(BaseModel):
    """The planned layers up to the first that does not work.

    `problem` says what is wrong, and `index` is the layer with the problem, or null if the whole
    network has it. `text` is the recipe as YAML, empty if there is a problem; `mends` are changes
    that help.
    """

    layers: list[LayerCell]
    problem: str
    index: int | None
    parameters: int
    macs: int
    input: list[int]
    classes: int
    text: str
    mends: list[OfferedMend]


class RecipeDocument(BaseModel):
    """A recipe as JSON."""

    recipe: dict[str, Any]


class ComparedLayer(BaseModel):
    """A layer of each of two networks; `differing` are their different settings."""

    first: LayerCell | None
    second: LayerCell | None
    is_alike: bool
    differing: list[str]


class ComparedNetworks(BaseModel):
    """Two networks side by side, with their parameters and multiply-adds for one picture."""

    layers: list[ComparedLayer]
    parameters: list[int]
    macs: list[int]


class NetworkPair(BaseModel):
    """A recipe as JSON, and the source of the other recipe, such as `preset:quick`."""

    recipe: dict[str, Any]
    against: str = Field(max_length=300)


class ProbeAnswer(BaseModel):
    """Time and memory of a training on this machine; `act` is null if no measurement has begun."""

    act: ActState | None
    seconds_per_epoch: float | None = None
    memory_bytes: int | None = None
    num_images: int | None = None
    threads: int | None = None


class RecipeText(BaseModel):
    """A recipe as YAML."""

    text: str = Field(max_length=200_000)


class RecipeSource(BaseModel):
    """The source of a recipe, such as `preset:quick`."""

    source: str = Field(max_length=300)


@router.get("/layers")
def get_layer_kinds() -> list[LayerKind]:
    """All kinds of layers, with their settings."""
    return [_kind(row) for row in layer_kinds()]


@router.post("/network")
def plan(session: CurrentSession, body: NetworkRequest) -> PlannedNetwork:
    """Shapes, parameters and multiply-adds of a network, or the layer that cannot work."""
    document = body.recipe
    entries = document.get("network")
    if not isinstance(entries, list) or len(entries) > MOST_ENTRIES:
        raise ToileError(f"network has to be a list of at most {MOST_ENTRIES} layers")
    data = data_of(document.get("data", {}))
    data_shape = session.data_size(data)
    if data_shape is None:
        raise ToileError(
            f"data.name is {data.name}, whose shape is unknown until it is read; add it on the "
            "page Data, or build on a dataset known by name"
        )
    planned = plan_as_far(entries, data_shape.shape, data_shape.classes)
    text = ""
    if not planned.problem:
        text = recipe_text(recipe_of(document))
    return PlannedNetwork(
        layers=[layer_cell(layer) for layer in planned.layers],
        problem=planned.problem,
        index=planned.index,
        parameters=sum(layer.parameters for layer in planned.layers),
        macs=sum(layer.macs for layer in planned.layers),
        input=list(data_shape.shape),
        classes=data_shape.classes,
        text=text,
        mends=[
            OfferedMend(words=mend.words, network=mend.layers)
            for mend in mends(entries, data_shape.shape, data_shape.classes)
        ]
        if planned.problem
        else [],
    )


@router.post("/networks")
def compare_networks(session: CurrentSession, body: NetworkPair) -> ComparedNetworks:
    """Two networks compared layer by layer, on the data of the first."""
    recipe = recipe_of(body.recipe)
    against = recipe_from(session, body.against)
    plans = [
        _plan(session, each.model_copy(update={"data": recipe.data})) for each in (recipe, against)
    ]
    return ComparedNetworks(
        layers=[
            ComparedLayer(
                first=layer_cell(pair.first) if pair.first else None,
                second=layer_cell(pair.second) if pair.second else None,
                is_alike=pair.is_alike,
                differing=list(pair.differing),
            )
            for pair in align_networks(*plans)
        ],
        parameters=[network.parameters for network in plans],
        macs=[network.macs for network in plans],
    )


@router.post("/probe")
def probe_recipe(session: CurrentSession, body: NetworkRequest, begin: bool = False) -> ProbeAnswer:
    """Seconds per epoch and memory on this machine, measured if `begin` is true, then stored."""
    recipe = recipe_of(body.recipe)
    size = session.data_size(recipe.data)
    if size is None:
        raise ToileError(
            f"the size of {recipe.data.name} is unknown; add it on the page Data and measure again"
        )
    _plan(session, recipe)
    question = {
        "verb": "probe",
        "recipe": recipe_text(recipe),
        "shape": list(size.shape),
        "classes": size.classes,
        "num_images": size.num_training,
    }
    key = f"probe:{hashlib.sha256(json.dumps(question).encode()).hexdigest()}"
    act = session.probes.get(key)
    if begin and (act is None or act.status in ("failed", "stopped")):
        act = session.probes.begin(key, "measuring a few steps", question)
    if act is None:
        return ProbeAnswer(act=None)
    if act.status == "failed":
        raise ToileError(act.reason)
    return ProbeAnswer(act=state_of(act), **(act.result or {}))


@router.post("/read")
def read_text(body: RecipeText) -> RecipeDocument:
    """A recipe in YAML as JSON."""
    document = read_value(body.text, "the recipe")
    if not isinstance(document, dict):
        raise ToileError("the recipe has no named settings, as in network: [...]")
    return _document(recipe_of(document))


@router.post("/document")
def read_source(session: CurrentSession, body: RecipeSource) -> RecipeDocument:
    """The recipe of a preset, a run or a draft as JSON."""
    return _document(recipe_from(session, body.source))


def _plan(session: Session, recipe: Recipe) -> Plan:
    size = session.data_size(recipe.data)
    if size is None:
        raise ToileError(
            f"data.name is {recipe.data.name}, whose shape is unknown until it is read; add it on "
            "the page Data"
        )
    return plan_network(recipe.network, size.shape, size.classes)


def _document(recipe: Recipe) -> RecipeDocument:
    document = read_value(recipe_text(recipe), "the recipe")
    return RecipeDocument(recipe=document)


def _kind(row: KindRow) -> LayerKind:
    return LayerKind(
        kind=row.kind,
        meaning=row.meaning,
        shorthand=row.shorthand,
        settings=[
            LayerSetting(
                name=row.address,
                default=row.default,
                rule=row.rule,
                meaning=row.description,
                choices=list(row.choices),
            )
            for row in row.settings
        ],
    )
