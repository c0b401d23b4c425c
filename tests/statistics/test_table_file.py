import pytest
from hypothesis import given
from hypothesis import strategies as st

from toile.errors import ToileError
from toile.statistics.table_file import read_table, table_of
from toile.statistics.table_form import TableForm

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
        ("a,b\n1,two\n", "line 2, column b: 'two' is no reading"),
        ("a,b\n1,nan\n", "line 2, column b: 'nan' is no reading"),
        ("a,b\n1,1e999\n", "is no reading"),
        ("a,b\n1,1_0\n", "is no reading"),
        ("a,b\n1,2,3\n", "line 2: has 3 cells, and the heads are 2"),
        ("a,a\n1,2\n", "a heads two columns"),
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


FILTERS = {"8": [85.6, 86.1], "64": [89.9, 88.4]}
SHUFFLED = "8,85.6\n64,89.9\n64,88.4\n8,86.1\n"


@pytest.mark.parametrize(
    ("heads", "rows", "table"),
    [
        ("filters,reading", SHUFFLED, FILTERS),
        ("filters,top1", SHUFFLED, FILTERS),
        ("filters,val accuracy (%)", "8,85.6\n64,89.9\n", {"8": [85.6], "64": [89.9]}),
        ("units,test_score", "64,85\n128,88\n64,86\n128,90\n", {"64": [85, 86], "128": [88, 90]}),
        ("dropout,x", "off,.9\n.5,.8\noff,.91\n.5,.82\n", {"off": [0.9, 0.91], ".5": [0.8, 0.82]}),
        ("optimizer,x", "sgd,90\nadam,91\n", {"sgd": [90], "adam": [91]}),
        ("seed,level,accuracy", "1,8,85.6\n2,8,86.1\n", {"8": [85.6, 86.1]}),
        ("a,b", "90,88.2\n90,89\n90.3,91\n", {"a": [90, 90, 90.3], "b": [88.2, 89, 91.0]}),
        ("1,20", "10,90\n10,91\n10,92\n10,92.5\n", {"1": [10] * 4, "20": [90, 91, 92, 92.5]}),
    ],
)  # fmt: skip
def test_levels_beside_their_readings_are_told_by_the_cells_whatever_the_heads(heads, rows, table):
    assert table_of(f"{heads}\n{rows}", "it") == table


@pytest.mark.parametrize(
    ("heads", "rows"),
    [
        ("epochs,top1", "1,85.6\n5,89.2\n"),
        ("first,second", "90,92.5\n90,93.1\n91,92.2\n91,92.9\n"),
        ("filters,seed,top1", "8,0,85.6\n8,1,86.1\n64,0,89.9\n64,1,88.4\n"),
        ("optimizer,seed,accuracy", "sgd,0,85.6\nadam,0,86.1\n"),
    ],
)
def test_a_table_that_may_be_of_either_form_asks_for_its_columns(heads, rows):
    with pytest.raises(ToileError, match=f"columns {heads.replace(',', ', ')} it is not clear"):
        table_of(f"{heads}\n{rows}", "it")
    first, *_, last = heads.split(",")
    assert len(table_of(f"{heads}\n{rows}", "it", TableForm(first, last))) == 2


def test_a_form_that_is_named_is_taken():
    assert table_of(f"filters,top1\n{SHUFFLED}", "it", TableForm(reading="top1")) == FILTERS
    wide = table_of("a,b\n1,85.6\n1,86\n2,84\n2,88\n", "it", TableForm(is_wide=True))
    assert wide["a"] == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (TableForm(level="filter"), "--level is filter, which heads no column; .* mean filters?"),
        (TableForm(level="filters"), "name two of its columns, filters, seed, top1"),
        (TableForm("seed", "seed"), "name two of its columns"),
    ],
)
def test_a_column_that_is_not_there_is_refused(form, said):
    with pytest.raises(ToileError, match=said):
        table_of("filters,seed,top1\n8,0,85\n", "it", form)


def test_a_table_of_levels_without_heads_is_refused():
    with pytest.raises(ToileError, match="its first line has readings"):
        table_of(SHUFFLED, "it")
