import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "words",
    [["--help"], ["presets"], ["check", "s1-lab"], ["runs"], ["studies"], ["data"], ["settings"]],
)
def test_quick_commands_leave_torch_alone(words, tmp_path):
    code = (
        "import sys, toile.cli\n"
        f"sys.argv = ['toile', *{words!r}]\n"
        "try:\n    toile.cli.main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_version_is_the_packages(toile):
    import toile as package

    assert toile("--version").output.strip() == package.__version__


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


def test_a_name_the_library_does_not_have_is_an_attribute_error():
    import toile as package

    with pytest.raises(AttributeError, match="toile has no trian"):
        getattr(package, "trian")  # noqa: B009 - the name mypy would refuse
