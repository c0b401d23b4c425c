"""Where known datasets are looked for, in which order, and what is said when none has them."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from toile.data import known_shape, list_sources, load_data
from toile.data.catalogue import IDX_FILES, KNOWN
from toile.data.debian import unpack_debian_package
from toile.data.load import no_progress
from toile.data.locations import SAMPLE_FOLDER
from toile.data.sources import find_known, obtain_known
from toile.errors import ToileError

# The sample's files under another name: a known dataset that has to be looked for.
SOUGHT = replace(KNOWN["fashion-sample"], name="sought", debian_package="dataset-sought")


def put_files(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for file in SAMPLE_FOLDER.glob("*.gz"):
        shutil.copy(file, folder)
    return folder


def test_the_list_names_each_set_and_where_it_lies():
    sources = {source.name: source for source in list_sources()}
    assert list(sources) == ["fashion-mnist", "mnist", "synthetic-digits", "fashion-sample"]
    assert sources["fashion-sample"].path == SAMPLE_FOLDER
    assert sources["fashion-sample"].obtained == "inside the package"
    assert sources["synthetic-digits"].path is None
    assert sources["synthetic-digits"].obtained == "made here, from a seed"
    assert sources["mnist"].path is None
    assert sources["mnist"].obtained == "fetched from 2 mirrors"
    assert sources["fashion-mnist"].obtained.endswith("or from Debian's dataset-fashion-mnist")
    assert sources["fashion-mnist"].num_images == (60_000, 10_000)


def test_shapes_of_known_sets_need_no_loading():
    assert known_shape("fashion-mnist") == ((1, 28, 28), 10)
    assert known_shape("/some/folder") is None


def test_toile_data_comes_before_the_cache(tmp_path, own_cache, monkeypatch):
    fetched = put_files(own_cache / "fetched" / "sought")
    assert find_known(SOUGHT) == fetched
    own = put_files(tmp_path / "own" / "sought")
    monkeypatch.setenv("TOILE_DATA", str(tmp_path / "own"))
    assert find_known(SOUGHT) == own


def test_toile_data_may_be_the_folder_itself(tmp_path, monkeypatch):
    own = put_files(tmp_path / "own")
    monkeypatch.setenv("TOILE_DATA", str(own))
    assert find_known(SOUGHT) == own


def test_another_set_in_toile_data_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_DATA", str(put_files(tmp_path / "own")))
    assert find_known(KNOWN["mnist"]) is None


def test_the_cache_is_where_the_desktop_says(tmp_path, monkeypatch):
    monkeypatch.delenv("TOILE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "desktop"))
    assert find_known(SOUGHT) is None
    fetched = put_files(tmp_path / "desktop" / "toile" / "fetched" / "sought")
    assert find_known(SOUGHT) == fetched


def test_when_nothing_works_every_place_is_listed_with_its_reason(tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_DATA", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    known = replace(SOUGHT, mirrors=("http://127.0.0.1:9/",))
    with pytest.raises(ToileError) as refusal:
        obtain_known(known, no_progress)
    lines = str(refusal.value).splitlines()
    assert lines[0].startswith("data.name is sought, which is not here")
    assert lines[1].startswith(f"  {tmp_path}/sought: ")
    assert lines[-3].startswith("  http://127.0.0.1:9/: [Errno ")
    assert lines[-2] == "  apt-get download dataset-sought: there is no apt-get here"
    assert lines[-1].startswith("next: apt-get install dataset-sought, or set TOILE_DATA")
    assert lines[-1].endswith("--data fashion-sample, which needs no network")


@pytest.fixture
def fake_apt(tmp_path, monkeypatch):
    """An apt-get whose archive is one real package, built here from the given files."""
    if not shutil.which("dpkg-deb"):
        pytest.skip("this machine has no dpkg-deb")

    def serve(files: Path | None) -> None:
        tree, programs = tmp_path / "tree", tmp_path / "programs"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN" / "control").write_text(
            "Package: dataset-sought\nVersion: 1\nArchitecture: all\nMaintainer: Toile <t@t>\n"
            "Description: toy\n"
        )
        if files:
            shutil.copytree(files, tree / "usr" / "share" / "datasets" / "sought")
        deb = tmp_path / "dataset-sought_1_all.deb"
        subprocess.run(["dpkg-deb", "--build", tree, deb], check=True, capture_output=True)
        programs.mkdir()
        (programs / "apt-get").write_text(f'#!/bin/sh\n[ "$1" = download ] && cp {deb} .\n')
        (programs / "apt-get").chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    return serve


def test_debians_package_is_unpacked_without_root(fake_apt, own_cache, tmp_path):
    fake_apt(put_files(tmp_path / "files"))
    target = obtain_known(SOUGHT, no_progress)
    assert target == own_cache / "fetched" / "sought"
    assert sorted(file.name for file in target.iterdir() if file.suffix == ".gz") == sorted(
        f"{name}.gz" for name in IDX_FILES
    )
    assert [folder.name for folder in target.parent.iterdir()] == ["sought"]
    assert len(load_data(target).train) == 6000


def test_a_package_with_other_files_is_not_taken(fake_apt, own_cache, tmp_path):
    files = put_files(tmp_path / "files")
    shutil.copy(files / f"{IDX_FILES[1]}.gz", files / f"{IDX_FILES[3]}.gz")
    fake_apt(files)
    target = own_cache / "fetched" / "sought"
    assert unpack_debian_package(SOUGHT, target) == "its files are not those expected"
    assert not list(target.glob("*.gz"))


def test_a_package_that_apt_does_not_have_gives_its_last_word(tmp_path, monkeypatch, own_cache):
    (tmp_path / "apt-get").write_text("#!/bin/sh\necho 'E: No packages found' >&2\nexit 100\n")
    (tmp_path / "dpkg-deb").write_text("#!/bin/sh\n")
    for program in ("apt-get", "dpkg-deb"):
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert unpack_debian_package(SOUGHT, own_cache / "fetched" / "x") == "E: No packages found"
