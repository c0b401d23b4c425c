"""Weights that were trained on what is to score them: refused with the count, or said."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import toile
from toile.cli.training import result, summary
from toile.errors import ToileError
from toile.library import resume
from toile.recipe import with_settings
from toile.runs import (
    Run,
    bundle_run,
    pictures_of,
    read_ledger,
    read_state,
    runs_folder,
    seen_words,
)
from toile.runs.evaluation import evaluate
from toile.runs.state import write_state
from toile.searches.sentences import search_sentence
from toile.sheets.result import compared_words, runs_words
from toile.sheets.sheet import sheet_of
from toile.studies import open_study
from toile.workbench.page import write_report

ELSEWHERE = {
    "another split": {"split": 1},
    "a fold": {"folds": 5},
    "another share": {"validation": 20},
    "the older rule": {"rule": 1},
    "another share of test": {"test": 0.4},
    "another split in another size": {"split": 1, "size_px": 12},
}


@pytest.fixture(scope="module")
def parent(small, tmp_path_factory) -> Run:
    return toile.train(small(), out=tmp_path_factory.mktemp("seen") / "parent")


@pytest.fixture(scope="module")
def allowed(small, parent, tmp_path_factory) -> Run:
    """Begun with the parent's weights on another split, all the same."""
    folder = tmp_path_factory.mktemp("seen") / "allowed"
    return toile.train(small(split=1), start=parent.folder, allow_seen=True, out=folder)


@pytest.mark.parametrize("data", ELSEWHERE.values(), ids=ELSEWHERE)
def test_weights_that_saw_what_is_held_out_are_refused_with_the_count(small, parent, data):
    with pytest.raises(ToileError) as refused:
        toile.begin(small(**data), start=parent.folder)
    said = str(refused.value)
    assert f"training.start.run is {parent.folder.resolve()}, whose weights were trained on" in said
    for words in ("validation images", "test images", "--allow-seen"):
        assert words in said
    for name, value in data.items():
        if name != "size_px":
            was = getattr(parent.recipe.data, name)
            assert f"--set data.{name}={'off' if was is None else was}" in said, value


@pytest.mark.parametrize("data", [{}, {"size_px": 12}, {"colour": "rgb"}, {"validation": 6}])
def test_the_same_division_in_any_size_or_colour_is_no_such_thing(small, parent, tmp_path, data):
    live = toile.begin(small(**data), start=parent.folder, out=tmp_path / "run")
    start = live.fit.recipe.training.start
    assert (start.seen_validation, start.seen_test, start.unknown) == (0, 0, ())
    assert seen_words(live.fit.recipe) == ""


def test_the_advice_is_true(small, parent, tmp_path):
    settings = {"data.split": 0}
    toile.begin(small(split=1), start=parent.folder, settings=settings, out=tmp_path / "run")


def test_a_copy_of_the_data_elsewhere_is_the_same_pictures(small, pictures, parent, tmp_path):
    copy = tmp_path / "copy"
    for file in pictures.rglob("*.png"):
        there = (copy / file.relative_to(pictures)).with_suffix(".bmp")
        there.parent.mkdir(parents=True, exist_ok=True)
        Image.open(file).save(there)
    with pytest.raises(ToileError, match="Begin with a run that was trained on other images"):
        toile.begin(small(name=str(copy)), start=parent.folder)


def test_other_pictures_may_follow(small, parent, tmp_path):
    for number in range(20):
        file = tmp_path / "others" / f"class {number % 2}" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((16, 16), number, np.uint8)).save(file)
    others = small(name=str(tmp_path / "others"), validation=4)
    toile.begin(others, start=parent.folder, out=tmp_path / "run")


def test_what_was_allowed_is_said_beside_every_score(allowed, tmp_path):
    start = allowed.recipe.training.start
    assert start.allow_seen
    assert 0 < start.seen_validation <= 10
    assert start.seen_test == 0
    words = (
        f"trained on {start.seen_validation} of the validation images and 0 of the test images "
        "(allow_seen): it is scored on images that it has learnt"
    )
    assert words in summary(allowed)
    assert words in result(allowed)["seen"]["sentence"]
    assert words in evaluate(allowed).to_json()["seen"]
    assert words in read_state(allowed.folder).seen
    assert words in write_report(allowed).read_text()
    shutil.unpack_archive(bundle_run(allowed, tmp_path / "it.zip"), tmp_path / "unpacked")
    assert words in seen_words(Run(tmp_path / "unpacked").recipe)


def test_a_look_keeps_what_was_allowed_with_its_score(allowed):
    looked = evaluate(allowed, open_test=True, why="to see what it says")
    assert looked.look is not None
    assert looked.look.score.seen == seen_words(allowed.recipe)
    (kept,) = [look for look in read_ledger() if look.id == looked.look.id]
    assert kept.score.seen in write_report(allowed).read_text()


def test_training_images_that_are_in_the_test_part_are_told(small, pictures, tmp_path):
    for part in ("train", "test"):
        shutil.copytree(pictures, tmp_path / "both" / part)
    live = toile.begin(small(name=str(tmp_path / "both")), out=tmp_path / "run")
    assert any("50 training images are in the test part as well" in one for one in live.notes)


def test_the_grandchild_has_seen_what_its_grandparent_saw(small, parent, allowed):
    """The child's own split alone would let it pass."""
    with pytest.raises(ToileError, match="weights were trained on"):
        toile.begin(small(split=1), start=allowed.folder)
    assert set(pictures_of(parent).trained) <= set(pictures_of(allowed).trained)


def test_an_older_parent_is_known_by_its_recipe_where_its_data_is(small, parent, tmp_path):
    older = without_record(parent, tmp_path)
    with pytest.raises(ToileError, match="weights were trained on"):
        toile.begin(small(split=1), start=older)
    toile.begin(small(), start=older, out=tmp_path / "run")


def test_an_older_parent_whose_data_is_gone_is_said_to_be_unknown(small, parent, tmp_path):
    older = without_record(parent, tmp_path)
    recipe = older / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace(parent.recipe.data.name, "/gone"))
    child = toile.train(small(split=1), start=older, out=tmp_path / "child")
    said = "what older learnt from is not known here"
    assert said in summary(child)
    assert said in evaluate(child).seen
    grandchild = toile.train(small(split=1), start=child.folder, out=tmp_path / "grandchild")
    assert said in summary(grandchild)


def without_record(run: Run, folder: Path) -> Path:
    older = folder / "older"
    shutil.copytree(run.folder, older)
    (older / "pictures.safetensors").unlink()
    return older


def test_a_study_with_folds_or_another_split_is_refused_before_anything_is_written(
    small, parent, tmp_path
):
    recipe = with_settings(small(), {"training.start.run": str(parent.folder)})
    out, vary = tmp_path / "study", {"training.batch_size": [8, 16]}
    for asked, advice in (
        ({"readings": 5, "folds": 5}, "without --folds (folds in a study's file); or"),
        (
            {"readings": 5, "folds": 5, "settings": {"data.split": 1}},
            "without --folds (folds in a study's file) and with --set data.split=0; or",
        ),
        ({"settings": {"data.split": 1}}, "with --set data.split=0; or"),
    ):
        with pytest.raises(ToileError, match=r"level .*: training.start.run is .* on") as refused:
            toile.study(recipe, vary=vary, out=out, **asked)
        assert f"Divide the images as parent did, {advice}" in str(refused.value)
    assert not out.exists()
    toile.study(recipe, vary=vary, readings=2, out=out)


def test_a_study_that_is_allowed_says_so_in_its_verdict(small, parent, tmp_path):
    start = {"run": str(parent.folder), "allow_seen": True}
    recipe = with_settings(small(split=1), {"training.start": start})
    done = toile.study(
        recipe, vary={"training.batch_size": [8]}, readings=2, out=tmp_path / "study", on="inline"
    ).finish()
    assert "Of 2 of 2 readings it must be said" in done.sentence
    assert done.to_json()["sentence"] == done.sentence


def test_a_sheet_and_a_search_say_so_beside_what_they_compare(small, parent, allowed, tmp_path):
    start = {"run": str(parent.folder), "allow_seen": True}
    recipe = with_settings(small(split=1), {"training.start": start})
    study = {"recipe": recipe.model_dump(mode="json"), "vary": {"training.batch_size": [8, 16]}}
    sides = {"first": {"exercise": 1, "level": "8"}, "second": {"exercise": 1, "level": "16"}}
    exercises = [{"study": study | {"readings": 2}}, {"compare": sides}]
    fields = [{"title": f"Number {n}"} | one for n, one in enumerate(exercises)]
    sheet = sheet_of({"title": "A sheet", "exercises": fields})
    result = toile.run_sheet(sheet, out=tmp_path / "sheet", on="inline").finish()
    assert "it is scored on images that it has learnt" in compared_words(result.outcomes[1])
    assert "This is analysis 1 of the study" in compared_words(result.outcomes[1])
    assert compared_words(result.outcomes[1]) == result.outcomes[1].to_json()["verdict"]["sentence"]

    other = toile.train(small(split=1), start=parent.folder, allow_seen=True, out=tmp_path / "two")
    runs = {"first": {"run": str(allowed.folder)}, "second": {"run": str(other.folder)}}
    sheet = sheet_of({"title": "Runs", "exercises": [{"title": "Two", "compare": runs}]})
    result = toile.run_sheet(sheet, out=tmp_path / "runs").finish()
    said = runs_words(result.outcomes[0].record)
    assert said.count("it is scored on images that it has learnt") == 2

    over = {"training.batch_size": [8, 16]}
    asked = {"trials": 1, "finalists": 1, "readings": 1, "on": "inline"}
    found = toile.search(recipe, over=over, out=tmp_path / "search", **asked).finish()
    assert "it is scored on images that it has learnt" in search_sentence(found)


def test_a_study_that_begins_with_a_run_by_name_keeps_to_it(small, parent):
    shutil.copytree(parent.folder, runs_folder() / "one")
    recipe = with_settings(small(), {"training.start.run": "last"})
    vary, settings = {"training.batch_size": [8]}, {"training.start.run": "last"}
    for name, asked in (("in-recipe", (recipe, {})), ("held", (small(), settings))):
        live = toile.study(asked[0], vary=vary, settings=asked[1], name=name, on="inline")
        live.finish()
        write_state(
            toile.train(small(), out=runs_folder() / f"later-{name}").folder,
            replace(read_state(parent.folder), created="2100-01-01T00:00:00+0000"),
        )
        (cell,) = toile.study(runs_folder() / name, add_readings=1).missing()
        assert cell.recipe.training.start.run == str((runs_folder() / "one").resolve())
        shutil.rmtree(runs_folder() / f"later-{name}")


def test_no_level_begins_with_other_weights_halfway(small, parent, tmp_path):
    shutil.copytree(parent.folder, tmp_path / "one")
    recipe = with_settings(small(), {"training.start.run": str(tmp_path / "one")})
    asked = {"vary": {"training.batch_size": [8]}, "out": tmp_path / "study", "on": "inline"}
    toile.study(recipe, **asked).finish()
    resume(Run(tmp_path / "one"), epochs=2)
    with pytest.raises(ToileError, match=r"trained otherwise: training.start.sha256 was .* is now"):
        toile.study(recipe, add_readings=1, **asked)


def test_a_start_that_is_trained_on_meanwhile_stops_the_study(small, parent, tmp_path):
    shutil.copytree(parent.folder, tmp_path / "one")
    recipe = with_settings(small(), {"training.start.run": str(tmp_path / "one")})
    asked = {"vary": {"training.batch_size": [8]}, "readings": 2, "on": "inline"}
    live = toile.study(recipe, out=tmp_path / "study", **asked)
    # Asked for with the weights as they are now.
    resume(Run(tmp_path / "one"), epochs=2)
    with pytest.raises(ToileError, match=r"training.start.sha256 is \w+, but .* now has"):
        live.finish()
    assert not (tmp_path / "study" / "readings" / "8-1" / "state.json").exists()


def test_no_trial_or_finalist_begins_with_other_weights(small, parent, tmp_path):
    shutil.copytree(parent.folder, tmp_path / "one")
    recipe = with_settings(small(), {"training.start.run": str(tmp_path / "one")})
    asked = {"over": {"training.start.weights": ["last", "best"]}, "out": tmp_path / "search"}
    asked |= {"finalists": 1, "readings": 1, "on": "inline", "sampler": "random", "pruner": "none"}
    list(toile.search(recipe, trials=1, **asked).events())
    live = toile.search(recipe, trials=2, **asked)
    list(live.events())
    # The same weights were gone on with, those that each trial picked.
    starts = [Run(one.folder).recipe.training.start for one in live.result.trials]
    assert {one.weights: one.sha256 for one in starts} == parent.results.weights
    resume(Run(tmp_path / "one"), epochs=2)
    said = r"trial \d began with other weights of .*training.start.sha256 was \w+ and is now"
    with pytest.raises(ToileError, match=said):
        toile.search(recipe, trials=3, **asked)
    with pytest.raises(ToileError, match=said):
        live.finalists()


def test_a_study_whose_start_is_gone_says_so_and_is_still_read(small, parent, tmp_path):
    shutil.copytree(parent.folder, tmp_path / "one")
    recipe = with_settings(small(), {"training.start.run": str(tmp_path / "one")})
    asked = {"vary": {"training.batch_size": [8]}, "out": tmp_path / "study", "on": "inline"}
    toile.study(recipe, **asked).finish()
    shutil.rmtree(tmp_path / "one")
    for source in (tmp_path / "study", recipe):
        with pytest.raises(ToileError, match=r"no run is there.* Bring it back, .* toile report"):
            toile.study(source, **asked)
    assert open_study(tmp_path / "study").ended


def test_allow_seen_without_a_start_is_refused(small):
    with pytest.raises(ToileError, match="--allow-seen goes with --from"):
        toile.begin(small(), allow_seen=True)
