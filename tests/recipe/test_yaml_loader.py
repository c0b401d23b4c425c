"""YAML by version 1.2's rules, and nothing that could surprise."""

import math

import pytest

from toile.errors import ToileError
from toile.recipe import Recipe
from toile.recipe.yaml_loader import read_value


def refusal(text: str) -> str:
    with pytest.raises(ToileError) as caught:
        read_value(text, "x.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 100000.0),
        ("-1e3", -1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("+3", 3),
        ("010", 10),
        ("-.inf", -math.inf),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
    ],
)
def test_numbers_and_truth_values_are_those_of_version_1_2(text, value):
    assert read_value(text, "here") == value
    assert type(read_value(text, "here")) is type(value)


@pytest.mark.parametrize(
    "text",
    ["No", "off", "yes", "ON", "y", "1_000", "0x1f", "1:30", "2001-01-01", "=", "e5", "1e", "."],
)
def test_what_version_1_1_took_for_something_else_is_a_text(text):
    assert read_value(text, "here") == text


def test_a_quoted_number_is_a_text():
    assert read_value("['1', \"1e-3\", 'true']", "here") == ["1", "1e-3", "true"]


def test_the_merge_key_is_a_key_like_any_other():
    assert read_value("{<<: {a: 1}}", "here") == {"<<": {"a": 1}}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: 1\nb: 2\na: 3", "x.yaml, line 3, column 1: a stands twice"),
        ("a: &x [1]\nb: *x", "x.yaml, line 2, column 4: an alias (*) is not supported"),
        ("3: a", "x.yaml, line 1, column 1: 3 is no name of a setting"),
        ("? [a]\n: b", "x.yaml, line 1, column 3: ['a'] is no name of a setting"),
        ("a: !!int b", "x.yaml, line 1, column 4: a tag (tag:yaml.org,2002:int) is not supported"),
        ("!!python/name:os.system", "a tag (tag:yaml.org,2002:python/name:os.system) is not"),
        ("a: 1\n---\nb: 2", "line 2, column 1: expected a single document in the stream, but"),
        ("a: b: c", "line 1, column 5: mapping values are not allowed here"),
        ("a: [1", "line 1, column 6: while parsing a flow sequence, expected ',' or ']'"),
        ("a: '", "line 1, column 5: while scanning a quoted scalar, found unexpected end"),
        ("\0", "x.yaml: unacceptable character #x0000"),
        ("1" * 41, "x.yaml, line 1, column 1: the number is too long"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, why):
    assert why in refusal(text)


@pytest.mark.parametrize("text", ["[" * 20_000, "- " * 5_000, "{a: " * 5_000])
def test_deep_nesting_is_refused(text):
    assert refusal(text) == "x.yaml is nested too deeply to be read"


def test_a_megabyte_is_refused_before_any_of_it_is_read(tmp_path):
    assert refusal("a: [" + "1, " * 300_000) == (
        "x.yaml has 900,004 characters; at most 131,072 are read, which is some forty recipes "
        "written out; give it as several"
    )
    assert len(read_value("[" + "1," * 1000 + "]", "here")) == 1000
    file = tmp_path / "long.yaml"
    file.write_text("# none\n" * 20_000)
    with pytest.raises(ToileError, match=r"long.yaml has over 131,072 bytes; a recipe is a short"):
        Recipe.read(file)
