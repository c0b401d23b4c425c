"""Studies taken for real, on the sample that comes with Toile, seconds each."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import toile
from toile.errors import ToileError
from toile.files import write_json
from toile.runs import Run, list_runs, looks_of, read_ledger, read_state, runs_folder
from toile.studies import Ended, Looked, Started, alpha_of, open_study, study_of, study_summary
from toile.studies.beginning import _to_the_next_look
from toile.studies.look import open_study_test
from toile.studies.plan import plan_levels
from toile.workbench.listing import list_studies

FILTERS = "network.conv1.filters"
SMALL = {"training.batch_size": 1000, "data.validation": 600, "training.schedule": "constant"}


def ask(vary=None, readings=2, source="s1-lab", **more):
    return toile.study(
        source,
        vary=vary or {FILTERS: [2, 3]},
        readings=readings,
        data="fashion-sample",
        epochs=more.pop("epochs", 1),
        settings={**SMALL, **more.pop("settings", {})},
        on=more.pop("on", "inline"),
        **more,
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"set": {"seed": 1}}, r"seed is held fixed \(set\), which would change nothing"),
        ({"vary": {"seed": [1, 2]}}, r"seed is varied \(vary\), which"),
        ({"levels": {"a": {"set": {"seed": 1}}}}, "seed is set in level a, which"),
    ],
)
def test_a_seed_that_would_change_nothing_is_refused(fields, message, tmp_path):
    document = {"recipe": "s1-lab", "vary": {FILTERS: [2, 3]}, **fields}
    with pytest.raises(ToileError, match=message):
        ask(source=study_of(document), out=tmp_path / "none")
    if "set" in fields:
        with pytest.raises(ToileError, match=message):
            ask(settings=fields["set"], out=tmp_path / "none")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("studies") / "study"


@pytest.fixture(scope="module")
def taken(folder):
    """A study of two levels and two readings, and the events it gave."""
    live = ask(out=folder)
    assert not folder.exists()
    return live, list(live)


def test_inline_takes_no_more_workers_than_this_process(tmp_path):
    assert ask(workers=1, out=tmp_path / "study").workers == 1
    with pytest.raises(ToileError, match="workers is 2, and inline one process trains"):
        ask(workers=2, out=tmp_path / "study")


def test_a_level_is_a_recipe_or_settings_by_address(tmp_path):
    lab = toile.Recipe.preset("s1-lab")
    levels = {
        "recipe": lab.replace({FILTERS: 2}),
        "settings": {FILTERS: 3, "epochs": 2},
        "both": {"recipe": lab, "set": {FILTERS: 4}},
        "name": "quick",
    }
    live = toile.study(lab, levels=levels, data="fashion-sample", out=tmp_path / "study")
    planned = {level.name: level.recipe for level in plan_levels(live.spec)}
    assert {name: recipe.network[0].filters for name, recipe in planned.items()} == {
        "recipe": 2,
        "settings": 3,
        "both": 4,
        "name": 16,
    }
    assert planned["settings"].training.epochs == 2


def test_it_is_iterated_for_its_events_and_gives_numbers(taken):
    live, events = taken
    ended = [event.reading for event in events if isinstance(event, Ended)]
    assert [(one.level, one.number, one.seed) for one in ended] == [
        ("2", 1, 0),
        ("3", 1, 0),
        ("2", 2, 1),
        ("3", 2, 1),
    ]
    assert sum(isinstance(event, Started) for event in events) == 4
    table = live.result.table()
    assert table.shape == (2, 2)
    assert table[1, 0] == ended[1].score == Run(ended[1].folder).score.value
    assert live.result.scores() == {"2": tuple(table[0]), "3": tuple(table[1])}
    assert live.result.verdict.levels[0].mean == pytest.approx(table[0].mean())
    assert live.result.ended


def test_a_reading_is_the_run_of_the_same_seed_bit_for_bit(taken, folder, tmp_path):
    settings = {**SMALL, FILTERS: 3, "training.threads": 1, "training.precision": "float32"}
    alone = toile.train(
        "s1-lab", data="fashion-sample", epochs=1, seed=1, settings=settings, out=tmp_path / "run"
    )
    for file in ("last.safetensors", "validation.safetensors"):
        there = folder / "readings" / "3-2" / file
        assert (alone.folder / file).read_bytes() == there.read_bytes()


def test_read_back_it_is_the_same(taken, folder):
    live, _ = taken
    again = open_study(folder)
    assert again.spec == live.spec
    assert again.readings == live.result.readings
    assert np.array_equal(again.table(), live.result.table())


def test_asked_again_it_has_nothing_to_do(taken, folder):
    again = ask(out=folder)
    assert again.notes == [f"continues {folder}: 4 of 4 readings are there"]
    assert list(again) == []


def test_it_is_called_by_its_folder_its_file_and_its_name(taken, folder, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", str(folder.parent))
    for source in (folder, folder / "study.yaml", folder.name):
        assert toile.study(source).folder.resolve() == folder.resolve()
    assert toile.study(folder, name="other").folder.name == "other"


def test_readings_are_not_listed_among_the_runs(taken, folder):
    assert list_runs(folder.parent) == []


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ({"seed": 5}, "its seed was 0 and is now 5"),
        ({"settings": {"network.dense1.units": 7}}, "network.dense1.units was 16 and is now 7"),
        ({"vary": {"training.epochs": [1]}}, "it varied network.conv1.filters and now varies"),
    ],
)
def test_another_study_in_its_folder_is_refused_and_nothing_is_overwritten(
    taken, folder, changed, difference
):
    before = (folder / "study.yaml").read_bytes()
    with pytest.raises(ToileError) as refused:
        ask(**{"out": folder, **changed})
    assert difference in str(refused.value)
    assert (folder / "study.yaml").read_bytes() == before


def test_a_file_edited_by_hand_that_its_readings_do_not_match_is_refused(taken, folder):
    path = folder / "study.yaml"
    before = path.read_text()
    path.write_text(before.replace("training.epochs: 1", "training.epochs: 2"))
    try:
        with pytest.raises(ToileError) as refused:
            toile.study(folder)
    finally:
        path.write_text(before)
    assert "level 2, reading 1 was trained otherwise: training.epochs was 1 and is now 2" in str(
        refused.value
    )


def test_the_test_part_is_opened_once_for_all_readings(taken, folder):
    result = open_study_test(open_study(folder), "they are in")
    (look,) = read_ledger(folder.parent)
    assert (look.run, look.networks, look.why) == (result.spec.name, 4, "they are in")
    assert result.test.levels["3"].n == 2
    assert result.test.looks == 1
    assert result.test == open_study(folder).test
    assert result.test.networks == 4
    # Nothing has changed, so nothing is opened again.
    assert open_study_test(open_study(folder)).test == open_study(folder).test
    assert len(read_ledger(folder.parent)) == 1
    # A reading knows of the looks beside its study.
    assert len(looks_of(Run(folder / "readings" / "2-1"))) == 1


@pytest.mark.parametrize("file", ["test.json", "ledger.jsonl", "verdict.json"])
def test_a_look_killed_before_any_of_its_files_is_written_costs_no_second_one(
    taken, tmp_path, monkeypatch, file
):
    place = shutil.copytree(taken[0].folder, tmp_path / "study")
    (place / "test.json").unlink(missing_ok=True)
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path))

    def killed(*_args):
        raise KeyboardInterrupt

    def write(path, record):
        killed() if path.name == file else write_json(path, record)

    with monkeypatch.context() as patched:
        patched.setattr("toile.studies.look.write_json", write)
        if file == "ledger.jsonl":
            patched.setattr("toile.studies.look.write_score", killed)
        with pytest.raises(KeyboardInterrupt):
            open_study_test(open_study(place))
    result = open_study_test(open_study(place))
    (look,) = read_ledger()
    assert look.score.to_json() == result.test.to_json()["look"]["score"]
    assert result.test.looks == 1


def test_added_levels_and_readings_leave_what_is_there_alone(folder, taken):
    def begun():
        places = sorted((folder / "readings").iterdir())
        return {place.name: read_state(place).created for place in places}

    before = begun()
    live = ask(vary={FILTERS: [4]}, add_readings=1, out=folder)
    done = [event.reading for event in live if isinstance(event, Ended)]
    assert {(one.level, one.number) for one in done} == {
        ("4", 1), ("4", 2), ("2", 3), ("3", 3), ("4", 3),
    }  # fmt: skip
    assert before.items() <= begun().items()
    assert [level.name for level in live.result.levels] == ["2", "3", "4"]


def test_left_midway_it_goes_on_to_the_same_table(taken, tmp_path):
    for event in ask(vary={FILTERS: [2]}, out=tmp_path / "left"):
        if isinstance(event, Started):
            break
    assert open_study(tmp_path / "left").count("waiting", "stopped") >= 1
    left = ask(vary={FILTERS: [2]}, out=tmp_path / "left").finish()
    assert left.ended
    assert left.scores()["2"] == taken[0].result.scores()["2"][:2]


def test_a_diverged_reading_is_shown_counted_and_not_tried_again(tmp_path):
    vary = {"training.optimizer.learning_rate": {".01": 0.01, "1e6": 1e6}}
    beyond = {"network.relu2": {"scale": 10000}}
    live = ask(vary=vary, readings=1, settings=beyond, out=tmp_path / "study")
    events = list(live)
    assert sum(isinstance(event, Started) for event in events) == 2
    statuses = {one.level: one.status for one in live.result.readings}
    assert statuses["1e6"] == "diverged"
    assert live.result.count("diverged") >= 1
    assert np.isnan(live.result.table()[1, 0])
    assert list(ask(vary=vary, readings=1, settings=beyond, out=tmp_path / "study")) == []


def test_looks_add_readings_until_every_pair_is_decided(tmp_path):
    rates = {"training.optimizer.learning_rate": {"fast": 0.05, "still": 1e-9}}
    live = ask(vary=rates, readings=1, until_decided=True, out=tmp_path / "study")
    looks = [event for event in live if isinstance(event, Looked)]
    assert [look.readings for look in looks] == [5, 10, 20, 40][: len(looks)]
    assert live.result.verdict.decided
    assert live.result.verdict.alpha == alpha_of(len(looks))
    assert live.result.verdict.levels[0].n == looks[-1].readings
    assert open_study(tmp_path / "study").spec.looks


def test_looks_come_after_whatever_readings_there_are():
    spec = study_of({"recipe": "s1-lab", "readings": 7, "more": {"a": 1, "b": 9}})
    asked = _to_the_next_look(spec)
    assert (asked.readings, asked.more) == (10, {"b": 10})
    assert [asked.readings_of(level) for level in "abc"] == [10, 20, 10]


def test_a_budget_ends_it_before(tmp_path):
    live = ask(until_decided=True, budget_seconds=0.5, out=tmp_path / "study")
    live.finish()
    assert live.out_of_budget
    assert not live.result.ended


def test_what_a_worker_refuses_is_said_with_its_level(tmp_path):
    live = ask(settings={"training.device": "mps"}, out=tmp_path / "study")
    with pytest.raises(ToileError, match=r"level 2, reading 1: training\.device is mps"):
        live.finish()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"readings": 0}, "readings is 0"),
        ({"add_readings": -2}, "add_readings is -2; it is 0 or more"),
        ({"vary": {FILTERS: [2, 0]}}, "level 0: network.conv1.filters is 0; it goes from 1"),
        ({"vary": {"network.conv1.filtres": [2]}}, "did you mean filters?"),
        ({"vary": {FILTERS: [2, 2]}}, "level 2 stands twice"),
        ({"source": "x" * 5000}, "is neither a recipe file nor a preset"),
        ({"source": "s1-labb"}, "did you mean s1-lab?"),
        ({"folds": 2, "until_decided": True}, "--until-decided cannot add"),
        ({"readings": 41, "until_decided": True}, "the looks were fixed at 5, 10, 20, 40"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path, asked, message):
    with pytest.raises(ToileError) as refused:
        ask(**{"out": tmp_path / "study", **asked})
    assert message in str(refused.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["package", "cluster"])
def test_on_ray_without_one_nothing_is_left_behind(tmp_path, monkeypatch, missing):
    pytest.importorskip("ray")
    if missing == "package":
        monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setenv("RAY_ADDRESS", "localhost:1")
    with pytest.raises(ToileError, match=r"--on ray" if missing == "package" else "no cluster"):
        ask(out=tmp_path / "study", on="ray").finish()
    assert list(tmp_path.iterdir()) == []


def test_asking_for_a_study_does_not_wait_for_torch(tmp_path):
    asked = f'study("s1-lab", data="fashion-sample", out="{tmp_path}/study").result'
    code = f"import sys, toile; toile.{asked}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("mine")
    for place in (tmp_path, tmp_path / "letter.txt"):
        with pytest.raises(ToileError, match=f"{place} is there and is no study"):
            ask(out=place)


def test_readings_added_to_a_verdict_are_another_analysis_and_keep_the_first(tmp_path):
    """Through the library, the folder and the summary alike; a table still filling has none."""
    first = ask(readings=2, out=tmp_path / "study").finish()
    assert (first.verdict.analysis, first.verdict.alpha) == (1, 0.025)
    live = ask(readings=2, add_readings=1, out=tmp_path / "study")
    for event in live:
        if isinstance(event, Ended):
            assert open_study(tmp_path / "study").verdict is None
            break
    again = ask(readings=3, out=tmp_path / "study").finish()
    assert again.verdict.analysis == open_study(tmp_path / "study").verdict.analysis == 2
    assert study_summary(again)["analysis"] == 2
    assert len((tmp_path / "study" / "analyses.jsonl").read_text().splitlines()) == 2


def test_a_study_killed_before_its_verdict_is_written_is_not_listed_with_an_old_one(
    taken, monkeypatch
):
    live, _ = taken
    place = runs_folder() / "killed"
    shutil.copytree(live.folder, place)
    (place / "verdict.json").write_text('{"sentence": "of an earlier day"}')
    real = os.replace

    def killed(source, target, **named):
        if Path(target).name == "verdict.json":
            raise KeyboardInterrupt
        real(source, target, **named)

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        toile.study(place, on="inline").finish()
    (listed,) = [one for one in list_studies() if one.entry.folder == place]
    assert listed.sentence == study_summary(open_study(place))["sentence"]


def test_data_of_two_names_is_other_images_unless_it_holds_the_same(small, pictures, tmp_path):
    for name in ("copy", "other"):
        shutil.copytree(pictures, tmp_path / name)
    (tmp_path / "other" / "dark" / "00.png").unlink()
    for name, said in (("copy", ""), ("other", "so their scores are of different images")):
        names = [str(pictures), str(tmp_path / name)]
        live = toile.study(
            small(), vary={"data.name": names}, readings=1, out=tmp_path / f"of-{name}"
        )
        for cell in live.missing():
            toile.begin(cell.recipe, out=live.folder / "readings" / cell.key)
        assert live.result.other_images.endswith(said)
        assert bool(live.result.other_images) == bool(said)


def test_few_steps_are_said_of_the_levels_that_take_them(tmp_path):
    few = ask(out=tmp_path / "few").few_steps
    assert [note[:15] for note in few] == ["6 steps in all,"]
    assert all("are few to learn from" in note for note in few)
    one = ask({"training.epochs": [1, 40]}, out=tmp_path / "one", epochs=None).few_steps
    assert [note[:18] for note in one] == ["1: 6 steps in all,"]
