"""A bundle brings a run elsewhere whole, and brings nothing else."""

import contextlib
import hashlib
import json
import random
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.bundles import altered, assert_nothing_is_left, manifest_of
from tests.memory import peak_mb
from toile import import_bundle, load_data, write_report
from toile.errors import ToileError
from toile.recipe import recipe_text, with_settings
from toile.runs import (
    CorruptFile,
    Run,
    bundle_run,
    load_arrays,
    open_run,
    unpack_bundle,
)
from toile.runs.records import Named, read_record
from toile.runs.tensors import save_arrays


def data_record(run: Run) -> dict:
    path = run.folder / "data.json"
    return read_record(path.read_bytes(), Named, path)


def test_a_run_comes_back_file_for_file_but_for_its_page(trained, bundle, tmp_path):
    run, manifest = import_bundle(bundle, tmp_path / "elsewhere")

    assert open_run("whole", tmp_path / "elsewhere") == run
    for name in sorted(manifest.files):
        if name not in ("report.html", "data.json"):
            assert (run.folder / name).read_bytes() == (trained.run.folder / name).read_bytes()
    assert (run.data, run.recipe) == (trained.run.data, trained.run.recipe)
    # Another's page is another's HTML.
    page = (run.folder / "report.html").read_text()
    assert "theirs" not in page
    assert "Run whole, recipe" in page
    assert not list(run.folder.glob("checkpoint*"))


def test_the_same_run_gives_the_same_bytes(trained, bundle, tmp_path):
    again = bundle_run(trained.run, tmp_path / "again.zip")
    assert again.read_bytes() == bundle.read_bytes()


def test_what_is_there_already_is_kept(trained, bundle, tmp_path):
    import_bundle(bundle, tmp_path / "elsewhere")
    with pytest.raises(ToileError, match="is there already"):
        import_bundle(bundle, tmp_path / "elsewhere")
    with pytest.raises(ToileError, match="is there already"):
        bundle_run(trained.run, bundle)


def test_a_damaged_run_does_not_travel(trained, tmp_path):
    weights = trained.run.folder / "last.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    with pytest.raises(CorruptFile, match="last"):
        bundle_run(trained.run, tmp_path / "whole.zip")
    assert not (tmp_path / "whole.zip").exists()


@pytest.mark.parametrize(
    "name",
    ["../evil", "/evil", ".hidden", "a/b", "", "x" * 200, "ledger.jsonl", "last", "last\n", "a."],
)
def test_a_name_that_leads_elsewhere_is_refused(bundle, tmp_path, name):
    path = altered(bundle, {"manifest.json": manifest_of(bundle, run=name)})
    with pytest.raises(ToileError, match="not the bundle of one run"):
        import_bundle(path, tmp_path / "elsewhere")
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sitecustomize.py": b"harm"}, "unknown sitecustomize.py"),
        ({"../outside.txt": b"harm"}, "points outside"),
        ({"recipe.yaml": b"network: [flatten"}, "recipe.yaml"),
        ({"data.json": b"{}"}, "data.json"),
        ({"state.json": b"[]"}, "state.json"),
        ({"results.json": b"{"}, "results.json"),
        ({"last.safetensors": b"pickled"}, "last.safetensors"),
        ({"manifest.json": None}, "is no bundle"),
        ({"manifest.json": b"{}"}, "manifest.json is damaged"),
    ],
)
def test_a_bundle_that_is_not_what_it_says_leaves_nothing_behind(bundle, tmp_path, changes, said):
    with pytest.raises(ToileError, match=said):
        import_bundle(altered(bundle, changes), tmp_path / "elsewhere")
    assert_nothing_is_left(tmp_path)


def test_a_file_changed_on_the_way_is_found_by_its_sha256(bundle, tmp_path):
    path = altered(bundle, {"history.jsonl": b"{}\n"}, told=False)
    with pytest.raises(ToileError, match=r"history.jsonl is damaged: .* sha256"):
        import_bundle(path, tmp_path / "elsewhere")


def test_a_newer_format_is_refused_by_its_number(bundle, tmp_path):
    path = altered(bundle, {"manifest.json": manifest_of(bundle, version=2)})
    with pytest.raises(ToileError, match="newer Toile: its form has version 2, and this"):
        import_bundle(path, tmp_path / "elsewhere")


@pytest.mark.parametrize("length", [0, 10, 500, 5000])
def test_a_bundle_cut_short_is_refused(bundle, tmp_path, length):
    cut = tmp_path / "cut.zip"
    cut.write_bytes(bundle.read_bytes()[:length])
    with pytest.raises(ToileError, match=r"zip"):
        import_bundle(cut, tmp_path / "elsewhere")


def test_every_single_flipped_bit_is_found_or_harms_nothing(trained, bundle, tmp_path):
    whole = bundle.read_bytes()
    draw = random.Random(0)
    # Half of them in the list of entries at the end, which a few of the others would hit.
    places = [draw.randrange(len(whole)) for _ in range(250)]
    places += [len(whole) - 1 - draw.randrange(900) for _ in range(250)]
    refused = 0
    for count, place in enumerate(places):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << draw.randrange(8)
        bundle.write_bytes(flipped)
        folder = tmp_path / f"elsewhere-{count}"
        try:
            run, _ = unpack_bundle(bundle, lambda run: run.data, folder)
        except ToileError:
            refused += 1
        else:
            weights = (run.folder / "last.safetensors").read_bytes()
            assert weights == (trained.run.folder / "last.safetensors").read_bytes()
    assert 250 < refused < 500


EPOCH = {
    "kind": "epoch",
    "epoch": 1,
    "step": 5,
    "training": {"loss": 0.5, "accuracy": 0.5},
    "validation": {"loss": 0.5, "accuracy": 0.5},
    "holdout": {"loss": 0.5, "accuracy": 0.5},
    "selection": {"loss": 0.5, "accuracy": 0.5},
    "best": True,
    "seconds": 1.0,
    "evaluation_seconds": 0.1,
    "total_seconds": 1.1,
}


DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "[]",
        "5",
        DEEP,
        '{"kind": "epoch"}',
        '{"kind": "look"}',
        json.dumps(EPOCH | {"best": "yes"}),
        json.dumps(EPOCH | {"epoch": 2}),
        json.dumps(EPOCH | {"step": 0}),
        json.dumps(EPOCH | {"seconds": "1"}),
        json.dumps(EPOCH | {"validation": {"loss": 0.5, "accuracy": 2}}),
        json.dumps({name: value for name, value in EPOCH.items() if name != "selection"}),
        json.dumps(EPOCH | {"holdout": {"loss": 0.5, "accuracy": "half"}}),
        json.dumps(EPOCH | {"total_seconds": float("nan")}),
        json.dumps(EPOCH) + "\n" + json.dumps(EPOCH),
    ],
)
def test_a_history_of_anything_but_steps_and_epochs_is_refused(bundle, tmp_path, line):
    path = altered(bundle, {"history.jsonl": f"{line}\n".encode()})
    with pytest.raises(ToileError, match=r"altered.zip: history.jsonl is damaged"):
        import_bundle(path, tmp_path / "elsewhere")
    assert_nothing_is_left(tmp_path)


@pytest.mark.parametrize("name", ["results.json", "environment.json", "data.json"])
@pytest.mark.parametrize("text", ["[]", "{}", "7", "null", "\x00", DEEP, '{"version": 1}'])
def test_a_record_of_another_kind_is_refused(bundle, tmp_path, name, text):
    with pytest.raises(ToileError, match=f"altered.zip: {name} is damaged"):
        import_bundle(altered(bundle, {name: text.encode()}), tmp_path / "elsewhere")
    assert_nothing_is_left(tmp_path)


@pytest.mark.parametrize("name", ["results.json", "environment.json", "data.json", "state.json"])
def test_a_record_with_any_one_field_broken_is_refused_or_shown(bundle, tmp_path, name):
    with zipfile.ZipFile(bundle) as archive:
        record = json.loads(archive.read(name))
    for count, field in enumerate(record):
        broken = record | {field: [-0.5]}
        path = altered(bundle, {name: json.dumps(broken).encode()})
        folder = tmp_path / f"elsewhere-{count}"
        with contextlib.suppress(ToileError):
            import_bundle(path, folder)
        # Whole and with its page, or not at all.
        assert len(list(folder.glob("*/state.json"))) == len(list(folder.glob("*/report.html")))


@pytest.mark.parametrize("half", [b"\\ud800", b"\xed\xa0\x80"])
@pytest.mark.parametrize("name", ["environment.json", "data.json", "results.json", "state.json"])
def test_a_text_with_half_of_a_character_is_refused(bundle, tmp_path, name, half):
    with zipfile.ZipFile(bundle) as archive:
        text = archive.read(name)
    changed = text.replace(b"{", b'{"a name": "' + half + b'", ', 1)
    with pytest.raises(ToileError, match=f"{name} is damaged"):
        import_bundle(altered(bundle, {name: changed}), tmp_path / "elsewhere")
    assert_nothing_is_left(tmp_path)


SHORT = np.zeros(17, np.int64)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"logits": None}, "its logits are missing"),
        ({"logits": np.zeros((18, 2), np.float32)}, r"its logits are \('f', \(18, 2\)\)"),
        ({"logits": np.zeros((18, 3), np.int64)}, r"its logits are \('i'"),
        ({"labels": SHORT}, r"its labels are \('i', \(17,\)\)"),
        ({"labels": np.full(18, 3)}, "its labels leave the range from 0 to 2"),
        ({"labels": np.full(18, -1)}, "its labels leave the range"),
        ({"indices": np.arange(18) + 49}, "its indices leave the range from 0 to 65"),
        ({"indices": np.zeros((18, 1), np.int64)}, "its indices are"),
        ({"selection": np.ones(18, np.uint8)}, "its selection does not mark two halves"),
        ({"selection": np.arange(18).astype(np.uint8)}, "its selection does not mark two halves"),
    ],
)
def test_answers_that_no_run_on_its_data_gave_are_refused(trained, bundle, tmp_path, changes, said):
    arrays = load_arrays(trained.run.folder / "validation.safetensors").arrays | changes
    forged = tmp_path / "forged.safetensors"
    save_arrays(forged, {name: array for name, array in arrays.items() if array is not None})
    path = altered(bundle, {"validation.safetensors": forged.read_bytes()})
    with pytest.raises(ToileError, match=f"altered.zip: validation.safetensors: {said}"):
        import_bundle(path, tmp_path / "elsewhere")
    assert_nothing_is_left(tmp_path)


def test_answers_on_no_image_at_all_are_refused(trained, bundle, tmp_path):
    arrays = load_arrays(trained.run.folder / "validation.safetensors").arrays
    save_arrays(tmp_path / "none.safetensors", {name: one[:0] for name, one in arrays.items()})
    changes = {
        "data.json": json.dumps(data_record(trained.run) | {"validation": 0}).encode(),
        "validation.safetensors": (tmp_path / "none.safetensors").read_bytes(),
    }
    with pytest.raises(ToileError, match="its selection does not mark two halves"):
        import_bundle(altered(bundle, changes), tmp_path / "elsewhere")


def test_an_import_never_reads_the_data_that_the_recipe_names(trained, bundle, tmp_path):
    # Data that is here, and mistakes to show: a page with pictures, if the data were read.
    recipe = with_settings(trained.run.recipe, {"data.name": "fashion-sample"})
    sample = load_data("fashion-sample")
    data = data_record(trained.run) | {"order": sample.order, "fingerprint": sample.fingerprint}
    arrays = load_arrays(trained.run.folder / "validation.safetensors").arrays
    save_arrays(tmp_path / "wrong.safetensors", arrays | {"logits": -arrays["logits"]})
    changes = {
        "recipe.yaml": recipe_text(recipe, complete=True).encode(),
        "data.json": json.dumps(data).encode(),
        "validation.safetensors": (tmp_path / "wrong.safetensors").read_bytes(),
    }
    run, _ = import_bundle(altered(bundle, changes), tmp_path / "elsewhere")
    # Its own kernels are pictures too.
    assert '<div class="pictures' not in (run.folder / "report.html").read_text()
    # Whoever asks for the page by name trusts the recipe.
    assert '<div class="pictures' in write_report(run).read_text()


def test_no_path_of_this_machine_travels(trained, tmp_path):
    folder = trained.run.folder
    recipe = with_settings(
        trained.run.recipe,
        {"data.name": "/home/anna/leaves", "training.start.run": "/home/anna/runs/2026-first-abcd"},
    )
    (folder / "recipe.yaml").write_text(recipe_text(recipe, complete=True))
    data = data_record(trained.run) | {"path": "/home/anna/leaves", "of_a_later_toile": 1}
    (folder / "data.json").write_text(json.dumps(data))
    (folder / "report.html").write_text("data: {name: /home/anna/leaves}")

    path = bundle_run(trained.run, tmp_path / "whole.zip")

    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    assert [name for name, content in contents.items() if b"anna" in content] == []
    assert b"toile train recipe.yaml --data WHERE" in contents["README.txt"]
    run, _ = import_bundle(path, tmp_path / "elsewhere")
    assert data_record(run) == data | {"path": "leaves"}
    assert (run.recipe.data.name, run.recipe.training.start.run) == ("leaves", "2026-first-abcd")


@pytest.mark.parametrize("name", ["My run", "last", "Läufe", "notes.txt", "-v"])
def test_a_run_that_no_import_would_take_is_not_bundled(trained, tmp_path, name):
    folder = shutil.copytree(trained.run.folder, tmp_path / "named" / name)
    with pytest.raises(ToileError, match="rename the run's folder"):
        bundle_run(open_run(folder), tmp_path / "whole.zip")
    assert not (tmp_path / "whole.zip").exists()


def test_a_run_named_by_a_point_or_a_number_is_bundled_by_its_folders_name(
    trained, tmp_path, monkeypatch
):
    folder = shutil.copytree(trained.run.folder, tmp_path / "named" / "lr0.01_v2")
    monkeypatch.chdir(folder)
    run, _ = import_bundle(bundle_run(open_run("."), tmp_path / "a.zip"), tmp_path / "elsewhere")
    assert run == Run(tmp_path / "elsewhere" / "lr0.01_v2")


def packed_anew(bundle: Path, name: str, content: bytes) -> Path:
    """The bundle with one file replaced by `content`, deflated, and its sha256 told."""
    with zipfile.ZipFile(altered(bundle, {name: b""})) as archive:
        contents = {other: archive.read(other) for other in archive.namelist()}
    manifest = json.loads(contents["manifest.json"])
    manifest["files"][name] = hashlib.sha256(content).hexdigest()
    contents |= {name: content, "manifest.json": json.dumps(manifest).encode()}
    path = bundle.with_name("bomb.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for other, one in contents.items():
            archive.writestr(other, one)
        # Noise, so that the bundle may unpack to a hundred times its size.
        archive.writestr("noise", random.Random(0).randbytes(1 << 20))
    return path


@pytest.mark.parametrize("name", ["history.jsonl", "recipe.yaml", "best.safetensors"])
def test_a_file_larger_than_any_runs_is_refused_before_it_is_unpacked(bundle, tmp_path, name):
    bomb = packed_anew(bundle, name, b"\n" * (60 << 20))
    setup = "from toile.workbench.bundle import import_bundle\nfrom pathlib import Path"
    peak, said = peak_mb(f"import_bundle(Path({str(bomb)!r}), Path({str(tmp_path)!r}))", setup)
    assert f"{bomb}: {name} cannot be unpacked (it has 62914560 bytes; at most" in said
    assert peak < 30


def test_a_page_that_is_written_anew_is_not_even_unpacked(bundle, tmp_path):
    bomb = packed_anew(bundle, "report.html", b" " * (60 << 20))
    setup = "from toile.runs import unpack_bundle\nfrom pathlib import Path"
    arguments = f"Path({str(bomb)!r}), str, Path({str(tmp_path / 'runs')!r})"
    peak, said = peak_mb(f"unpack_bundle({arguments})", setup)
    assert said == ""
    assert peak < 40


def test_what_a_killed_import_left_is_cleared_by_the_next(bundle, tmp_path):
    left = tmp_path / "runs" / ".import-0badf00d" / "run"
    left.mkdir(parents=True)
    (left / "last.safetensors").write_bytes(b"half")
    unpack_bundle(bundle, lambda run: None, tmp_path / "runs")
    assert not left.parent.exists()
