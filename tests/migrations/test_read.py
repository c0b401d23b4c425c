"""Files of older versions read as today's: a line in a table is all that a new name takes."""

from importlib.resources import files

import pytest
import yaml

import toile.migrations.read as reading
from toile.errors import ToileError
from toile.migrations import (
    decisive,
    from_file,
    read_arrays,
    read_form,
    read_settings,
    version_of,
    versioned,
    versioned_line,
)
from toile.migrations.steps import FIRST_OF_DATA, SETTINGS, Migration, say_first_rules
from toile.recipe import read_recipe, recipe_of
from toile.studies import study_of

RENAMED = Migration(renamed={"training.clip_norm": "training.max_norm"})


@pytest.fixture
def renamed(monkeypatch):
    """As if `training.clip_norm` had been renamed in the next version."""
    monkeypatch.setattr(reading, "SETTINGS", (*SETTINGS, RENAMED))


def test_a_renamed_setting_is_read_in_every_kind_of_file(renamed):
    recipe = {"network": [], "training": {"clip_norm": 0.9}}
    now = {"network": [], "training": {"max_norm": 0.9}}
    assert read_settings(from_file(recipe), "recipe.yaml", "it") == now
    study = {
        "recipe": recipe,
        "vary": {"training.clip_norm": [0.8]},
        "set": {"training.clip_norm": 1},
    }
    told = {"recipe": now, "vary": {"training.max_norm": [0.8]}, "set": {"training.max_norm": 1}}
    assert read_settings(from_file(study), "study.yaml", "it") == told
    assert read_settings({"version": 3, "exercises": [study]}, "sheet.yaml", "it") == {
        "exercises": [told]
    }
    memory = read_form({"version": 3, "asked": [{"training.clip_norm": 0.8}]}, "search.json", "it")
    assert memory == {"version": 4, "asked": [{"training.max_norm": 0.8}]}


def test_what_was_made_here_or_is_of_today_is_left_as_it_is(renamed):
    recipe = {"network": [], "training": {"clip_norm": 0.9}}
    assert read_settings(recipe, "recipe.yaml", "it") == recipe
    assert read_settings({"version": 4, **recipe}, "recipe.yaml", "it") == recipe
    nested = {"recipe": {"version": 4, **recipe}}
    assert read_settings(from_file(nested), "study.yaml", "it") == nested


def test_a_hash_is_of_the_first_names_whatever_they_are_today(renamed):
    assert decisive({"training": {"max_norm": 0.9}}) == {"training": {"clip_norm": 0.9}}


def test_what_came_later_is_in_a_hash_only_where_it_asks_for_something():
    recipe = {"training": {"engine": "fast"}, "data": {"white": None, "orientation": "as_is"}}
    assert decisive(recipe) == {"training": {}, "data": {"orientation": "as_is"}}


def test_a_renamed_key_is_read_in_a_record_and_in_arrays(monkeypatch):
    steps = {
        "results.json": (Migration(renamed={"chooses": "selection"}),),
        "validation.safetensors": (Migration(renamed={"arrays.chooses": "arrays.selects"}),),
        "checkpoint.safetensors": (
            Migration(
                renamed={"arrays.average/": "arrays.ema/", "facts.position.step": "facts.at"}
            ),
        ),
    }
    monkeypatch.setattr(reading, "RECORDS", steps)
    assert read_form({"chooses": 1}, "results.json", "it") == {"version": 2, "selection": 1}
    assert read_arrays({"chooses": 1}, {}, 1, "validation.safetensors", "it") == (
        {"selects": 1},
        {},
    )
    assert read_arrays({"chooses": 1}, {}, 2, "validation.safetensors", "it") == (
        {"chooses": 1},
        {},
    )
    facts = {"position": {"step": 3}}
    found = read_arrays({"average/w": 1, "network/w": 2}, facts, 1, "checkpoint.safetensors", "it")
    assert found == ({"ema/w": 1, "network/w": 2}, {"position": {}, "at": 3})
    assert facts == {"position": {"step": 3}}


def test_lines_say_their_version_from_the_second_on(monkeypatch):
    assert versioned_line("ledger.jsonl", {"kind": "step"}) == {"kind": "step"}
    monkeypatch.setattr(reading, "RECORDS", {"ledger.jsonl": (Migration(),)})
    assert versioned_line("ledger.jsonl", {"kind": "step"}) == {"version": 2, "kind": "step"}


def test_a_record_inside_another_is_read_by_its_own_version():
    manifest = {"version": 1, "looks": [{"version": 1, "id": "a"}]}
    assert read_form(manifest, "manifest.json", "it") == manifest
    with pytest.raises(ToileError, match="newer Toile"):
        read_form({"looks": [{"version": 9}]}, "manifest.json", "it")
    facts = read_form({"data": {"rule": 2}}, "export", "it")["data"]
    assert (facts["version"], facts["rule"], facts["copies"]) == (4, 2, 0)


@pytest.mark.parametrize("version", [0, -1, "1", True, None, 1.0])
def test_a_version_that_is_none_is_refused(version):
    with pytest.raises(ToileError, match=r"it: its version is .*; it is a whole number from 1"):
        read_form({"version": version}, "state.json", "it")


def test_a_newer_version_is_refused_by_both_numbers():
    said = "was written by a newer Toile: its form has version 4, and this Toile reads versions "
    with pytest.raises(ToileError, match=said + "up to 3; upgrade Toile"):
        recipe_of({"version": 4, "network": [{"dense": "classes"}]})
    with pytest.raises(ToileError, match="newer Toile"):
        study_of({"version": 4, "recipe": "quick"})


def test_what_is_written_in_full_but_for_a_rule_has_the_first_one():
    whole = dict.fromkeys(FIRST_OF_DATA, 0)
    recipe = {"network": [], "data": {**whole, "white": None}}
    say_first_rules(recipe)
    assert recipe["data"]["rule"] == 1
    short = {"network": [], "data": {"name": "quick"}}
    say_first_rules(short)
    assert short == {"network": [], "data": {"name": "quick"}}


@pytest.mark.parametrize(("device", "replicas"), [("cpu", 1), ("auto", None)])
def test_a_run_that_does_not_say_its_shards_took_batches_whole(device, replicas):
    training = dict.fromkeys(("optimizer", "schedule", "epochs"), 1)
    training |= {"precision": "float32", "threads": 1, "device": device}
    say_first_rules({"training": training})
    assert training.get("replicas") == replicas


def test_a_record_that_says_its_version_keeps_it():
    assert versioned("data.json", {}) == {"version": 4}
    assert versioned("data.json", {"version": 1}) == {"version": 1}


def test_all_settings_that_come_with_toile_are_of_todays_version():
    shipped = [
        file
        for room in ("recipe/presets", "sheets/presets", "sheets", "studies")
        for file in files("toile").joinpath(room).iterdir()
        if file.name.endswith(".yaml")
    ]
    assert len(shipped) > 15
    for file in shipped:
        told = yaml.safe_load(file.read_text())["version"]
        assert told == version_of("recipe.yaml"), file.name
    assert read_recipe("quick").name == "quick"


@pytest.mark.parametrize(("version", "word"), [(1, "paper"), (2, "paper"), (3, "background")])
def test_older_facts_of_images_get_todays_words_for_background_and_foreground(version, word):
    features = {"contrast": 2, "drawn share": 1}
    older = {"version": version, "appearance": {word: [0.0], "features": features}}
    assert read_form(older, "data.json", "it")["appearance"] == {
        "background": [0.0],
        "features": {"contrast": 2, "foreground fraction": 1},
    }
