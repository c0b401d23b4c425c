"""A bundle brings a run elsewhere whole, and brings nothing else."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from toile.errors import ToileError
from toile.runs import CorruptFile, bundle_run, import_bundle, list_runs, open_run


@pytest.fixture
def bundle(trained, tmp_path) -> Path:
    (trained.run.folder / "report.html").write_text("<script>theirs</script>")
    return bundle_run(trained.run, tmp_path / "whole.zip")


def altered(bundle: Path, changes: dict[str, bytes | None], told: bool = True) -> Path:
    """The bundle with files replaced, added or left out; `told` writes their sha256 too."""
    with zipfile.ZipFile(bundle) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(contents["manifest.json"])
    for name, content in changes.items():
        contents[name] = content
        if told and name != "manifest.json":
            manifest["files"][name] = hashlib.sha256(content or b"").hexdigest()
    if "manifest.json" not in changes:
        contents["manifest.json"] = json.dumps(manifest).encode()
    path = bundle.with_name("altered.zip")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            if content is not None:
                archive.writestr(name, content)
    return path


def manifest_of(bundle: Path, **changes: object) -> bytes:
    with zipfile.ZipFile(bundle) as archive:
        return json.dumps(json.loads(archive.read("manifest.json")) | changes).encode()


def test_a_run_comes_back_file_for_file_but_for_its_page(trained, bundle, tmp_path):
    run, manifest = import_bundle(bundle, tmp_path / "elsewhere")

    assert open_run("whole", tmp_path / "elsewhere") == run
    for name in sorted(manifest.files):
        if name != "report.html":
            assert (run.folder / name).read_bytes() == (trained.run.folder / name).read_bytes()
    # Another's page is another's HTML.
    assert not (run.folder / "report.html").exists()
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


@pytest.mark.parametrize("name", ["../evil", "/evil", ".hidden", "a/b", "", "x" * 200])
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
    assert list_runs(tmp_path / "elsewhere") == []
    assert [one.name for one in tmp_path.glob("elsewhere/*")] in ([], [".lock"])


def test_a_file_changed_on_the_way_is_found_by_its_sha256(bundle, tmp_path):
    path = altered(bundle, {"history.jsonl": b"{}\n"}, told=False)
    with pytest.raises(ToileError, match=r"history.jsonl is damaged: .* sha256"):
        import_bundle(path, tmp_path / "elsewhere")


def test_a_newer_format_is_refused_by_its_number(bundle, tmp_path):
    path = altered(bundle, {"manifest.json": manifest_of(bundle, version=2)})
    with pytest.raises(ToileError, match="has format 2; this Toile reads 1"):
        import_bundle(path, tmp_path / "elsewhere")


@pytest.mark.parametrize("length", [0, 10, 500, 5000])
def test_a_bundle_cut_short_is_refused(bundle, tmp_path, length):
    cut = tmp_path / "cut.zip"
    cut.write_bytes(bundle.read_bytes()[:length])
    with pytest.raises(ToileError, match=r"zip"):
        import_bundle(cut, tmp_path / "elsewhere")
