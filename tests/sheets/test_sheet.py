"""Sheets read, refused and planned; nothing is trained."""

import pytest

from toile.errors import ToileError
from toile.recipe import read_value, settings_of, value_at
from toile.sheets.plan import plan_sheet, refuse_fixed_seeds
from toile.sheets.result import keep_answer, read_answers
from toile.sheets.sheet import Compare, list_sheets, read_sheet, sheet_of, sheet_path, sheet_text
from toile.workbench import run_sheet

FILTERS = "network.conv1.filters"
STUDY = {"title": "Filters", "study": {"vary": {FILTERS: [8, 64]}, "readings": 3}}


def sheet(*exercises: dict, **more: object):
    return sheet_of({"title": "A sheet", "exercises": list(exercises)} | more)


def test_the_fashion_lab_has_the_lab_sheet_as_it_was():
    planned = plan_sheet(read_sheet("fashion-lab"))
    levels = {one.number: [level.name for level in one.levels] for one in planned}
    assert levels[2] == ["8", "16", "32", "64", "128"]
    assert levels[3] == ["16", "64", "128", "256", "512"]
    assert levels[4] == ["1", "2", "5", "10", "20"]
    assert levels[5] == [".1", ".01", ".001", "1e-4", "1e-5"]
    assert levels[6] == ["off", ".1", ".2", ".3", ".4", ".5"]
    assert [one.study.readings for one in planned[1:6]] == [5, 5, 4, 4, 4]
    assert [one.exercise.kind for one in planned] == [
        "show", "study", "study", "study", "study", "study", "search", "export", "study",
    ]  # fmt: skip
    assert planned[8].study.folds == planned[8].study.readings == 5


def test_its_five_tables_are_about_110_trainings_of_about_900_epochs():
    planned = [one for one in plan_sheet(read_sheet("fashion-lab")) if 2 <= one.number <= 6]
    assert sum(one.trainings for one in planned) == 114
    assert sum(one.epochs for one in planned) == 982
    # The sheet as it was had no level without dropout: four readings of 20 epochs at most.
    assert (114 - 4, 982 - 4 * 20) == (110, 902)


def test_its_networks_are_the_sheets_and_differ_in_what_is_varied_alone():
    planned = plan_sheet(read_sheet("fashion-lab"))
    for one in planned:
        for level in one.levels:
            recipe = level.recipe
            assert recipe.training.batch_size == 32
            assert value_at(recipe, "training.optimizer.sgd.momentum") == 0.9
            assert value_at(recipe, "network.conv1.init") == "he_uniform"
            assert (recipe.training.threads, recipe.training.precision) == (1, "float32")
    kinds = {
        level.name: [layer.kind for layer in level.recipe.network] for level in planned[5].levels
    }
    plain = ["conv", "relu", "maxpool", "flatten", "dense", "relu", "dense"]
    assert kinds["off"] == plain
    assert kinds[".5"] == [*plain[:3], "dropout", *plain[3:]]
    assert {level.recipe.training.early_stopping.patience for level in planned[5].levels} == {3}
    assert {level.recipe.training.epochs for level in planned[5].levels} == {20}


def test_quickly_it_is_a_few_short_trainings_on_the_sample():
    planned = plan_sheet(read_sheet("fashion-lab"), quick=True)
    assert sum(one.trainings for one in planned) < 60
    assert sum(one.epochs for one in planned) < 125
    names = {level.recipe.data.name for one in planned for level in one.levels}
    assert names == {"fashion-sample"}
    assert planned[0].recipe.data.name == "fashion-sample"
    assert all(one.study.readings <= 2 for one in planned if one.study)


@pytest.mark.parametrize("name", list(list_sheets()))
def test_a_sheet_of_ours_reads_back_as_it_was_written(name):
    read = read_sheet(name)
    assert sheet_of(read_value(sheet_text(read), name)) == read


def test_the_example_is_a_sheet(tmp_path):
    example = sheet_path("fashion-lab").parents[1] / "example.yaml"
    read = read_sheet(example)
    assert read.name == "example"
    assert [one.exercise.kind for one in plan_sheet(read)] == [
        "show", "study", "study", "compare", "question",
    ]  # fmt: skip
    plan_sheet(read, quick=True)


def test_some_exercises_come_in_the_sheets_order():
    read = read_sheet("fashion-lab")
    assert [one.number for one in plan_sheet(read, only=[5, 2, 5])] == [2, 5]


@pytest.mark.parametrize(
    ("exercises", "message"),
    [
        ([], "exercises is []"),
        ([{"title": "x", "stdy": {}}], "exercise 1.stdy is not a setting; did you mean study?"),
        ([{"title": "x"}], "it has no task and no question"),
        ([STUDY | {"show": {}}], "exercise 1: it has show and study; an exercise has one task"),
        ([{"title": "x", "show": {"images": 0}}], "exercise 1.show.images is 0; it goes from 1 to"),
        (
            [{"title": "x", "compare": {"first": {"run": "a"}, "second": {"exercise": 1}}}],
            "compare two levels or two runs",
        ),
        (
            [{"title": "x", "compare": {"first": {"exercise": 1}, "second": {"exercise": 2}}}],
            "exercise 1 compares exercise 1; name an earlier study or search",
        ),
    ],
)
def test_what_is_no_sheet_is_refused_naming_the_exercise(exercises, message):
    with pytest.raises(ToileError) as refused:
        sheet(*exercises)
    assert message in str(refused.value)


def compare(first: dict, second: dict) -> dict:
    return {"title": "x", "compare": {"first": first, "second": second}}


@pytest.mark.parametrize(
    ("exercise", "message"),
    [
        (
            {"title": "x", "study": {"vary": {FILTERS: [8, 0]}}},
            "exercise 2: level 0: network.conv1.filters is 0; it goes from 1 to 4096",
        ),
        (
            {"title": "x", "study": {"vry": {}}},
            "exercise 2: vry is not a setting; did you mean vary?",
        ),
        (
            {"title": "x", "search": {"over": {FILTERS: "0..8"}}},
            f"exercise 2: over {FILTERS}=0..8: {FILTERS} is 0; it goes from 1 to 4096",
        ),
        (
            compare({"exercise": 1, "level": "8"}, {"exercise": 1, "level": "65"}),
            "exercise 2: exercise 1 has no level 65; its levels are 8, 64",
        ),
        (
            compare({"exercise": 1, "level": "8"}, {"exercise": 1}),
            "exercise 2: exercise 1 has no level named; its levels are 8, 64",
        ),
    ],
)
def test_what_cannot_be_taken_is_refused_when_it_is_planned(exercise, message):
    with pytest.raises(ToileError) as refused:
        plan_sheet(sheet(STUDY, exercise))
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("exercise", "fields", "message"),
    [
        (STUDY, {"set": {"seed": 1}}, "seed is held fixed in the sheet (set), which would change"),
        ({**STUDY, "set": {"seed": 1}}, {}, "exercise 1: seed is held fixed (set), which"),
        ({"title": "x", "study": {"vary": {"seed": [1, 2]}}}, {},
         "exercise 1: seed is varied (vary), which"),
        ({"title": "x", "study": {**STUDY["study"], "levels": {"a": {"set": {"seed": 1}}}}}, {},
         "exercise 1: seed is set in level a, which"),
        ({"title": "x", "search": {"over": {FILTERS: "8..16"}, "set": {"seed": 1}}}, {},
         "exercise 1: seed is held fixed (set), which"),
        ({"title": "x", "export": {}, "set": {"seed": 4}}, {},
         "say the first reading's as that of the study or search itself"),
    ],
)  # fmt: skip
def test_a_seed_that_would_change_nothing_is_refused(exercise, fields, message):
    asked = sheet(exercise, **fields)
    # Planned it is: a folder of before is still opened.
    planned = plan_sheet(asked)
    with pytest.raises(ToileError) as refused:
        refuse_fixed_seeds(asked, planned)
    assert message in str(refused.value)
    with pytest.raises(ToileError, match="which would change nothing"):
        run_sheet(asked, on="inline")


def test_a_number_that_is_no_exercise_is_refused():
    for single in (1, "1"):
        with pytest.raises(ToileError, match=r"only is .*; it is a list of .*, as \[1\]"):
            plan_sheet(sheet(STUDY), only=single)
    with pytest.raises(ToileError, match="sheet has no exercise 3; its exercises go from 1 to 1"):
        plan_sheet(sheet(STUDY), only=[3])


def test_a_name_that_is_no_sheet_names_the_nearest():
    with pytest.raises(ToileError, match="did you mean fashion-lab"):
        read_sheet("fashion-lap")


def test_what_all_hold_fixed_yields_to_the_exercise_and_quick_to_none():
    read = sheet(
        STUDY | {"set": {"training.batch_size": 64}},
        set={"training.batch_size": 16, "training.epochs": 7},
        quick={"set": {"training.epochs": 2}, "readings": 1},
    )
    (asked,) = plan_sheet(read)
    (quick,) = plan_sheet(read, quick=True)
    assert (asked.trainings, asked.epochs) == (6, 42)
    assert (quick.trainings, quick.epochs) == (2, 4)
    own = sheet(STUDY | {"quick": {"set": {"training.epochs": 3}}}, quick=read.quick.model_dump())
    (quick,) = plan_sheet(own, quick=True)
    assert (quick.trainings, quick.epochs) == (2, 6)
    assert asked.levels[0].recipe.training.batch_size == 64


def test_recipe_and_photograph_are_looked_for_beside_the_sheet(tmp_path, monkeypatch):
    from toile.recipe import read_recipe, recipe_text

    (tmp_path / "mine.yaml").write_text(recipe_text(read_recipe("s1-lab")))
    (tmp_path / "shoe.jpg").write_bytes(b"")
    (tmp_path / "sheet.yaml").write_text(
        "title: x\nrecipe: mine.yaml\nexercises:\n  - {title: x, export: {photo: shoe.jpg}}\n"
    )
    read = read_sheet(tmp_path / "sheet.yaml")
    assert read.recipe == str(tmp_path / "mine.yaml")
    assert read.exercises[0].export.photo == str(tmp_path / "shoe.jpg")


def test_an_answer_is_kept_as_it_was_given_and_never_replaced(tmp_path):
    keep_answer(tmp_path, 2, "64, by half a point")
    keep_answer(tmp_path, 7, "no: yes")
    with pytest.raises(ToileError, match="exercise 2 was answered on 20"):
        keep_answer(tmp_path, 2, "8")
    answers = read_answers(tmp_path)
    assert {number: one.text for number, one in answers.items()} == {
        2: "64, by half a point",
        7: "no: yes",
    }
    assert answers[2].when.startswith("20")


def test_answers_may_be_written_by_hand(tmp_path):
    (tmp_path / "answers.yaml").write_text("exercise-3: it depends\n")
    assert read_answers(tmp_path)[3].text == "it depends"
    (tmp_path / "answers.yaml").write_text("three: it depends\n")
    with pytest.raises(ToileError, match="three is no exercise"):
        read_answers(tmp_path)


def test_a_level_of_a_comparison_may_be_called_off():
    exercise = {"exercise": 1, "level": "off"}
    compare = settings_of(Compare, {"first": exercise, "second": {"exercise": 2}})
    assert (compare.first.level, compare.second.level) == ("off", "")
