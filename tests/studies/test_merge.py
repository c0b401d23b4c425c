from pathlib import Path

import pytest

from toile.errors import ToileError
from toile.studies import study_of
from toile.studies.merge import merge_studies
from toile.studies.plan import complete, plan_levels

FILTERS = "network.conv1.filters"
OLD = {"recipe": "s1-lab", "vary": {FILTERS: {"8": 8, "64": 64}}, "readings": 3}


def merge(**changed):
    return merge_studies(study_of(OLD), study_of(OLD | changed), Path("runs/it"))


def test_the_same_study_stays():
    assert merge() == study_of(OLD)


def test_levels_and_readings_are_added_and_none_taken_away():
    merged = merge(vary={FILTERS: [16]}, readings=2)
    assert merged.vary[FILTERS] == {"8": 8, "64": 64, "16": 16}
    assert merged.readings == 3
    assert merge(readings=5).readings == 5


def test_the_order_is_the_one_asked_for_where_that_has_all_levels():
    assert list(merge(vary={FILTERS: [8, 16, 64]}).vary[FILTERS]) == ["8", "16", "64"]


def test_a_value_written_otherwise_is_the_level_that_is_there():
    merged = merge(vary={FILTERS: {"few": 8, "16": 16}})
    assert list(merged.vary[FILTERS]) == ["8", "64", "16"]


def test_what_only_verdict_and_report_read_may_change():
    merged = merge(margin=0.01, question="Why?", looks=True, reach=[0.85])
    assert (merged.margin, merged.question, merged.looks) == (0.01, "Why?", True)
    assert merged.reach == (0.85,)
    again = merge_studies(merged, study_of(OLD), Path("runs/it"))
    assert again.reach == (0.85,), "asking again without it forgets nothing"


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ({"seed": 3}, "its seed was 0 and is now 3"),
        ({"folds": 3}, "its folds was off and is now 3"),
        ({"set": {"training.epochs": 9}}, "training.epochs was 5 and is now 9"),
        ({"recipe": "quick"}, "network.conv1.filters was 32 and is now 16"),
        ({"vary": {"training.epochs": [1]}}, f"it varied {FILTERS} and now varies training.epochs"),
        ({"levels": {"a": {}}}, "it had no whole alternatives as levels"),
        (
            {"vary": {FILTERS: {"8": 9}}},
            "level 8 is another: network.conv1.filters was 8 and is now 9",
        ),
    ],
)
def test_what_decides_the_readings_is_refused_with_the_difference(changed, difference):
    with pytest.raises(ToileError) as refused:
        merge(**changed)
    assert f"runs/it has another study: {difference}; nothing was written" in str(refused.value)
    assert "--name" in str(refused.value)


def test_a_study_from_before_a_rule_changed_goes_on_by_the_same_words():
    new = study_of(OLD)
    older = complete(study_of(OLD | {"set": {"data.rule": 1}}))
    merged = merge_studies(older, complete(new), Path("runs/it"))
    assert {level.recipe.data.rule for level in plan_levels(merged)} == {1}
    with pytest.raises(ToileError, match=r"data.rule was 1 and is now 2"):
        merge_studies(older, complete(study_of(OLD | {"set": {"data.rule": 2}})), Path("runs/it"))
