import pytest

from toile.errors import ToileError
from toile.studies import study_of
from toile.studies.plan import cell_key, complete, plan_cells, plan_levels, short_names
from toile.studies.same_scores import other_images, unlike

FILTERS = "network.conv1.filters"


def study(**fields):
    return study_of({"recipe": "s1-lab", "set": {"data.name": "fashion-sample"}, **fields})


def test_a_grid_has_every_combination_in_order_each_with_its_recipe():
    levels = plan_levels(study(vary={FILTERS: [8, 64], "training.epochs": [1, 2]}))
    assert [level.name for level in levels] == [
        "filters=8, epochs=1",
        "filters=8, epochs=2",
        "filters=64, epochs=1",
        "filters=64, epochs=2",
    ]
    assert levels[2].recipe.network[0].filters == 64
    assert levels[1].recipe.training.epochs == 2
    assert levels[3].values == {FILTERS: "64", "training.epochs": "2"}


def test_off_removes_a_layer():
    (without,) = plan_levels(study(vary={"network.relu1": ["off"]}))
    assert [layer.kind for layer in without.recipe.network].count("relu") == 1


def test_whole_alternatives_are_crossed_with_the_grid():
    levels = plan_levels(
        study(
            levels={"sgd": {}, "quick": {"recipe": "quick"}},
            vary={"training.epochs": [1, 2]},
        )
    )
    assert [level.name for level in levels] == ["sgd, 1", "sgd, 2", "quick, 1", "quick, 2"]
    assert levels[3].recipe.network[2].kind == "batchnorm"
    assert {level.recipe.data.name for level in levels} == {"fashion-sample"}


def test_without_factors_a_recipe_is_repeated():
    (level,) = plan_levels(study())
    assert level.name == "s1-lab"


def test_readings_have_seeds_in_turn_the_same_for_all_levels_and_first_ones_come_first():
    asked = study(vary={FILTERS: [8, 64]}, readings=2, seed=7)
    cells = plan_cells(asked, plan_levels(asked))
    assert [(cell.level, cell.number, cell.recipe.seed) for cell in cells] == [
        ("8", 1, 7),
        ("64", 1, 7),
        ("8", 2, 8),
        ("64", 2, 8),
    ]
    assert {cell.recipe.data.split for cell in cells} == {0}


def test_levels_may_have_readings_of_their_own_beyond_the_others():
    asked = study(vary={FILTERS: [8, 64]}, readings=1, more={"64": 2})
    cells = plan_cells(asked, plan_levels(asked))
    assert [(cell.level, cell.number) for cell in cells] == [
        ("8", 1),
        ("64", 1),
        ("64", 2),
        ("64", 3),
    ]


def test_readings_take_one_thread_and_float32_unless_asked():
    (level,) = plan_levels(study())
    assert (level.recipe.training.threads, level.recipe.training.precision) == (1, "float32")
    (asked,) = plan_levels(study(set={"training.threads": 2, "training.precision": "bfloat16"}))
    assert (asked.recipe.training.threads, asked.recipe.training.precision) == (2, "bfloat16")


def test_folds_hold_each_image_out_once():
    asked = study(readings=3, folds=3)
    cells = plan_cells(asked, plan_levels(asked))
    assert [(cell.recipe.data.folds, cell.recipe.data.fold) for cell in cells] == [
        (3, 0),
        (3, 1),
        (3, 2),
    ]
    assert [cell.recipe.data.validation for cell in cells] == [2000] * 3
    more = study(readings=4, folds=3)
    with pytest.raises(ToileError, match="readings is 4, and folds 3"):
        plan_cells(more, plan_levels(more))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"vary": {FILTERS: [8, 0]}}, "level 0: network.conv1.filters is 0; it goes from 1"),
        ({"vary": {"network.conv1.filter": [8]}}, "did you mean filters?"),
        ({"vary": {FILTERS: {"a": 8, "b": 8}}}, "levels a and b are the same recipe"),
        ({"levels": {"a": {"recipe": "quickk"}}}, "level a: 'quickk' is neither"),
        ({"vary": {FILTERS: list(range(1, 41)), "training.epochs": list(range(1, 41))}}, "1600"),
    ],
)
def test_a_level_that_cannot_be_is_refused_by_name(fields, message):
    with pytest.raises(ToileError) as refused:
        plan_levels(study(**fields))
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"vary": {"network.conv1.kernel": [3, 29]}}, "level 29: "),
        ({"vary": {"data.name": ["fashion-sample", "nowhere"]}}, "level nowhere: data.name is"),
    ],
)
def test_what_does_not_fit_the_data_is_refused_by_name(fields, message):
    asked = study(**fields)
    with pytest.raises(ToileError) as refused:
        plan_cells(asked, plan_levels(asked))
    assert str(refused.value).startswith(message)


def test_a_complete_study_names_its_data_by_where_it_lies(tmp_path, monkeypatch):
    (tmp_path / "pictures").mkdir()
    monkeypatch.chdir(tmp_path)
    asked = study(set={"data.name": "pictures"}, vary={"data.name": ["pictures", "mnist"]})
    done = complete(asked)
    assert done.set["data.name"] == str(tmp_path / "pictures")
    assert done.vary["data.name"] == {"pictures": str(tmp_path / "pictures"), "mnist": "mnist"}
    assert done.recipe["network"][0]["conv"]["filters"] == 32


def test_folders_are_called_by_level_and_number_and_no_two_alike():
    assert cell_key("64", 3) == "64-3"
    assert cell_key("1e-4", 1) == "1e-4-1"
    names = [".1", "1", "-1", "A", "a", "filters=8, dropout=off", "../x", "x", " ", "é"]
    keys = [cell_key(name, 1) for name in names]
    assert len({key.lower() for key in keys}) == len(names)
    assert not any("/" in key or key.startswith(".") for key in keys)


def test_a_factor_is_called_by_as_much_of_its_address_as_it_takes():
    addresses = [FILTERS, "network.conv2.filters", "training.epochs"]
    assert list(short_names(addresses).values()) == ["conv1.filters", "conv2.filters", "epochs"]


STOPS = {"stops": {"patience": 3}, "goes on": "off"}


RANKED = {"selected": True, "cut": [{"layer": "conv1", "channels": [0]}]}
STARTS = {"none": "off", "cut": {"run": "not-there", **RANKED}}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"vary": {"data.validation": [500, 600]}}, "data.validation is 500 in level 500"),
        ({"vary": {"data.split": [0, 1]}}, "data.split is 0 in level 0 and 1 in level 1"),
        ({"vary": {"data.folds": [2, "off"]}}, "hold it fixed, as with --set data.folds=2"),
        ({"set": {"data.folds": 3}, "vary": {"data.fold": [0, 1]}}, "data.fold is 0"),
        ({"vary": {"data.test": [0.1, 0.2]}}, "data.test is 0.1"),
        ({"vary": {"data.label_column": ["first", "last"]}}, "data.label_column is first"),
        ({"vary": {"training.early_stopping": STOPS}}, "level stops stops early"),
        (
            {"vary": {"training": {"a": {"early_stopping": {}}, "b": {"epochs": 6}}}},
            "level a stops",
        ),
        (
            {"vary": {"training.start": STARTS}},
            "level cut begins with weights that half of validation chose",
        ),
        (
            {"levels": {"s1": {"recipe": "s1-lab"}, "s2": {"set": {"data": {"split": 4}}}}},
            "data.split is 0 in level s1 and 4 in level s2",
        ),
    ],
)
def test_levels_whose_scores_would_not_mean_the_same_are_refused(asked, said):
    asked = study(**{"set": {"data.name": "fashion-sample"}, **asked})
    with pytest.raises(ToileError) as refused:
        plan_cells(asked, plan_levels(asked))
    assert said in str(refused.value)


def test_what_a_network_sees_may_be_compared():
    asked = study(vary={"data.scaling": ["unit", "standard"]}, readings=1)
    assert len(plan_cells(asked, plan_levels(asked))) == 2
    patience = {"3": {"patience": 3}, "never": {"patience": 10_000}}
    asked = study(vary={"training.early_stopping": patience}, readings=1)
    assert len(plan_cells(asked, plan_levels(asked))) == 2
    # Where all stop early, all are scored on the same half wherever they begin.
    settings = {"data.name": "fashion-sample", "training.early_stopping": {"patience": 3}}
    levels = plan_levels(study(set=settings, vary={"training.start": STARTS}))
    assert unlike({level.name: level.recipe for level in levels}) == ""


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"vary": {"data.name": ["mnist", "fashion-sample"]}},
            (
                "data.name is mnist in level mnist and fashion-sample in level fashion-sample, so "
                "their scores are of different images"
            ),
        ),
        (
            {"levels": {"a": {}, "b": {"set": {"data": {"name": "mnist"}}}}},
            (
                "data.name is fashion-sample in level a and mnist in level b, so their scores are "
                "of different images"
            ),
        ),
        ({"vary": {"data.size_px": [14, 28]}}, ""),
        (
            {"set": {"data.rule": 1}, "vary": {"data.size_px": [14, 28]}},
            (
                "data.size_px is 14 in level 14 and 28 in level 28, so their scores are of "
                "different images"
            ),
        ),
    ],
)
def test_levels_scored_on_different_images_are_told(asked, said):
    asked = study(**{"set": {"data.name": "fashion-sample"}, **asked})
    assert other_images({level.name: level.recipe for level in plan_levels(asked)}) == said
