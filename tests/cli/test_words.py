"""How numbers are said on a terminal."""

import pytest

from toile.cli.words import bytes_text, numbered, path_end, table


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (545_370, "545 kB"),
        (1_400_000, "1.4 MB"),
        (412_300_000, "412 MB"),
        (2_350_000_000, "2.4 GB"),
        (0, "0 kB"),
    ],
)
def test_bytes_are_said_in_the_unit_that_needs_few_digits(count, said):
    assert bytes_text(count) == said


def test_a_path_too_long_for_the_terminal_loses_its_beginning():
    assert path_end("a/b.png", 20) == "a/b.png"
    assert path_end("/long/way/to/my/photo.png", 16) == "…/my/photo.png"
    assert path_end("a-name-that-is-too-long.png", 12) == "…oo-long.png"


PATHS = ("/one/way/to/some/place/far/away/cat.png", "dog.png")


def paths_table() -> list[str]:
    rows = [(path, "cat", "99.12 %") for path in PATHS]
    return table(("picture", "class", ""), rows, left=2, paths="picture").split("\n")


def test_a_table_of_long_paths_fits_into_the_terminal_and_is_whole_in_a_pipe(monkeypatch):
    assert max(map(len, paths_table())) == len(PATHS[0]) + 2 + 5 + 2 + 7
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    head, cat, dog = paths_table()
    assert cat == "…/place/far/away/cat.png  cat    99.12 %"
    assert dog.split() == ["dog.png", "cat", "99.12", "%"]
    assert len(cat) == len(dog) == 40 > len(head)


def test_a_column_that_is_too_wide_for_the_terminal_is_folded(monkeypatch):
    settings = "filters 44, learning_rate 0.0213, relu1 gelu"
    rows = [("1", settings, "91.20 %"), ("2", "filters 8", "90.00 %")]
    made = [("trial", "settings", "when chosen"), rows]
    assert settings in table(*made, left=2, folds="settings")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "48")
    _, first, rest, second = table(*made, left=2, folds="settings").split("\n")
    assert first == "1      filters 44, learning_rate      91.20 %"
    assert rest.split() == ["0.0213,", "relu1", "gelu"]
    assert second.endswith("90.00 %")


def test_a_class_called_by_a_number_is_no_second_column():
    assert numbered(["Coat", "Bag"]) == ["0 Coat", "1 Bag"]
    assert numbered(["0", "1"]) == ["0", "1"]
    assert numbered(["3", "8"]) == ["0: 3", "1: 8"]
