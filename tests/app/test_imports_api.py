"""Networks and runs from elsewhere: brought as a file, read in a process, made runs here."""

import io
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from tests.app.conftest import until
from tests.app.test_data_api import added
from toile.app.arrivals import arrived_run
from toile.app.long_acts import LongAct
from toile.app.routes.sources import recipe_from
from toile.conversion import MOST_BYTES, SCALINGS
from toile.errors import ToileError
from toile.files import write_json
from toile.recipe import read_recipe, recipe_text, with_settings
from toile.runs import Run, bundle_run, read_ledger, unpack_bundle
from toile.runs.ledger import write_look
from toile.runs.ledger_file import LookRequest
from toile.workbench import bundle_sentences, export_run

CRASHING = "import os, sys; sys.stdin.readline(); os.abort()"
HANGING = """
import json, sys
sys.stdin.readline()
print(json.dumps({"progress": [1, 2, "images"]}), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def files(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The network of `first` as others write it, by endings."""
    folder = tmp_path_factory.mktemp("files")
    run = Run(trained / "first")
    return {
        suffix: export_run(run, suffix, folder / f"network.{suffix}").file.read_bytes()
        for suffix in ("onnx", "safetensors")
    }


def brought(ask, name: str, content: bytes) -> str:
    """An upload of a file called `name`."""
    upload = ask("POST", "/api/uploads").json()["upload"]
    assert ask("PUT", f"/api/uploads/{upload}/{name}", content=content).status_code == 200
    return upload


def outcome(ask, upload: str, **words) -> dict:
    """What an import comes to in the end."""
    begun = ask("POST", "/api/imports", json={"upload": upload, **words})
    assert begun.status_code == 200, begun.text
    looks = []

    def is_over() -> bool:
        looks.append(ask("GET", f"/api/imports/{upload}"))
        return looks[-1].status_code != 202

    until(is_over)
    return looks[-1].json()


def instead(monkeypatch, folder: Path, program: str) -> None:
    """Begin `program` in place of what computes."""
    file = folder / "program"
    file.write_text(f"#!{sys.executable}\n{program}")
    file.chmod(0o700)
    monkeypatch.setattr("toile.app.computing.sys.executable", str(file))


def test_a_file_becomes_a_run_and_the_page_says_what_the_command_says(
    ask, workspace, few_garments, files
):
    data = added(ask, path=str(few_garments))
    upload = brought(ask, "My net (2).onnx", files["onnx"])
    # It learnt too little to tell how its pictures were scaled; its file can be tried again.
    refused = outcome(ask, upload, data=data)["error"]
    assert "no way of reading" in refused
    assert str(workspace) not in refused

    imported = outcome(ask, upload, data=data, scaling="unit")
    *_, tried, chosen, proof, accuracy = imported["sentences"]
    assert tried.startswith("tried on the half of validation that chooses: ")
    assert "0 to 1: " in tried
    assert chosen == "chosen: 0 to 1"
    assert proof.startswith("the same outputs as ONNX Runtime ")
    score = Run(workspace / imported["run"]).score
    assert accuracy.startswith(f"accuracy {100 * score.value:.2f} % ({100 * score.low:.2f} to ")
    assert imported["warning"].startswith("warning: It was imported from My net (2).onnx: ")
    row = ask("GET", f"/api/runs/{imported['run']}").json()["row"]
    assert (row["status"], row["name"]) == ("imported", "my-net--2")
    assert ask("POST", f"/api/runs/{imported['run']}/page").status_code == 200
    assert list((workspace / ".data").glob("upload-*")) == []


def test_weights_alone_take_the_network_of_a_draft(ask, workspace, few_garments, files):
    data = added(ask, path=str(few_garments))
    network = read_recipe(workspace / "first" / "recipe.yaml").model_dump(mode="json")["network"]
    # Of its own data nothing is taken.
    draft = {"name": "mine", "data": {"name": "mnist", "size_px": 32}, "network": network}
    ask("PUT", "/api/drafts/build-mine", json={"content": {"recipe": draft}})
    upload = brought(ask, "weights.safetensors", files["safetensors"])
    said = {"data": data, "scaling": "standard"}
    refused = outcome(ask, upload, **said)["error"]
    assert refused.startswith("weights.safetensors holds weights without a network")
    imported = outcome(ask, upload, recipe="draft:build-mine", **said)
    run = Run(workspace / imported["run"])
    assert run.plan.parameters == Run(workspace / "first").plan.parameters
    assert run.recipe.data.name == str(few_garments)


@pytest.fixture
def bundle(workspace: Path, tmp_path: Path) -> bytes:
    """The run `first`, whose test part was looked at once, as a bundle."""
    first = Run(workspace / "first")
    facts = {"run": "first", "weights": "last", "recipe": "r", "data": "d", "source": "s"}
    write_look([workspace], LookRequest(test=first.data.test_fingerprint, **facts), "the end")
    return bundle_run(first, tmp_path / "first.zip").read_bytes()


def unpacked(workspace: Path, bundle: bytes) -> Run:
    """The run of a bundle, as an import of first.zip leaves it."""
    file = workspace / "first.zip"
    file.write_bytes(bundle)
    return unpack_bundle(file, lambda run: None, workspace)[0]


def imports(ask) -> list[dict]:
    """What every page is told of imports."""
    return ask("GET", "/api/queue").json()["imports"]


def test_a_bundle_becomes_the_run_that_it_was_and_its_looks_are_counted_here(
    ask, workspace, bundle
):
    upload = brought(ask, "first.zip", bundle)
    # As the command line says it.
    refused = outcome(ask, upload)["error"]
    assert refused == "first is there already; remove it with toile rm, or keep it"
    shutil.rmtree(workspace / "first")
    (workspace / "ledger.jsonl").unlink()
    imported = outcome(ask, upload)
    assert (imported["run"], imported["warning"]) == ("first", "")
    assert imported["sentences"][0] == (
        "looks at its test part before it was bundled, now in the ledger here: 1"
    )
    assert [look.why for look in read_ledger(workspace)] == ["the end"]
    assert ask("GET", "/api/runs/first").json()["has_page"] is True
    assert list((workspace / ".data").glob("upload-*")) == []


def test_a_bundle_is_held_to_the_checks_of_the_command_line_and_leaves_nothing(
    ask, workspace, tmp_path, bundle
):
    shutil.rmtree(workspace / "first")
    (workspace / "ledger.jsonl").unlink()
    file = tmp_path / "damaged.zip"
    file.write_bytes(bundle)
    with zipfile.ZipFile(file) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    for name, content, said in (
        ("results.json", b"{}", "damaged.zip: results.json is damaged"),
        (
            "environment.json",
            os.urandom(2 << 20),
            "environment.json cannot be unpacked (it has 2097152 bytes; at most 1048576 ",
        ),
    ):
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for each, original in contents.items():
                archive.writestr(each, content if each == name else original)
        assert said in outcome(ask, brought(ask, "damaged.zip", file.read_bytes()))["error"]
    no_bundle = brought(ask, "photos.zip", zip_of({"cat/1.png": b"x"}))
    assert outcome(ask, no_bundle)["error"] == (
        "photos.zip is no bundle of Toile's: it has no manifest.json"
    )
    assert not (workspace / "ledger.jsonl").exists()
    assert {row["id"] for row in ask("GET", "/api/runs").json()["runs"]} == {"second"}
    assert list(workspace.glob(".import-*")) == []


def zip_of(contents: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_what_does_not_fit_the_kind_of_file_is_refused_before_it_is_read(ask, bundle, files):
    upload = brought(ask, "first.zip", bundle)
    said = ask("POST", "/api/imports", json={"upload": upload, "data": "fashion-sample"})
    assert said.json()["error"] == "first.zip is a bundle of a run, which takes no data"
    upload = brought(ask, "net.onnx", files["onnx"])
    said = ask("POST", "/api/imports", json={"upload": upload})
    assert said.json()["error"].endswith("a run needs pictures with its classes; choose the data")
    assert imports(ask) == []


def test_every_page_finds_an_import_and_what_came_of_it_until_it_is_dismissed(ask, bundle):
    upload = brought(ask, "first.zip", bundle)
    (file,) = ask("GET", f"/api/uploads/{upload}").json()
    assert file == {"name": "first.zip", "num_bytes": len(bundle)}
    outcome(ask, upload)
    (row,) = imports(ask)
    assert (row["file"], row["run"], row["asked"]["upload"]) == ("first.zip", "", upload)
    assert (row["act"]["status"], row["act"]["reason"][:8]) == ("failed", "first is")
    ask("PATCH", "/api/runs/first", json={"name": "mine"})
    outcome(ask, upload)
    (row,) = imports(ask)
    assert (row["act"]["status"], row["run"]) == ("finished", "first")
    assert ask("GET", f"/api/uploads/{upload}").status_code == 422
    assert ask("DELETE", f"/api/imports/{upload}").status_code == 200
    assert imports(ask) == []
    assert ask("DELETE", f"/api/imports/{upload}").status_code == 404


def test_what_is_no_network_is_refused_in_the_engines_words(ask, workspace):
    upload = brought(ask, "broken.onnx", b"no network at all")
    refused = outcome(ask, upload, data="fashion-sample")["error"]
    assert "broken.onnx" in refused
    assert ".data" not in refused
    assert ask("DELETE", f"/api/uploads/{upload}").status_code == 200


def test_a_file_larger_than_any_network_is_not_read(ask, workspace):
    upload = brought(ask, "large.onnx", b"")
    os.truncate(workspace / ".data" / f"upload-{upload}" / "large.onnx", MOST_BYTES + 1)
    refused = outcome(ask, upload, data="fashion-sample")["error"]
    assert refused == f"large.onnx has {MOST_BYTES + 1:,} bytes; at most {MOST_BYTES:,} are read"
    assert ask("GET", "/api/imports").json()["most_bytes"] == MOST_BYTES


def test_a_file_that_crashes_its_reader_is_said_to_be_damaged(ask, tmp_path, monkeypatch):
    instead(monkeypatch, tmp_path, CRASHING)
    upload = brought(ask, "hostile.h5", b"\x89HDF")
    refused = outcome(ask, upload, data="fashion-sample")["error"]
    assert refused.startswith("the process that read the file ended; the file is")
    assert ask("GET", "/api/runs").status_code == 200
    assert ask.session.imports.get(upload).status == "failed"


def test_an_import_is_stopped_and_leaves_no_run(ask, workspace, tmp_path, monkeypatch):
    instead(monkeypatch, tmp_path, HANGING)
    upload = brought(ask, "net.onnx", b"x")
    words = {"upload": upload, "data": "fashion-sample"}
    ask("POST", "/api/imports", json=words)
    until(lambda: ask("GET", f"/api/imports/{upload}").json().get("done") == 1)
    assert "is already being read" in ask("POST", "/api/imports", json=words).json()["error"]
    assert ask("DELETE", f"/api/uploads/{upload}").status_code == 422
    assert ask("DELETE", f"/api/imports/{upload}").status_code == 422
    (row,) = imports(ask)
    assert (row["act"]["status"], row["act"]["done"]) == ("working", 1)
    assert row["asked"] == {**words, "scaling": "", "recipe": ""}
    out = Path(ask.session.imports.get(upload).question["out"])
    assert out.parent == workspace.absolute()
    out.mkdir()
    assert ask("POST", f"/api/imports/{upload}/stop").status_code == 200
    assert not out.exists()
    assert "was stopped" in ask("GET", f"/api/imports/{upload}").json()["error"]
    assert [row["act"]["status"] for row in imports(ask)] == ["stopped"]
    assert ask("DELETE", f"/api/imports/{upload}").status_code == 200
    assert not (workspace / ".data" / f"upload-{upload}").exists()


def test_a_stopped_import_of_a_bundle_leaves_nothing_half_unpacked(
    ask, workspace, tmp_path, monkeypatch
):
    instead(monkeypatch, tmp_path, HANGING)
    upload = brought(ask, "first.zip", b"PK")
    ask("POST", "/api/imports", json={"upload": upload})
    until(lambda: ask("GET", f"/api/imports/{upload}").json().get("done") == 1)
    # As its process leaves it that is ended while it unpacks.
    (workspace / ".import-0123" / "first").mkdir(parents=True)
    assert ask("POST", f"/api/imports/{upload}/stop").status_code == 200
    assert list(workspace.glob(".import-*")) == []


# Does what is asked, and ends, or is hung, before it says so.
DYING = """
import json, os, pathlib, sys, time
question = json.loads(sys.stdin.readline())
from toile.runs import unpack_bundle
unpack_bundle(
    pathlib.Path(question["path"]),
    lambda run: (run.folder / "report.html").write_text("its page"),
    pathlib.Path(question["workspace"]),
)
print(json.dumps({"progress": [1, 1, "unpacked"]}), flush=True)
END
"""
# As its process leaves it when the network was read, and its page is being written.
READ = """
import json, os, shutil, sys
question = json.loads(sys.stdin.readline())
shutil.copytree(os.path.join(question["workspace"], "first"), question["out"])
with open(os.path.join(question["out"], "import.json"), "w") as file:
    json.dump({"version": 1, "sentence": "0 to 1: 90.0 %"}, file)
os.remove(os.path.join(question["out"], "report.html"))
os._exit(1)
"""


def test_a_bundle_whose_process_ends_at_the_very_last_is_said_to_be_a_run_now(
    ask, workspace, tmp_path, monkeypatch, bundle
):
    shutil.rmtree(workspace / "first")
    (workspace / "ledger.jsonl").unlink()
    instead(monkeypatch, tmp_path, DYING.replace("END", "os._exit(1)"))
    imported = outcome(ask, brought(ask, "first.zip", bundle))
    assert imported["run"] == "first"
    assert imported["sentences"][0] == "its process ended when the run was complete"
    (row,) = imports(ask)
    assert (row["act"]["status"], row["run"]) == ("finished", "first")
    assert ask("GET", "/api/runs/first").json()["has_page"] is True


def test_a_stop_that_comes_too_late_says_that_the_run_is_there(
    ask, workspace, tmp_path, monkeypatch, bundle
):
    shutil.rmtree(workspace / "first")
    (workspace / "ledger.jsonl").unlink()
    instead(monkeypatch, tmp_path, DYING.replace("END", "time.sleep(1000)"))
    upload = brought(ask, "first.zip", bundle)
    ask("POST", "/api/imports", json={"upload": upload})
    until(lambda: ask("GET", f"/api/imports/{upload}").json().get("done") == 1)
    assert ask("POST", f"/api/imports/{upload}/stop").status_code == 200
    assert ask("GET", f"/api/imports/{upload}").json()["run"] == "first"
    assert (workspace / "first" / "state.json").exists()


def test_a_network_whose_process_ends_while_it_writes_the_page_is_a_run_now(
    ask, workspace, tmp_path, monkeypatch
):
    instead(monkeypatch, tmp_path, READ)
    imported = outcome(ask, brought(ask, "net.onnx", b"x"), data="fashion-sample")
    assert imported["run"].endswith(f"net-{imported['run'][-4:]}")
    assert imported["sentences"][1:] == [
        "tried on the half of validation that chooses: 0 to 1: 90.0 %",
        f"its page is not written: toile report {imported['run']} writes it",
    ]
    assert list((workspace / ".data").glob("upload-*")) == []


def test_a_run_that_was_there_before_is_not_taken_for_the_import_that_failed(
    ask, tmp_path, monkeypatch, bundle, workspace
):
    shutil.rmtree(workspace / "first")
    (workspace / "ledger.jsonl").unlink()
    unpacked(workspace, bundle)
    instead(monkeypatch, tmp_path, CRASHING)
    said = outcome(ask, brought(ask, "first.zip", bundle))["error"]
    assert said.startswith("the process that read the file ended")


def test_of_two_bundles_of_one_name_only_the_imported_one_is_said_to_be_a_run(
    ask, workspace, bundle
):
    shutil.rmtree(workspace / "first")
    (workspace / "ledger.jsonl").unlink()
    uploads = [brought(ask, "first.zip", bundle) for _ in range(2)]
    questions = []
    for upload in uploads:
        path = workspace / ".data" / f"upload-{upload}" / "first.zip"
        words = {"workspace": str(workspace.absolute()), "upload": upload, "path": str(path)}
        questions.append({"verb": "import run", **words})
    unpack_bundle(Path(questions[0]["path"]), lambda run: None, workspace)

    # Both were queued before the first was imported; the process of the second ends.
    assert arrived_run(LongAct("", questions[1])) is None
    assert (workspace / ".data" / f"upload-{uploads[1]}" / "first.zip").read_bytes() == bundle
    arrived = arrived_run(LongAct("", questions[0]))
    assert arrived["run"] == "first"
    assert not (workspace / ".data" / f"upload-{uploads[0]}").exists()
    # As an import says it that comes to its end.
    assert (
        "looks at its test part before it was bundled, now in the ledger here: 1"
        in (arrived["sentences"])
    )


def test_a_bundled_run_says_how_its_data_is_named_here_before_anything_is_trained_on_it(
    ask, workspace, few_garments, bundle
):
    shutil.rmtree(workspace / "first")
    (workspace / "ledger.jsonl").unlink()
    run = unpacked(workspace, bundle)
    unknown = f"first came in the bundle first.zip, and its data, {few_garments.name}, lies where"
    assert bundle_sentences(run, 0)[1].startswith(f"its page has no pictures: {unknown}")
    assert ask("GET", "/api/runs/first").json()["data_elsewhere"].startswith(unknown)
    anew = {"source": "run:first", "changes": []}
    assert ask("POST", "/api/form", json=anew).json()["problem"].startswith(unknown)
    assert ask("POST", "/api/queue", json=anew).json()["error"].startswith(unknown)
    other = anew | {"changes": ["data.name=fashion-sample"]}
    assert ask("POST", "/api/form", json=other).json()["problem"] == ""
    # Nor by way of Build, or of the recipe's text.
    document = ask("POST", "/api/document", json={"source": "run:first"}).json()["recipe"]
    ask("PUT", "/api/drafts/build-mine", json={"content": {"recipe": document}})
    for source in ("draft:build-mine", f"text:{json.dumps(document)}"):
        drafted = {"source": source, "changes": []}
        assert ask("POST", "/api/form", json=drafted).json()["problem"].startswith(unknown)
        assert ask("POST", "/api/queue", json=drafted).json()["error"].startswith(unknown)

    added(ask, path=str(few_garments))
    assert ask("GET", "/api/runs/first").json()["data_elsewhere"] == ""
    form = ask("POST", "/api/form", json=anew).json()
    named = {setting["address"]: setting["value"] for setting in form["settings"]}["data.name"]
    assert (form["problem"], named) == ("", str(few_garments))


def test_a_bundled_run_keeps_nobody_from_the_known_dataset_of_its_datas_name(
    ask, workspace, bundle
):
    shutil.rmtree(workspace / "first")
    (workspace / "ledger.jsonl").unlink()
    recipe = unpacked(workspace, bundle).folder / "recipe.yaml"
    named = with_settings(read_recipe(recipe), {"data.name": "fashion-sample"})
    recipe.write_text(recipe_text(named, complete=True))
    preset = {"source": "preset:s1-lab", "changes": ["data.name=fashion-sample"]}
    assert ask("POST", "/api/form", json=preset).json()["problem"] == ""


def test_a_draft_of_a_bundled_run_follows_no_path_once_the_run_is_deleted(
    ask, workspace, few_garments, bundle, monkeypatch
):
    shutil.rmtree(workspace / "first")
    (workspace / "ledger.jsonl").unlink()
    unpacked(workspace, bundle)
    recipe = ask("POST", "/api/document", json={"source": "run:first"}).json()["recipe"]

    def keep(**changes):
        ask("PUT", "/api/drafts/build-mine", json={"content": {"recipe": recipe | changes}})

    keep()
    shutil.rmtree(workspace / "first")
    # Another file of the name that the data had lies where the server was started.
    monkeypatch.chdir(few_garments.parent)
    assert Path(recipe["data"]["name"]).exists()
    drafted = {"source": "draft:build-mine", "changes": []}
    unknown = f"first came in the bundle first.zip, and its data, {few_garments.name}, lies where"
    for name in ("mine", "changed"):
        keep(name=name)
        assert ask("POST", "/api/form", json=drafted).json()["problem"].startswith(unknown)
        assert ask("POST", "/api/queue", json=drafted).json()["error"].startswith(unknown)
    # Also after other data was named meanwhile, which is as good as any.
    keep(data={"name": "fashion-sample"})
    assert ask("POST", "/api/form", json=drafted).json()["problem"] == ""
    keep()
    assert ask("POST", "/api/form", json=drafted).json()["problem"].startswith(unknown)

    named = added(ask, path=str(few_garments))
    told = ask("POST", "/api/form", json=drafted).json()["problem"]
    assert told.startswith(f"first came in the bundle first.zip, and its data is {named} here")
    here = drafted | {"changes": [f"data.name={few_garments}"]}
    assert ask("POST", "/api/form", json=here).json()["problem"] == ""


def test_a_bundled_run_is_trained_anew_by_the_corrections_that_came_with_it(ask, workspace):
    first = Run(workspace / "first")
    write_json(first.folder / "bundle.json", {"file": "first.zip"})
    recipe = with_settings(first.recipe, {"data.corrections": "corrections.csv"})
    (first.folder / "recipe.yaml").write_text(recipe_text(recipe, complete=True))
    with pytest.raises(ToileError, match=r"its bundle first\.zip has no corrections\.csv"):
        recipe_from(ask.session, "run:first")
    (first.folder / "corrections.csv").write_text("")
    theirs = recipe_from(ask.session, "run:first").data.corrections
    assert theirs == str(first.folder.absolute() / "corrections.csv")


def test_a_file_that_is_deleted_while_an_upload_is_listed_is_left_out(ask, workspace):
    upload = brought(ask, "net.onnx", b"x")
    (workspace / ".data" / f"upload-{upload}" / "gone.zip").symlink_to(workspace / "nowhere")
    (file,) = ask("GET", f"/api/uploads/{upload}").json()
    assert file["name"] == "net.onnx"


def test_what_can_be_asked_for_is_said_and_nothing_else_is_read(ask):
    scalings = ask("GET", "/api/imports").json()["scalings"]
    assert [scaling["name"] for scaling in scalings] == list(SCALINGS)
    upload = brought(ask, "net.onnx", b"x")
    assert ask("POST", "/api/imports", json={"upload": upload, "data": "/etc"}).status_code == 404
    for name in ("..", "0" * 16, "/etc/passwd"):
        words = {"upload": name, "data": "fashion-sample"}
        assert ask("POST", "/api/imports", json=words).status_code == 422
    assert ask("GET", f"/api/imports/{upload}").status_code == 404
    wrong = outcome(ask, upload, data="fashion-sample", scaling="byte")["error"]
    assert "bytes" in wrong
