import numpy as np
import pytest

from toile.errors import ToileError
from toile.recipe import read_value
from toile.studies import Study, study_of, study_text
from toile.studies.read import is_study_file, parse_factor, read_study_file, study_name


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"readings": 0}, "readings is 0; it goes from 1 to 1000"),
        ({"reading": 3}, "reading is not a setting; did you mean readings?"),
        ({"margin": 1.5}, "margin is 1.5; it goes above 0 and below 1"),
        ({"reach": [85]}, "reach: 85 is no fraction; write 85 % as 0.85"),
        ({"folds": 1}, "folds is 1; it goes from 2 to 1000; or it is off"),
        ({"score": "loss"}, "score is 'loss'; it is accuracy"),
        ({"recipe": 5}, "recipe is 5; it is a text; or it is a mapping"),
        ({"vary": {"seed": [1, 1]}}, "level 1 stands twice"),
        ({"vary": {"seed": []}}, "vary is []"),
        ({"vary": 8}, "vary is 8; it is a mapping of names to values"),
        ({"levels": {"a": {"sets": 1}}}, "levels.a.sets is not a setting; did you mean set?"),
        ({"levels": {"a": 5}}, "levels.a is 5; it is a group of settings: recipe, set"),
        ({"name": "A b"}, "name is 'A b'"),
    ],
)
def test_a_setting_that_is_wrong_is_named_with_its_value_and_the_rule(changed, message):
    with pytest.raises(ToileError) as refused:
        study_of({"recipe": "s1-lab", **changed})
    assert message in str(refused.value)


def test_a_study_made_in_python_is_refused_in_our_words():
    with pytest.raises(ToileError, match="readings is 0; it goes from 1 to 1000"):
        Study(recipe="quick", readings=0)


@pytest.mark.parametrize("values", [np.array([16, 32]), range(16, 33, 16), (16, 32)])
def test_values_may_be_an_array_or_a_range(values):
    study = study_of({"recipe": "quick", "vary": {"training.batch_size": values}})
    assert study.vary == {"training.batch_size": {"16": 16, "32": 32}}


def test_what_is_written_reads_back_as_the_same_study():
    study = study_of(
        {
            "recipe": "s1-lab",
            "question": "Does it?",
            "set": {"training.epochs": 2},
            "vary": {
                "network.conv1.filters": [8, 64],
                "training.optimizer": {"plain": "sgd", "adam": {"adam": {"learning_rate": 1e-3}}},
                "augmentation.flip": ["off", True],
            },
            "levels": {"own": {"recipe": "quick"}, "same": {}},
            "more": {"8": 5},
            "folds": 3,
            "reach": [0.85, 0.9],
        }
    )
    assert study_of(read_value(study_text(study), "text")) == study


def test_levels_are_called_as_they_were_written(tmp_path):
    path = tmp_path / "rates.yaml"
    path.write_text("recipe: s1-lab\nvary: {a.rate: [.1, 1e-4, '08', {sgd: {momentum:  .9}}]}\n")
    assert read_study_file(path).vary["a.rate"] == {
        ".1": 0.1,
        "1e-4": 0.0001,
        "08": "08",
        "{sgd: {momentum: .9}}": {"sgd": {"momentum": 0.9}},
    }


@pytest.mark.parametrize("brackets", ["{}", "[{}]", " [ {} ] "])
def test_on_the_command_line_too_and_a_mapping_keeps_its_commas(brackets):
    adam = "{adam: {learning_rate: 1e-3, beta1: .8}}"
    written = brackets.replace("{}", f"sgd, {adam}")
    address, values = parse_factor(f"training.optimizer={written}")
    assert address == "training.optimizer"
    assert values == {"sgd": "sgd", adam: {"adam": {"learning_rate": 0.001, "beta1": 0.8}}}


@pytest.mark.parametrize("text", ["filters", "=1,2", "a.b=", "a.b= "])
def test_a_factor_without_address_or_values_is_refused(text):
    with pytest.raises(ToileError, match="write ADDRESS=V1,V2"):
        parse_factor(text)


def test_the_same_value_written_twice_is_refused():
    with pytest.raises(ToileError, match="8 stands twice"):
        parse_factor("network.conv1.filters=8,16,8")


def test_a_file_without_a_name_is_called_as_the_file_and_finds_its_recipe_beside_it(tmp_path):
    (tmp_path / "mine.yaml").write_text("network: [flatten, dense: classes]\n")
    (tmp_path / "My Study.yaml").write_text("recipe: mine.yaml\n")
    study = read_study_file(tmp_path / "My Study.yaml")
    assert study.name == "my-study"
    assert study.recipe == str(tmp_path / "mine.yaml")
    assert is_study_file(tmp_path / "My Study.yaml")
    assert not is_study_file(tmp_path / "mine.yaml")


def test_folds_are_as_many_readings_unless_fewer_are_asked():
    assert study_of({"recipe": "s1-lab", "folds": 3}).readings == 3
    assert study_of({"recipe": "s1-lab", "folds": 3, "readings": 2}).readings == 2
    assert study_of({"recipe": "s1-lab", "folds": "off"}).readings == 5


def test_the_same_words_give_the_same_name():
    assert study_name("s1-lab", ["filters"]) == "s1-lab-by-filters"
    assert study_name("s1-lab", ["conv1.filters", "rate"]) == "s1-lab-by-conv1.filters-and-rate"
    assert study_name("s1-lab", []) == "s1-lab-repeated"
    assert study_name("quick", ["with Dropout!"]) == "quick-by-with-dropout"
