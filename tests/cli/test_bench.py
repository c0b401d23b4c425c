import pytest

from toile.engine.gradient import Gradient

TINY = """
network: [flatten, {dense: classes}]
training: {batch_size: 64}
"""


@pytest.fixture(autouse=True)
def without_processes(monkeypatch) -> None:
    """Threads compute all parts: tests/workbench measures what processes take too."""
    monkeypatch.setattr(Gradient, "begin_workers", lambda *_, **__: None)


def test_what_training_takes_is_said_for_every_way_with_the_reasons_of_auto(
    toile, tmp_path, few_garments
):
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(TINY)
    answer = toile("bench", str(recipe), f"--data={few_garments}", "--rounds=1")
    assert answer.code == 0
    assert "an epoch of 480 images" in answer.output
    assert "a step is 1 million multiply-adds, with " in answer.output
    assert answer.output.count("chosen") == 1


def test_as_json_it_has_every_way_and_settings_asked_for_are_kept_in_the_way_taken(
    toile, tmp_path, few_garments
):
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(TINY)
    words = ["--set=training.threads=1", "--set=training.precision=float32"]
    (found,) = toile(
        "bench", str(recipe), f"--data={few_garments}", "--rounds=1", "--json", *words
    ).json
    assert (found["ways"][0]["threads"], found["ways"][0]["precision"]) == (1, "float32")
    assert found["recipe"] == "tiny"
    assert [way["chosen"] for way in found["ways"]] == [True] + [False] * (len(found["ways"]) - 1)
    assert sum(way["fastest"] for way in found["ways"]) == 1
    assert all(0 < way["seconds_per_epoch"] < 1000 for way in found["ways"])


def test_a_recipe_that_is_not_there_is_refused(toile):
    answer = toile("bench", "s1-lap")
    assert answer.code == 2
    assert "s1-lap" in answer.errors
