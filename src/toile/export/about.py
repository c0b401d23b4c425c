"""The metadata of every export, stored in the way of its format."""

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toile.data import DataFacts
from toile.errors import ToileError
from toile.migrations import read_form, version_of
from toile.recipe import Plan, first_fault, plan_network, read_recipe_text

KEY = "toile"
"""The metadata entry that Toile reads in every format; its value is `ExportMetadata` as JSON."""

InputKind = Literal["scaled", "bytes"]
"""Pixels scaled as in training, or the bytes of image files, 0 to 255."""


class Parity(BaseModel):
    """The comparison of the file's outputs with those of the network in float32 by torch.

    `max_difference` is the largest difference of a logit or a probability; `agreement` is the
    fraction of images for which both predict the same class. Accuracies are only known for int8,
    and if the images were held out from training.
    """

    model_config = ConfigDict(frozen=True)

    images: int
    max_difference: float
    agreement: float
    runtime: str
    accuracy: float | None = None
    accuracy_float32: float | None = None


class ExportMetadata(BaseModel):
    """The source of an export, its input and output, and the result of its check."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = version_of("export")
    toile: str
    run: str
    name: str
    weights: Literal["last", "best"]
    weights_sha256: str
    precision: Literal["float32", "int8"] = "float32"
    recipe: str = Field(repr=False)
    data: DataFacts
    input_kind: InputKind = "scaled"
    input: str = ""
    output: str = ""
    parity: Parity | None = None
    abstention: dict[str, Any] | None = Field(None, repr=False)
    """When it abstains, as `toile.prediction` writes and reads it; only in ONNX files."""

    @property
    def plan(self) -> Plan:
        """The plan of the network, from the recipe in the metadata."""
        recipe = read_recipe_text(self.recipe, "the recipe inside")
        return plan_network(recipe.network, self.data.shape, len(self.data.class_names))


def read_about(text: str | bytes | None, source: str) -> ExportMetadata:
    """The metadata in the file `source`. Raises ToileError if Toile did not write the file."""
    if text is None:
        raise ToileError(f"{source} has no metadata of Toile; export a run with toile export")
    try:
        record = json.loads(text)
        if isinstance(record, dict):
            record = read_form(record, "export", source)
        return ExportMetadata.model_validate(record)
    except ValidationError as error:
        fault = first_fault(error, KEY)
    except (ValueError, RecursionError) as error:
        fault = str(error)
    raise ToileError(f"{source} has damaged metadata: {fault}")


def input_words(facts: DataFacts, shape: tuple[int, ...], input_kind: InputKind = "scaled") -> str:
    """`float32 (n, 1, 28, 28): pixels / 255`."""
    sizes = ", ".join(map(str, shape))
    kind = "uint8" if input_kind == "bytes" else "float32"
    return f"{kind} (n, {sizes}): {range_words(facts, input_kind)}"


def range_words(facts: DataFacts, input_kind: InputKind) -> str:
    """The range of a file's inputs, such as `pixels / 255`."""
    if input_kind == "bytes":
        return "pixels, 0 to 255"
    if facts.scaling == "unit":
        return "pixels / 255"
    mean, sd = (", ".join(f"{value:.6g}" for value in values) for values in (facts.mean, facts.sd))
    return f"(pixels / 255 - mean) / sd, per channel; mean {mean}, sd {sd}"


def flat_metadata(about: ExportMetadata, layout: Literal["NCHW", "NHWC"]) -> dict[str, str]:
    """The input and the output, one fact per entry, for people who open the file in a viewer."""
    channels, height, width = about.data.shape
    sizes = (channels, height, width) if layout == "NCHW" else (height, width, channels)
    return {
        "class_names": json.dumps(about.data.class_names, ensure_ascii=False),
        "input_shape": ", ".join(map(str, ("n", *sizes))),
        "input_layout": layout,
        "input_colour": "grey" if channels == 1 else "RGB",
        "input_range": range_words(about.data, about.input_kind),
        "output": about.output,
    }


def logits_words(facts: DataFacts) -> str:
    """`float32 (n, 10): logits; their softmax gives probabilities`."""
    return f"float32 (n, {len(facts.class_names)}): logits; their softmax gives probabilities"
