"""A recipe as a form."""

from toile.recipe import list_presets, parse_assignments, settings_form


def rows(recipe):
    return {row.setting.address: row for row in settings_form(recipe)}


def test_each_value_of_a_form_reads_back_as_the_recipe_it_is_of():
    for recipe in list_presets().values():
        values = {one: row.value for one, row in rows(recipe).items() if not row.is_group}
        again = recipe.replace(parse_assignments(f"{one}={text}" for one, text in values.items()))
        assert again == recipe


def test_a_group_that_is_off_and_a_kind_not_chosen_keep_their_settings_to_themselves():
    quick = list_presets()["quick"]
    found = rows(quick)
    assert found["training.optimizer"].value == "muon"
    assert "training.optimizer.muon.momentum" in found
    assert not [one for one in found if one.startswith("training.optimizer.adam.")]
    assert found["training.early_stopping"].value == "off"
    assert "training.early_stopping.patience" not in found
    stopping = rows(quick.replace({"training.early_stopping": {"patience": 4}}))
    assert stopping["training.early_stopping"].value == "on"
    assert stopping["training.early_stopping.patience"].value == "4"


def test_settings_of_few_values_name_them_all():
    found = rows(list_presets()["quick"])
    assert found["data.colour"].setting.choices == ("grey", "rgb", "off")
    assert found["training.epochs"].setting.choices == ()
