import pytest
from hypothesis import given
from hypothesis import strategies as st

from toile.errors import ToileError
from toile.studies.table_file import read_table, table_of

TABLE = {"8": [89.91, 88.85], "16": [90.0, 90.13]}


@pytest.mark.parametrize(
    "text",
    [
        "level,reading\n8,89.91\n8,88.85\n16,90\n16,90.13\n",
        "Reading,Level\n89.91,8\n90,16\n88.85,8\n90.13,16",
        "8,16\n89.91,90\n88.85,90.13\n",
        "\n\n8\t16\n89,91\t90,0\n\n88,85\t90,13\n",
        "8;16\n89,91 %;90 %\n88.85%;90.13%\n",
        '"8","16"\n"89.91","90"\n"88.85","90.13"\n',
    ],
)
def test_a_table_is_read_in_any_of_its_forms(text):
    assert {name: sorted(one) for name, one in table_of(text, "it").items()} == {
        name: sorted(one) for name, one in TABLE.items()
    }


def test_a_level_may_have_fewer_readings():
    assert table_of("a,b\n1,2\n3,\n,4\n", "it") == {"a": [1, 3], "b": [2, 4]}


def test_a_byte_order_mark_is_no_part_of_the_first_level(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8-sig")
    assert read_table(path) == {"a": [1], "b": [2]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n , \n", "is empty"),
        ("a,b\n1,two\n", "line 2, level b: 'two' is no reading"),
        ("a,b\n1,nan\n", "line 2, level b: 'nan' is no reading"),
        ("a,b\n1,1e999\n", "is no reading"),
        ("a,b\n1,1_0\n", "is no reading"),
        ("a,b\n1,2,3\n", "line 2: has 3 cells, and the heads are 2"),
        ("a,a\n1,2\n", "level a heads two columns"),
        ("a,\n1,2\n", "column 2 has no head"),
        ("89.9,89.9\n1,2\n", "first line has readings"),
        ("level,reading\n,2\n", "line 2: a level or its reading is missing"),
        ("level,reading\na\n", "line 2: a level or its reading is missing"),
        ('a,b\n"1,2\n', "no readable table"),
    ],
)
def test_what_is_no_table_is_refused_by_line_and_cell(text, said):
    with pytest.raises(ToileError, match=said):
        table_of(text, "it")


def test_what_is_no_text_is_refused(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ToileError, match="cannot be read as text"):
        read_table(path)
    with pytest.raises(ToileError, match="is not there"):
        read_table(tmp_path / "nowhere.csv")


@given(st.text(max_size=60))
def test_any_text_is_a_table_or_refused(text):
    try:
        table = table_of(text, "it")
    except ToileError:
        return
    assert all(isinstance(value, float) for values in table.values() for value in values)


def test_a_name_may_hold_what_divides_cells_elsewhere():
    text = 'level,reading\n"sgd; fast",1\n"sgd\tslow",2\n"c,d",3\n'
    assert table_of(text, "it") == {"sgd; fast": [1], "sgd\tslow": [2], "c,d": [3]}


def test_the_apostrophe_that_keeps_a_spreadsheet_from_running_a_name_is_passed_over():
    assert table_of("level,reading\n'=1+1,1\n'-off,2\n'a,3\n", "it") == {
        "=1+1": [1],
        "-off": [2],
        "'a": [3],
    }
