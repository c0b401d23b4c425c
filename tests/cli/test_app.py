import re
import subprocess
import sys

import pytest

from tests.command_line import ends_and_torch
from toile.runs import runs_folder
from toile.runs.state import State, write_state


def test_quick_commands_leave_torch_alone(tmp_path):
    quick = [["--help"], ["presets"], ["check", "s1-lab"], ["runs"], ["studies"], ["data"]]
    quick += [["settings"]]
    ends = ends_and_torch(quick, tmp_path)
    assert list(zip(quick, ends, strict=True)) == [(words, (0, False)) for words in quick]


def test_the_version_is_the_packages(toile):
    import toile as package

    assert toile("--version").output.strip() == package.__version__
    assert toile("-V").output == toile("--version").output


def test_commands_are_listed_in_groups_and_none_is_cut_short(toile):
    said = toile("--help").output
    titles = re.findall(r"^([A-Z][a-z ]+):$", said, re.MULTILINE)
    assert titles == ["Options", "Data", "Build", "Train", "Judge", "Compare", "Keep", "Take away"]
    assert "..." not in said.partition("\n")[2]
    assert max(map(len, said.splitlines())) <= 80


COMMANDS = "data.list data.get data.show presets new check network settings bench train resume runs"
COMMANDS += " show rm evaluate looks predict compare search studies verdict report study.run"
COMMANDS += " study.new sheet.run sheet.new sheet.list sheet.show export serve bundle import"


@pytest.mark.parametrize("words", COMMANDS.split())
def test_each_command_has_help_without_types_and_is_quiet_on_request(toile, words):
    answer = toile(*words.split("."), "-h")
    assert answer.code == 0
    assert "-q, --quiet" in answer.output
    assert "-v, --verbose" in answer.output
    assert not re.search(r"<(str|int|float|path|list)|INTEGER|Path", answer.output)
    assert max(map(len, answer.output.splitlines())) <= 80


def test_a_study_may_leave_run_unsaid(toile):
    short, whole = (toile(*words, "-h").output for words in (("study",), ("study", "run")))
    assert "--vary ADDRESS=V1,V2,..." in short
    assert "study new  Write a study file to edit" in short
    assert short.splitlines()[2:5] == whole.splitlines()[2:5]
    refusals = [toile(*words, "nosuch").errors for words in (("study",), ("study", "run"))]
    assert refusals[0] == refusals[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("shwo", "toile: no such command 'shwo'; did you mean 'show'?; see toile --help"),
        ("train", "toile: missing argument 'RECIPE|PRESET'; see toile train --help"),
        ("show last --reach 2", "toile: --reach is 2; it goes up to 1; see toile show --help"),
        (
            "runs --limit=x",
            "toile: --limit is x; it has to be a whole number; see toile runs --help",
        ),
        (
            "export last --input foo",
            "toile: --input is 'foo'; it is one of 'scaled', 'bytes'; see toile export --help",
        ),
    ],
)
def test_a_slip_is_refused_as_everything_else_is(toile, words, said):
    answer = toile(*words.split())
    assert (answer.code, answer.output, answer.errors) == (2, "", said + "\n")


def test_quiet_leaves_out_all_but_the_result_and_verbose_tells_where_an_error_is_from(toile):
    words = ("verdict", "nowhere.csv")
    assert "Traceback" in toile(*words, "-v").errors
    assert "Traceback" not in toile(*words).errors


def test_the_library_is_imported_without_torch_and_no_name_of_it_is_a_room():
    code = (
        "import sys, toile, pathlib\n"
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules\n"
        "rooms = {path.name for path in pathlib.Path(toile.__file__).parent.iterdir()}\n"
        "assert not rooms & set(toile.__all__)\n"
        "assert all(getattr(toile, name) is not None for name in toile.__all__)\n"
        "assert 'torch' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def modules_after(code: str) -> set[str]:
    """What a process has imported that runs `code` and prints nothing else."""
    code = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


ARRAYS = {"numpy", "scipy", "torch", "matplotlib", "PIL", "safetensors", "jaxtyping", "asyncio"}


def test_help_and_completion_wait_for_no_library_of_arrays():
    assert not ARRAYS & modules_after("import toile.cli.app")


def test_a_listing_of_runs_imports_of_other_rooms_what_it_names():
    for name in ("first", "second"):
        folder = runs_folder() / name
        folder.mkdir(parents=True)
        write_state(folder, State("finished", "quick", "mnist", 0, 6, "2026-11-20", 83_434, 6, 0.9))
    imported = modules_after(
        "import contextlib, io, toile.cli.app as cli\n"
        "with contextlib.redirect_stdout(io.StringIO()) as listing:\n"
        "    cli.app(['runs'], standalone_mode=False)\n"
        "assert 'first' in listing.getvalue() and 'second' in listing.getvalue()"
    )
    assert not ARRAYS & imported
    rooms = ("toile.data", "toile.evaluation", "toile.prediction", "toile.report", "toile.studies")
    assert {name for name in imported if name.startswith(rooms)} == {
        "toile.data",
        "toile.data.locations",
        "toile.evaluation",
        "toile.evaluation.estimate",
        "toile.evaluation.time_to_accuracy",
    }


def test_a_name_the_library_does_not_have_is_an_attribute_error():
    import toile as package

    with pytest.raises(AttributeError, match="toile has no trian"):
        getattr(package, "trian")  # noqa: B009 - the name mypy would refuse
