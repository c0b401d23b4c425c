"""What a search may be asked for, and that optuna told the same again answers the same."""

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from toile.errors import ToileError
from toile.recipe import read_recipe, read_value, value_at
from toile.searches.sampler import Sampler, optuna_distributions
from toile.searches.spec import (
    Choices,
    SearchRange,
    most_epochs,
    parse_over,
    search_of,
    search_space,
    search_text,
    trial_recipe,
    values_words,
)

FILTERS = "network.conv1.filters"
RATE = "training.optimizer.sgd.learning_rate"


def space_of(*over: str, recipe: str = "s1-lab"):
    search = search_of({"recipe": recipe, "over": dict(map(parse_over, over))})
    return search_space(search, read_recipe(recipe))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{FILTERS}=8..128", SearchRange(8, 128, None, log=False, is_integer=True)),
        (f"{FILTERS}=8..128:log", SearchRange(8, 128, None, log=True, is_integer=True)),
        # 128 is no step from 8 by 50s: the last one is 108.
        (f"{FILTERS}=8..128:50", SearchRange(8, 108, 50, log=False, is_integer=True)),
        (f"{RATE}=1e-4..1e-1:log", SearchRange(1e-4, 0.1, None, log=True, is_integer=False)),
        (f"{RATE}= .01 .. .1", SearchRange(0.01, 0.1, None, log=False, is_integer=False)),
        # Whole ends of a setting that takes fractions.
        (f"{RATE}=0..1", SearchRange(0, 1, None, log=False, is_integer=False)),
        ("training.epochs=1..20", SearchRange(1, 20, None, log=False, is_integer=True)),
        ("network.relu1=off,gelu", Choices({"off": "off", "gelu": "gelu"})),
        (f"{RATE}=1e-4,.1", Choices({"1e-4": 0.0001, ".1": 0.1})),
    ],
)
def test_a_range_or_choices_are_read_and_whole_where_the_setting_is(text, expected):
    (found,) = space_of(text).values()
    assert found == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("filters", "write ADDRESS=LOW..HIGH"),
        (f"{FILTERS}=8..", "write LOW..HIGH"),
        (f"{FILTERS}=8..128:lin", "write LOW..HIGH"),
        (f"{FILTERS}=128..8", "from the lower number to the higher; write 8..128"),
        (f"{FILTERS}=128..8:8", "from the lower number to the higher; write 8..128:8"),
        (f"{FILTERS}=8..8", "; to hold it fixed write --set network.conv1.filters=8"),
        (f"{FILTERS}=0..8", f"{FILTERS} is 0; it goes from 1 to 4096"),
        (f"{FILTERS}=8..9.5", f"{FILTERS} is 9.5; it is a whole number from 1 to 4096"),
        (f"{FILTERS}=8..16:1.5", "the setting takes whole numbers, and so does its step"),
        (f"{FILTERS}=8..16:9", "the step goes from above 0 to 8"),
        (f"{RATE}=0..1:log", "logarithms begin above 0"),
        (f"{FILTERS}=8", "has one choice"),
        (f"{FILTERS}=8,none", f"{FILTERS} is 'none'"),
        ("network.conv1.filter=8..16", "did you mean filters?"),
    ],
)
def test_what_cannot_be_searched_is_refused_with_address_and_rule(text, message):
    with pytest.raises(ToileError) as refused:
        space_of(text)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"over": {}}, "over is {}"),
        ({"trials": 0}, "trials is 0; it goes from 1 to 10000"),
        ({"sampler": "grid"}, "sampler is 'grid'; it is one of tpe, random"),
        ({"pruner": "median"}, "it is one of hyperband, asha, none"),
        ({"trails": 3}, "trails is not a setting; did you mean trials?"),
    ],
)
def test_a_search_is_held_to_its_settings(fields, message):
    with pytest.raises(ToileError) as refused:
        search_of({"recipe": "s1-lab", "over": {FILTERS: "8..16"}} | fields)
    assert message in str(refused.value)


def test_a_search_reads_back_as_it_was_written():
    over = dict(
        map(parse_over, [f"{FILTERS}=8..128:8", f"{RATE}=1e-4,.1", "network.relu1=off,gelu"])
    )
    search = search_of({"recipe": "s1-lab", "over": over, "set": {"training.epochs": 3}})
    assert search_of(read_value(search_text(search), "it")) == search


def test_a_trial_is_the_recipe_with_what_was_picked():
    space = space_of(f"{FILTERS}=8..128", f"{RATE}=1e-4,.1", "network.relu1=off,gelu")
    values = {FILTERS: 77, RATE: ".1", "network.relu1": "off"}
    recipe = trial_recipe(read_recipe("s1-lab"), space, values)
    assert value_at(recipe, FILTERS) == 77
    assert value_at(recipe, RATE) == 0.1
    assert [layer.kind for layer in recipe.network][:2] == ["conv", "maxpool"]
    assert values_words({FILTERS: 77, RATE: 0.0123456}) == "filters 77, learning_rate 0.01235"


def test_the_longest_trial_is_known_before():
    base = read_recipe("s1-lab")
    assert most_epochs(base, space_of(f"{FILTERS}=8..16")) == 5
    assert most_epochs(base, space_of("training.epochs=2..9")) == 9
    assert most_epochs(base, space_of("training.epochs=3,12,4")) == 12


OVER = {FILTERS: "8..128", RATE: "1e-4..1e-1:log", "network.relu1": {"off": "off", "gelu": "gelu"}}


def asking(seed: int = 0, **more: object) -> Sampler:
    search = search_of({"recipe": "s1-lab", "over": OVER, "seed": seed} | more)
    return Sampler(search, search_space(search, read_recipe("s1-lab")), 5)


def score(values: dict, epoch: int) -> float:
    """The more epochs the better, best at 64 filters and .01."""
    return 0.9 - abs(values[FILTERS] - 64) / 500 - abs(values[RATE] - 0.01) + epoch / 100


def take(asked: Sampler, trials: int, before: list) -> list:
    """Trials one after another, those `before` told again: their values and how far they came."""
    done = []
    for number in range(1, trials + 1):
        known = before[number - 1][0] if number <= len(before) else None
        values = asked.ask(number, known)
        epochs = [one for one in range(1, 6) if asked.is_hopeless(number, one, score(values, one))]
        stopped = epochs[0] if epochs and epochs[0] < 5 else None
        asked.tell(number, None if stopped else score(values, 5), pruned=bool(stopped))
        done.append((values, stopped))
    return done


def test_optuna_is_asked_for_what_is_searched():
    space = space_of(f"{FILTERS}=8..128:50", f"{RATE}=0..1", "training.batch_size=16,64")
    assert optuna_distributions(space) == {
        FILTERS: IntDistribution(8, 108, step=50),
        RATE: FloatDistribution(0, 1),
        "training.batch_size": CategoricalDistribution(["16", "64"]),
    }
    assert optuna_distributions(space_of(f"{RATE}=.01..1:log")) == {
        RATE: FloatDistribution(0.01, 1, log=True)
    }


@pytest.mark.parametrize("pruner", ["hyperband", "asha", "none"])
@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_what_is_asked_next_follows_from_what_was_told_also_when_told_again(sampler, pruner):
    ways = {"sampler": sampler, "pruner": pruner}
    whole = take(asking(**ways), 16, [])
    assert take(asking(**ways), 16, whole[:13]) == whole
    assert take(asking(seed=1, **ways), 3, []) != whole[:3]
    assert all(8 <= values[FILTERS] <= 128 for values, _ in whole)
    stopped = sum(epoch is not None for _, epoch in whole)
    assert stopped == 0 if pruner == "none" else 0 < stopped < 16


def test_what_it_learns_it_uses():
    values = [one for one, _ in take(asking(pruner="none"), 40, [])]
    far = [abs(one[FILTERS] - 64) for one in values]
    assert sum(far[30:]) < 0.6 * sum(far[:10])


def test_without_optuna_a_sentence_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(ToileError, match=r"which a search needs: .*'\.\[search\]'"):
        asking()
