"""What is said on a terminal."""

from toile.cli.words import plain, table


def test_what_would_steer_a_terminal_is_written_out():
    assert plain("\x1b[2Jcat\r\n") == r"\x1b[2Jcat\r\n"
    # Right-to-left override, the one-byte form of ESC [, and a byte of a name that is no UTF-8.
    assert plain("a\u202eb\x9bc\udcff") == r"a\u202eb\x9bc\udcff"


def test_all_else_stays():
    assert plain("Schöne Grüße, 猫 / T-shirt 👕") == "Schöne Grüße, 猫 / T-shirt 👕"


def test_a_table_has_one_line_a_row_whatever_its_cells_hold():
    lines = table(("name", "n"), [("a\x1b[31m\nb", "1"), ("c\u2028d", "2")]).split("\n")
    assert [line.split() for line in lines] == [
        ["name", "n"],
        [r"a\x1b[31m\nb", "1"],
        [r"c\u2028d", "2"],
    ]
    assert len({len(line) for line in lines}) == 1
