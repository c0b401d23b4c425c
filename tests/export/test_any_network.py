"""Networks nobody thought of: every format answers as torch does, or refuses with a sentence."""

from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from toile.errors import ToileError
from toile.export.build import build_file
from toile.export.proof import prove
from toile.recipe import plan_network, recipe_of

PADDINGS = st.sampled_from(["valid", "same"])
CONVS = st.fixed_dictionaries(
    {"filters": st.sampled_from([2, 4, 6])},
    optional={
        "kernel": st.integers(1, 5),
        "stride": st.integers(1, 3),
        "padding": PADDINGS | st.integers(0, 3),
        "groups": st.sampled_from([1, 2]),
        "bias": st.booleans(),
    },
).map(lambda fields: {"conv": fields})
POOLS = st.tuples(
    st.sampled_from(["maxpool", "avgpool"]),
    st.fixed_dictionaries(
        {"size": st.integers(1, 4)}, optional={"stride": st.integers(1, 3), "padding": PADDINGS}
    ),
).map(lambda pair: {pair[0]: pair[1]})
# Norms of two or four numbers: with the usual epsilon rounding alone would move them far.
NORMS = [{"layernorm": {"epsilon": 0.1}}, {"groupnorm": {"groups": 2, "epsilon": 0.1}}]
ANYWHERE = st.sampled_from(
    [*NORMS, "batchnorm", "relu", {"leaky_relu": 0.2}, {"elu": 0.5}, "gelu", "silu", "tanh",
     "sigmoid", "dropout", {"scale": -0.5}]
)  # fmt: skip
SAME_SHAPE = ANYWHERE | st.just({"conv": {"filters": 4, "padding": "same"}})
BLOCKS = st.lists(SAME_SHAPE, min_size=1, max_size=3).map(lambda branch: {"residual": branch})
ROW = ANYWHERE | st.lists(ANYWHERE, min_size=1, max_size=2).map(lambda one: {"residual": one})
VIEWS = st.fixed_dictionaries(
    {"shift_x": st.integers(0, 2), "shift_y": st.integers(0, 2), "mirror": st.booleans()}
).map(lambda fields: [{"views": fields}])
NETWORKS = st.tuples(
    st.just([]) | VIEWS,
    st.just([{"conv": {"filters": 4, "padding": "same"}}]),
    st.lists(CONVS | POOLS | ANYWHERE | BLOCKS, max_size=4),
    st.sampled_from([["flatten"], ["flatten"], ["globalpool"], [{"globalpool": "max"}]]),
    st.lists(ROW | st.just({"dense": 6}), max_size=3),
    st.just([{"dense": "classes"}]),
).map(lambda parts: [layer for part in parts for layer in part])
SHAPES = st.sampled_from([(1, 9, 9), (2, 7, 8), (3, 5, 12), (1, 1, 4)])


def check(to: str, make_trained: Any, make_noise: Any, network: list[Any], shape: Any) -> None:
    try:
        plan_network(recipe_of({"network": network}).network, shape, 10)
    except ToileError:
        assume(False)
    trained, pixels = make_trained(network, shape), make_noise(4, shape)
    try:
        file = build_file(to, trained)
    except ToileError as refusal:
        if "avgpool" not in str(refusal):
            raise
        return
    prove(file, pixels, trained.model.logits(pixels))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(network=NETWORKS, shape=SHAPES)
def test_keras_answers_as_torch_does(make_trained, make_noise, network, shape):
    check("keras", make_trained, make_noise, network, shape)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(network=NETWORKS, shape=SHAPES)
def test_onnx_answers_as_torch_does(make_trained, make_noise, network, shape):
    check("onnx", make_trained, make_noise, network, shape)
