"""What is said on a terminal, and that all of it goes through one door."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.progress import Progress, TextColumn
from typer.testing import CliRunner, Result

import toile.cli
from toile.cli.app import app
from toile.cli.console import Terminal
from toile.cli.terminal import plain, say, wrapped
from toile.cli.words import table
from toile.errors import ToileError

STEERS = "\x1b[31m\x9b2J\u202e\r\x07"
SHOWN = r"\x1b[31m\x9b2J\u202e\r\x07"
# No line's end: a folder may have one in its name, but an id and a path stand in lines of ours.
CLASSES = (f"ant{STEERS}", f"bee{STEERS}\nforged line", "[bold]cat")


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


def test_what_is_said_keeps_its_lines_and_nothing_else(capsys):
    say(f"one\ntwo{STEERS}", err=True)
    assert capsys.readouterr().err == f"one\ntwo{SHOWN}\n"


def test_what_rich_draws_is_plain_and_is_no_markup(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    terminal = Terminal()
    terminal.file = io.StringIO()
    with Progress(TextColumn("{task.description}", markup=False), console=terminal) as bars:
        bars.add_task(f"[bold]reading{STEERS}", total=3)
        terminal.print(f"[red]said{STEERS}")
    drawn = terminal.file.getvalue()
    # Some control characters rich leaves out by itself.
    assert r"[red]said\x1b[31m\x9b2J\u202e" in drawn
    assert r"[bold]reading\x1b[3" in drawn
    # rich's own codes: colours, the cursor, and the erasing of a line.
    others = re.sub(r"\x1b\[\??[0-9;]*[mhlAK]|\n|\r", "", drawn)
    assert others.isprintable()


def test_nothing_goes_round_the_door():
    # A console that prints is a Terminal.
    door = (
        r"typer\.(echo|secho|confirm|prompt)\(|(?<!console\.)\bprint\(|\bConsole\(|sys\.std\w+\.w"
    )
    folder = Path(toile.cli.__file__).parent
    passing = {path.name for path in folder.glob("*.py") if re.search(door, path.read_text())}
    # The first is for where nothing else may load: its sentence is a fixed one.
    assert passing == {"__init__.py", "terminal.py"}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders of hostile names, and a file of such a name that is no picture."""
    folder = tmp_path_factory.mktemp("hostile") / f"set{STEERS}"
    rng = np.random.default_rng(0)
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
        for number in range(8):
            image = Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8))
            image.save(folder / name / f"{number}{STEERS}.png")
    (folder / CLASSES[0] / f"none{STEERS}\nforged line.png").write_bytes(b"no picture")
    return folder


def run(*words: object) -> Result:
    return CliRunner().invoke(app, list(map(str, words)))


@pytest.fixture(scope="module")
def trained(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A run on them, and what training it said."""
    folder = tmp_path_factory.mktemp("runs") / f"run{STEERS}"
    small = ["network.conv1.filters=1", "training.threads=1", "training.batch_size=8"]
    settings = [f"--set={one}" for one in small]
    words = ("train", "s1-lab", f"--data={pictures}", "--epochs=1", f"--out={folder}", *settings)
    return folder, run(*words)


def is_plain(result: Result) -> bool:
    """Whether nothing in what was said steers a terminal, and no name made a line of its own."""
    said = result.stdout + result.stderr
    lines = said.split("\n")
    return all(map(str.isprintable, lines)) and not any(one.startswith("forged") for one in lines)


@pytest.mark.parametrize(
    "words",
    [
        ("data", "show", "{data}"),
        ("show", "{run}", "--curve"),
        ("evaluate", "{run}"),
        ("evaluate", "{run}", "--open-test", "--why=" + STEERS + "\nforged line"),
        ("looks",),
        ("runs",),
        ("predict", "{run}", "{data}"),
        ("compare", "{run}", "{run}", "--out={run}/figure.png", "--force"),
        ("studies",),
    ],
    ids=lambda words: " ".join(words[:1]),
)
def test_no_name_steers_the_terminal(pictures, trained, monkeypatch, words):
    folder, training = trained
    monkeypatch.setenv("TOILE_RUNS", str(folder.parent))
    assert training.exit_code == 0
    assert is_plain(training)
    study = folder.parent / f"study{STEERS}"
    study.mkdir(exist_ok=True)
    record = {"status": "finished", "finished": 9, "readings": 10}
    (study / "study.json").write_text(json.dumps(record))
    (study / "verdict.json").write_text(json.dumps({"sentence": f"worse{STEERS}\nforged line"}))
    result = run(*(word.format(data=pictures, run=folder) for word in words))
    assert result.exit_code == 0, result.output
    assert is_plain(result)
    assert SHOWN in result.output


def test_an_error_that_quotes_a_name_is_plain(pictures, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["toile", "show", f"nowhere{STEERS}"])
    with pytest.raises(SystemExit):
        toile.cli.main()
    assert SHOWN in capsys.readouterr().err
    with pytest.raises(ToileError):
        raise run("show", f"nowhere{STEERS}").exception


def test_json_holds_the_names_as_they_are_in_ascii(pictures):
    (line,) = run("data", "show", pictures, "--json").stdout.splitlines()
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["class_names"] == sorted(CLASSES)


SENTENCE = "a is better than b: " + "by so much, and so on, " * 5


def test_a_sentence_is_wrapped_where_it_is_read_on_a_terminal_alone(monkeypatch, capsys):
    say(SENTENCE)
    assert capsys.readouterr().out == f"{SENTENCE}\n"
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    say(SENTENCE, err=True)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) <= 60
    assert " ".join(lines) == SENTENCE.strip()
    say(SENTENCE, as_it_is=True)
    assert capsys.readouterr().out == f"{SENTENCE}\n"


def test_what_follows_a_label_hangs_beside_it():
    assert wrapped("accuracy  91 % on all of the images", 24).split("\n") == [
        "accuracy  91 % on all of",
        "          the images",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "level  n   mean    SD  95 % interval",
        "report  /a/very/long/path/without-a-gap",
        "short",
    ],
)
def test_rows_of_tables_and_paths_are_never_broken(line):
    assert wrapped(line, 20) == line
