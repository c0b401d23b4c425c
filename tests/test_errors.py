"""The nearest name to a misspelt one."""

from toile.errors import did_you_mean, did_you_mean_file


def test_a_misspelt_name_is_answered_with_the_nearest():
    assert did_you_mean("epoch", ["epochs", "batch_size"]) == "; did you mean epochs?"


def test_a_name_that_is_near_none_is_answered_with_nothing():
    assert did_you_mean("colour", ["epochs", "batch_size"]) == ""
    assert did_you_mean("", ["epochs"]) == ""


def test_a_file_of_another_ending_is_answered_before_one_of_another_spelling(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep").mkdir()
    for name in ("mine.yaml", "mine2.yml", "deep/table.csv"):
        (tmp_path / name).touch()
    assert did_you_mean_file("mine.yml") == "; did you mean mine.yaml?"
    assert did_you_mean_file("mine3.yml") == "; did you mean mine2.yml?"
    assert did_you_mean_file("deep/tabel.csv") == "; did you mean deep/table.csv?"
    assert did_you_mean_file("other.yml") == ""
    assert did_you_mean_file("nowhere/mine.yml") == did_you_mean_file("\0") == ""
