"""Searches taken for real, on the sample that comes with Toile, seconds each."""

import json

import pytest

import toile
from toile.errors import ToileError
from toile.recipe import value_at
from toile.runs import Run, list_runs, read_state
from toile.searches import open_search
from toile.searches.live import NEVER
from toile.searches.result import PRUNED, Trial
from toile.searches.trials import TrialBegun, TrialEnded

FILTERS = "network.conv1.filters"
RATE = "training.optimizer.sgd.learning_rate"
OVER = {FILTERS: "2..6", RATE: "1e-3..1e-1:log"}
SMALL = {"training.batch_size": 500, "data.validation": 600}


def ask(out, **more):
    asked = {"over": OVER, "trials": 7, "pruner": "asha", "finalists": 2, "readings": 2}
    asked |= {"on": "inline"}
    settings = {**SMALL, **more.pop("settings", {})}
    return toile.search(
        "s1-lab",
        **{**asked, **more},
        data="fashion-sample",
        epochs=2,
        settings=settings,
        out=out,
    )


def test_a_seed_that_would_change_nothing_is_refused(tmp_path):
    with pytest.raises(ToileError, match=r"seed is held fixed \(set\), which would change nothing"):
        ask(tmp_path / "none", settings={"seed": 1})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("searches") / "search"


@pytest.fixture(scope="module")
def taken(folder):
    """A search of seven trials, its two finalists read twice, and the events of its trials."""
    live = ask(folder)
    assert not folder.exists()
    events = list(live.events())
    live.finalists().finish()
    return live, events


def known(result) -> list:
    """What must come out the same: what was tried, how it went and how far."""
    return [(one.number, dict(one.values), one.status, one.scores) for one in result.trials]


def test_trials_come_one_after_another_and_each_ends(taken):
    _, events = taken
    assert [(type(one), one.trial.number) for one in events] == [
        (kind, number) for number in range(1, 8) for kind in (TrialBegun, TrialEnded)
    ]


def test_hopeless_trials_are_stopped_early_and_count_for_nothing(taken):
    result = taken[0].result
    pruned = [one for one in result.trials if one.status == "pruned"]
    assert 0 < len(pruned) < 7
    for one in pruned:
        assert len(one.scores) == json.loads((one.folder / PRUNED).read_text())["epoch"] == 1
        assert one.score is None
        assert read_state(one.folder).status in ("stopped", "finished")
    best_stopped = max(one.scores[0] for one in pruned)
    gone_on = [one.scores[0] for one in result.trials if one.status == "finished"]
    assert max(gone_on) > best_stopped


def test_a_trial_is_an_ordinary_run_of_what_was_picked_scored_where_it_chooses(taken):
    result = taken[0].result
    best = result.ranked()[0]
    run = Run(best.folder)
    assert value_at(run.recipe, FILTERS) == best.values[FILTERS]
    assert value_at(run.recipe, RATE) == best.values[RATE]
    assert run.recipe.seed == 0
    answers = run.validation
    selection = answers.selection == 1
    right = answers.logits.argmax(axis=1) == answers.labels
    assert best.score == pytest.approx(right[selection].mean())
    assert best.score == max(one.score for one in result.trials if one.score is not None)
    assert list_runs(best.folder.parents[1]) == []


def test_the_finalists_are_read_with_other_seeds_on_the_other_half(taken):
    result = taken[0].result
    study = result.finalists
    assert [one.name for one in study.levels] == [f"trial {one.number}" for one in result.chosen()]
    assert {one.seed for one in study.readings} == {1, 2}
    reading = study.readings[0]
    run = Run(reading.folder)
    assert run.results.epochs == 2
    answers = run.validation
    right = answers.logits.argmax(axis=1) == answers.labels
    assert reading.score == pytest.approx(right[answers.selection == 0].mean())
    assert value_at(run.recipe, FILTERS) == result.chosen()[0].values[FILTERS]


def test_stopped_at_any_trial_it_goes_on_to_the_same_trials(taken, tmp_path):
    live = ask(tmp_path / "search", trials=4)
    for event in live.events():
        if isinstance(event, TrialEnded) and event.trial.number == 2:
            break
    again = ask(tmp_path / "search", trials=4)
    assert again.notes == [f"continues {tmp_path / 'search'}: 2 of 4 trials are there"]
    begun = [one.trial.number for one in again.events() if isinstance(one, TrialBegun)]
    assert begun == [3, 4]
    assert known(again.result) == known(taken[0].result)[:4]


def test_asked_again_it_has_nothing_to_do_and_reads_back_as_it_is(taken, folder):
    again = ask(folder)
    assert list(again) == []
    assert known(open_search(folder)) == known(taken[0].result)
    assert open_search(folder).ended
    assert toile.search(folder).spec == taken[0].spec


def test_what_it_said_is_taken_away_once_it_goes_on(taken, folder):
    taken[0].write_summary()
    assert json.loads((folder / "summary.json").read_text())["planned"] == 7
    list(ask(folder).events())
    assert not (folder / "summary.json").exists()


def test_more_trials_may_be_asked_and_fewer_change_nothing(taken, folder):
    assert ask(folder, trials=9).spec.trials == 9
    assert ask(folder, trials=3).spec.trials == 7


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ({"seed": 5}, "its seed was 0 and is now 5"),
        ({"settings": {"network.dense1.units": 7}}, "network.dense1.units was 16 and is now 7"),
        ({"over": {FILTERS: "2..7"}}, "its over was"),
        ({"over": {FILTERS: "7..2"}}, "from the lower number to the higher"),
        ({"pruner": "none"}, "its pruner was asha and is now none"),
    ],
)
def test_another_search_in_its_folder_is_refused_and_nothing_is_written(
    taken, folder, changed, difference
):
    before = (folder / "search.yaml").read_bytes()
    with pytest.raises(ToileError) as refused:
        ask(folder, **changed)
    assert difference in str(refused.value)
    assert (folder / "search.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("over", "message"),
    [
        # The picture has 28 pixels a side.
        ({"network.conv1.kernel": "2..40"}, "over network.conv1.kernel, at 40: "),
        ({"data.validation": "100..600"}, "trials are compared on the same images"),
        ({}, "nothing is searched"),
    ],
)
def test_what_cannot_be_tried_is_refused_before_anything_is_written(tmp_path, over, message):
    with pytest.raises(ToileError) as refused:
        ask(tmp_path / "search", over=over)
    assert message in str(refused.value)
    assert not (tmp_path / "search").exists()


def test_what_does_not_fit_together_has_failed_and_is_said_why(tmp_path):
    live = toile.search(
        "s1-lab",
        # Each fits alone; together they leave nothing of the picture.
        over={"network.conv1.kernel": [3, 27], "network.maxpool1": ["off", 26]},
        trials=1,
        sampler="random",
        data="fashion-sample",
        out=tmp_path / "search",
    )
    (event,) = live.events()
    trial = event.trial
    assert tuple(trial.values.values()) == ("27", "26")
    assert (trial.status, trial.score) == ("failed", None)
    assert "maxpool1" in trial.reason
    assert live.result.trials == (trial,)
    with pytest.raises(ToileError, match=r"no trial of .* has finished"):
        live.finalists()


def test_what_diverges_counts_as_the_worst(tmp_path):
    live = toile.search(
        "s1-lab",
        over={"training.label_smoothing": [0.0, 1e-6]},
        trials=2,
        data="fashion-sample",
        epochs=5,
        settings={
            "training.batch_size": 1000,
            "data.validation": 600,
            RATE: 1e6,
            "network.relu2": {"scale": 10000},
        },
        out=tmp_path / "search",
        on="inline",
    )
    list(live.events())
    assert [(one.status, one.score) for one in live.result.trials] == [("diverged", 0.0)] * 2
    assert live.result.ended


def test_inline_takes_no_more_workers_than_this_process(tmp_path):
    with pytest.raises(ToileError, match="workers is 2, and inline one process trains"):
        ask(tmp_path / "search", workers=2)


def test_with_several_workers_independent_trials_come_out_the_same(tmp_path):
    """Random picks that nothing stops hang on no other trial; all else it says that it may not."""
    asked = {"trials": 3, "sampler": "random", "pruner": "none", "settings": {"data.size_px": 14}}
    one = ask(tmp_path / "1", **asked)
    two = ask(tmp_path / "2", workers=2, on="local", **asked)
    assert one.notes == two.notes == []
    for live in (one, two):
        list(live.events())
    assert known(two.result) == known(one.result)
    (note,) = ask(tmp_path / "other", workers=2, on="local").notes
    assert note.startswith("with 2 workers which trial ends first decides what is tried")


STOPS = {"training.early_stopping": {"off": "off", "on": {"patience": 1}}}


def test_no_finalist_is_scored_on_the_half_that_chose_it(tmp_path):
    """Also where the choice itself says off."""
    live = ask(
        tmp_path / "search", over=STOPS, trials=1, sampler="random", pruner="none", seed=1,
        readings=1,
    )  # fmt: skip
    (_, event) = live.events()
    assert event.trial.values == {"training.early_stopping": "off"}
    (reading,) = live.finalists().finish().readings
    score = Run(reading.folder).score
    assert score.of == "the scoring half of validation"
    assert score.n == 300


@pytest.mark.parametrize(
    "over",
    [
        STOPS,
        {"training": {"off": {"early_stopping": "off"}, "on": {"early_stopping": {}}}},
        {"training.epochs": {"off": 1, "on": 2}},
    ],
)
def test_by_whatever_address_early_stopping_is_off_a_finalist_has_it_on(tmp_path, over):
    live = ask(tmp_path / "search", over=over)
    held = {"training.early_stopping.patience": NEVER}
    trial = Trial(1, dict.fromkeys(over, "off"), tmp_path, "finished", (0.5,))
    recipe = live.finalist_recipe(held, live.judged_apart(held, trial))
    assert recipe.training.early_stopping.patience == NEVER
