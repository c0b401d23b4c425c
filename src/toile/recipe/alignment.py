"""Two networks side by side: which layers are alike, changed, or in one of them alone."""

from dataclasses import dataclass
from difflib import SequenceMatcher

from toile.recipe.plan import LayerPlan, Plan


@dataclass(frozen=True)
class LayerPair:
    """A layer of the first network beside one of the second; None where one has none there."""

    first: LayerPlan | None
    second: LayerPlan | None

    @property
    def is_alike(self) -> bool:
        """Whether both have the same settings, whatever shape they are given."""
        return self.first is not None and self.second is not None and self.differing == ()

    @property
    def differing(self) -> tuple[str, ...]:
        """The settings in which the two differ, of layers of one kind."""
        if self.first is None or self.second is None:
            return ()
        first, second = self.first.layer.model_dump(), self.second.layer.model_dump()
        return tuple(name for name in first if first[name] != second.get(name) and name != "name")


def align_networks(first: Plan, second: Plan) -> tuple[LayerPair, ...]:
    """The layers of both, in order: alike ones paired, then those of one kind between them."""
    ours, theirs = ([_text(layer) for layer in plan.layers] for plan in (first, second))
    pairs: list[LayerPair] = []
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    for _, begin, end, begin_2, end_2 in matcher.get_opcodes():
        pairs += _paired(first.layers[begin:end], second.layers[begin_2:end_2])
    return tuple(pairs)


def _text(layer: LayerPlan) -> str:
    return f"{layer.layer.kind} {layer.layer.model_dump(exclude={'name'})}"


def _paired(ours: tuple[LayerPlan, ...], theirs: tuple[LayerPlan, ...]) -> list[LayerPair]:
    """Layers between two places that are alike: by kind where that can be."""
    kinds = [[layer.layer.kind for layer in layers] for layers in (ours, theirs)]
    pairs = []
    matcher = SequenceMatcher(None, kinds[0], kinds[1], autojunk=False)
    for tag, begin, end, begin_2, end_2 in matcher.get_opcodes():
        if tag == "equal":
            both = zip(ours[begin:end], theirs[begin_2:end_2], strict=True)
            pairs += [LayerPair(first, second) for first, second in both]
        else:
            pairs += [LayerPair(layer, None) for layer in ours[begin:end]]
            pairs += [LayerPair(None, layer) for layer in theirs[begin_2:end_2]]
    return pairs
