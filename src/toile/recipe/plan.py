"""A recipe's shapes, parameters and multiply-adds, as integers and without torch.

Shapes are (c, h, w) until `flatten` or `globalpool` makes them (features,).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toile.errors import ToileError
from toile.recipe.arithmetic import (
    DATA,
    Arithmetic,
    LayerContext,
    Shape,
    layer_arithmetic,
    shape_text,
)
from toile.recipe.layers.layer import Layer, layer_names
from toile.recipe.layers.network import Residual
from toile.recipe.layers.views import Views
from toile.recipe.training import Start

# With gradients and Adam's two moments, as many float32 weights take 3.2 GB.
MAX_PARAMETERS = 200_000_000
# One layer's activations for one image: 200 MB in float32.
MAX_ACTIVATIONS = 50_000_000
# Nearly ninety times ResNet-152's 11.3e9 (He et al. 2015, arXiv:1512.03385, table 1).
MAX_MACS = 1_000_000_000_000


@dataclass(frozen=True)
class ReceptiveField:
    """The side of what one output sees of the picture, and how far apart neighbours look."""

    size_px: int = 1
    jump_px: int = 1

    def after_layer(self, sums: Arithmetic, image_px: int) -> "ReceptiveField":
        """The receptive field after a layer's window; never more than the whole picture."""
        # The recurrence of Araujo, Norris and Sim 2019, "Computing Receptive Fields of
        # Convolutional Neural Networks", Distill, doi 10.23915/distill.00021.
        size_px = self.size_px + (sums.kernel - 1) * self.jump_px
        return ReceptiveField(
            image_px if sums.sees_all else min(size_px, image_px), self.jump_px * sums.stride
        )


@dataclass(frozen=True)
class LayerPlan:
    """One layer with its integers. `name` is dotted inside a residual block.

    `macs` are multiply-adds for one image; `untrained` parameters are no weights of gradients.
    """

    name: str
    layer: Layer
    input: Shape
    output: Shape
    parameters: int
    untrained: int
    macs: int
    receptive_field: ReceptiveField
    branch: tuple["LayerPlan", ...] = ()
    shortcut: tuple["LayerPlan", ...] = ()

    @property
    def receptive_field_px(self) -> int:
        """The side of the square of the picture that one output sees; at most all of it."""
        return self.receptive_field.size_px

    def walk(self) -> Iterator["LayerPlan"]:
        """This layer, then the layers inside it."""
        yield self
        for part in self.branch + self.shortcut:
            yield from part.walk()


@dataclass(frozen=True)
class Plan:
    """A network's layers with their integers. `macs` are multiply-adds for one image.

    Multiply-adds count convolutions and dense layers; the rest is cheap beside them. They are those
    of one view, where there are several.
    """

    input: tuple[int, int, int]
    classes: int
    layers: tuple[LayerPlan, ...]

    @property
    def parameters(self) -> int:
        """All weights, biases and batch-norm statistics, as Keras totals them."""
        return sum(plan.parameters for plan in self.layers)

    @property
    def trainable(self) -> int:
        """The parameters that gradients change."""
        return self.parameters - sum(plan.untrained for plan in self.layers)

    def trained(self, start: Start | None) -> int:
        """Those of `trainable` that a training does change: frozen layers keep theirs."""
        frozen = self._frozen(start) if start is not None else ()
        return sum(
            layer.parameters - layer.untrained for layer in self.layers if layer.name not in frozen
        )

    def _frozen(self, start: Start) -> Sequence[str]:
        """The layers `start` freezes, also before a training has filled them in."""
        names = [layer.name for layer in self.layers]
        if start.frozen or start.freeze_up_to not in names:
            return start.frozen
        return names[: names.index(start.freeze_up_to) + 1]

    @property
    def macs(self) -> int:
        """Multiply-adds for one image forward."""
        return sum(plan.macs for plan in self.layers)

    @property
    def views(self) -> Views | None:
        """The views: every score and answer costs `macs` once for each. None without any."""
        first = self.layers[0].layer
        return first if isinstance(first, Views) else None

    @property
    def activations(self) -> int:
        """What all layers together give for one image."""
        return sum(math.prod(plan.output) for plan in self.walk() if not plan.branch)

    def walk(self) -> list[LayerPlan]:
        """All layers in order, a block before what is inside it."""
        return [inside for plan in self.layers for inside in plan.walk()]


def plan_layers(
    network: tuple[Layer, ...], shape: tuple[int, int, int], classes: int
) -> tuple[LayerPlan, ...]:
    """The plans of `network`'s layers on pictures of `shape` (c, h, w), wherever it ends.

    Raises ToileError naming the layer that cannot work, with the arithmetic.
    """
    return _Planner(classes, max(shape[1:])).plan_layers(network, shape, ReceptiveField())


def plan_network(network: tuple[Layer, ...], shape: tuple[int, int, int], classes: int) -> Plan:
    """The plan of `network` on pictures of `shape` (c, h, w).

    Raises ToileError naming the layer that cannot work, with the arithmetic.

        >>> plan = toile.plan_network(toile.Recipe.preset("quick").network, (1, 28, 28), 10)
        >>> plan.parameters, plan.layers[0].output
        (75866, (16, 28, 28))
    """
    plan = Plan(shape, classes, plan_layers(network, shape, classes))
    last = plan.layers[-1]
    if last.output != (classes,):
        raise ToileError(
            f"the network ends with {shape_text(last.output)} from {last.name}; it must end with "
            f"one number for each of the {classes} classes: end it with flatten and dense: classes"
        )
    if not plan.trainable:
        raise ToileError("the network has no weights to train; end it with dense: classes")
    leaves = [layer for layer in plan.walk() if not layer.branch]
    _refuse_over(MAX_PARAMETERS, "parameters", {leaf.name: leaf.parameters for leaf in leaves})
    _refuse_over(MAX_MACS, "multiply-adds for one image", {leaf.name: leaf.macs for leaf in leaves})
    return plan


def _refuse_over(most: int, quantity: str, counts: dict[str, int]) -> None:
    """Refuse a network whose layers together count more than `most`, naming the largest."""
    total, largest = sum(counts.values()), max(counts, key=lambda name: counts[name])
    if total > most:
        raise ToileError(
            f"the network has {total:,} {quantity}, {counts[largest]:,} of them in {largest}; "
            f"at most {most:,} are allowed"
        )


@dataclass(frozen=True)
class _Planner:
    classes: int
    image_px: int

    def plan_layers(
        self,
        network: tuple[Layer, ...],
        shape: Shape,
        receptive_field: ReceptiveField,
        block: str = "",
    ) -> tuple[LayerPlan, ...]:
        """Layer after layer; `block` is the dotted name of the block they stand in."""
        plans: list[LayerPlan] = []
        source = "the block's input" if block else DATA
        for name, layer in zip(layer_names(network), network, strict=True):
            context = LayerContext(f"{block}.{name}".lstrip("."), shape, source, self.classes)
            if isinstance(layer, Residual):
                plan = self._plan_residual(layer, context, receptive_field)
            else:
                plan = self._plan_one(layer, context, receptive_field)
            plans.append(plan)
            shape, receptive_field, source = plan.output, plan.receptive_field, plan.name
        return tuple(plans)

    def _plan_one(
        self, layer: Layer, context: LayerContext, receptive_field: ReceptiveField
    ) -> LayerPlan:
        sums = layer_arithmetic(layer, context)
        activations = math.prod(sums.output)
        if activations > MAX_ACTIVATIONS:
            raise context.refuse(
                f"it gives {shape_text(sums.output)}, {activations:,} numbers for one image; "
                f"at most {MAX_ACTIVATIONS:,} are allowed"
            )
        return LayerPlan(
            name=context.name,
            layer=layer,
            input=context.shape,
            output=sums.output,
            parameters=sums.parameters,
            untrained=sums.untrained,
            macs=sums.macs,
            receptive_field=receptive_field.after_layer(sums, self.image_px),
        )

    def _plan_residual(
        self, block: Residual, context: LayerContext, receptive_field: ReceptiveField
    ) -> LayerPlan:
        branch = self.plan_layers(block.layers, context.shape, receptive_field, context.name)
        around = f"{context.name}.shortcut"
        shortcut = self.plan_layers(block.shortcut, context.shape, receptive_field, around)
        output = branch[-1].output
        shortcut_output = shortcut[-1].output if shortcut else context.shape
        if output != shortcut_output:
            raise context.refuse(
                f"its branch gives {shape_text(output)} and its shortcut "
                f"{shape_text(shortcut_output)}, which cannot be added; give it a shortcut with "
                f"the same stride and filters, as in shortcut: [conv: "
                f"{{filters: {output[0]}, kernel: 1}}]"
            )
        inside = branch + shortcut
        # A shortcut without layers sees what came in, and no branch sees less than that.
        ends = (branch[-1].receptive_field, *(plan.receptive_field for plan in shortcut[-1:]))
        return LayerPlan(
            name=context.name,
            layer=block,
            input=context.shape,
            output=output,
            parameters=sum(plan.parameters for plan in inside),
            untrained=sum(plan.untrained for plan in inside),
            macs=sum(plan.macs for plan in inside),
            receptive_field=max(ends, key=lambda field: field.size_px),
            branch=branch,
            shortcut=shortcut,
        )
