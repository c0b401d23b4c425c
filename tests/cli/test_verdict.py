import pytest

TABLE = (
    "1\t2\t20\n85,6\t88,59\t90,26\n85,96\t87,01\t90,08\n86,59\t87,55\t90,35\n88,03\t87,6\t89,91\n"
)


def test_a_table_pasted_from_a_spreadsheet_gets_its_verdict(toile, tmp_path):
    (tmp_path / "epochs.csv").write_text(TABLE)
    said = toile("verdict", "epochs.csv")
    told = toile("verdict", "epochs.csv", "--json").json

    assert said.code == 0
    assert told["levels"]["20"]["n"] == 4
    assert told["levels"]["20"]["mean"] == 90.15
    assert [(pair["a"], pair["b"], pair["verdict"]) for pair in told["pairs"]] == [
        ("1", "2", "undecided"),
        ("1", "20", "worse"),
        ("2", "20", "worse"),
    ]
    assert told["sentence"] in said.output


def test_one_level_has_no_pairs(toile, tmp_path):
    (tmp_path / "one.csv").write_text("a\n90\n91\n")
    assert "stands alone" in toile("verdict", "one.csv").output
    assert toile("verdict", "one.csv", "--json").json["pairs"] == []


def test_what_is_no_table_is_refused_by_line(toile, tmp_path):
    (tmp_path / "bad.csv").write_text("a,b\n90,ninety\n")
    answer = toile("verdict", "bad.csv")
    assert answer.code == 2
    assert "line 2, column b: 'ninety' is no reading" in answer.errors


def test_the_trend_is_said_and_intervals_are_as_sure_as_asked(toile, tmp_path):
    (tmp_path / "epochs.csv").write_text(TABLE)
    said = toile("verdict", "epochs.csv", "--alpha", "0.01").output
    assert "A straight line through the readings rises" in said
    assert ", 99 %)" in said
    assert "95 % interval" in said  # a level's own


def test_it_says_what_a_table_cannot_tell(toile, tmp_path):
    (tmp_path / "wide.csv").write_text("a,b\n2,99\n97,40\n")
    said = toile("verdict", "wide.csv").output
    assert "Assumed: this is the only verdict on these levels" in said
    assert "--any-scores for other scores" in said
    assert "0.00 to 100.00" in said
    free = toile("verdict", "wide.csv", "--any-scores", "--json").json
    assert free["levels"]["a"]["high"] > 100
    assert not free["accuracies"]


def test_fractions_beside_percentages_are_refused_unless_that_is_meant(toile, tmp_path):
    (tmp_path / "units.csv").write_text("filters,reading\n8,.81\n8,.82\n64,86\n64,87\n")
    refused = toile("verdict", "units.csv")
    assert refused.code == 2
    assert "the readings of 8 go up to 0.82 and those of 64 up to 87" in refused.errors
    assert toile("verdict", "units.csv", "--accuracies", "--json").json["levels"]["8"]["n"] == 2
    (tmp_path / "low.csv").write_text("filters,reading\n8,.9\n8,1.2\n64,86\n64,87\n")
    assert toile("verdict", "low.csv").code == 0


def test_two_columns_that_may_be_of_either_form_are_named(toile, tmp_path):
    (tmp_path / "epochs.csv").write_text("epochs,top1\n1,85.6\n1,85.9\n5,89.2\n")
    asked = toile("verdict", "epochs.csv")
    assert asked.code == 2
    assert "--level NAME --reading NAME" in asked.errors
    said = toile("verdict", "epochs.csv", "--level", "epochs", "--json").json
    assert {name: one["n"] for name, one in said["levels"].items()} == {"1": 2, "5": 1}
    assert toile("verdict", "epochs.csv", "--wide", "--json").json["levels"]["top1"]["n"] == 3
    assert "leave out --level" in toile("verdict", "epochs.csv", "--wide", "--level=epochs").errors


def test_single_readings_have_no_interval(toile, tmp_path):
    (tmp_path / "one.csv").write_text("a,b\n0.1,0.2\n")
    said = toile("verdict", "one.csv").output
    assert "- to -" not in said
    assert [line.split() for line in said.split("\n")[1:3]] == [
        ["a", "1", "10.00", "-", "-"],
        ["b", "1", "20.00", "-", "-"],
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("filters,reading\n8,0.9\n8,0.91\n16,x0.93\n", "line 4, level 16: 'x0.93' is no reading"),
        ("size,reading\nsmall,0.9\nsmall,0.8\nlarge,0,9\n", "line 4: has 3 cells"),
        ("size,accuracy\nsmall,0.9\nlarge,high\n", "line 3, level large: 'high' is no reading"),
        ("a,b\n0.1,0.2\n0.3,high\n", "line 3, column b: 'high' is no reading"),
    ],
)
def test_a_bad_cell_is_named_where_it_stands(toile, tmp_path, text, said):
    (tmp_path / "bad.csv").write_text(text)
    answer = toile("verdict", "bad.csv")
    assert answer.code == 2
    assert said in answer.errors
