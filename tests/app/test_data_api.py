"""Data: listed, added by path or as files that are brought, described, looked at, varied."""

import base64
import io
import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.app.conftest import until
from toile.app.arrivals import arrived_data
from toile.app.computing import IDLE_SECONDS
from toile.app.long_acts import LongAct
from toile.data import array_hashes, describe, load_data
from toile.runs import DataList
from toile.workbench import vary_picture


def added(ask, **words) -> str:
    """The name of a dataset that was read and remembered."""
    begun = ask("POST", "/api/data", json=words).json()
    until(lambda: read(ask, begun["name"])["status"] not in ("waiting", "working"))
    assert read(ask, begun["name"])["reason"] == ""
    return begun["name"]


def read(ask, name) -> dict:
    return ask("GET", f"/api/data/{name}/added").json()


def described(ask, name) -> dict:
    answers = []

    def is_ready() -> bool:
        answers.append(ask("POST", f"/api/data/{name}/describe").json())
        return answers[-1]["description"] is not None

    until(is_ready)
    return answers[-1]["description"]


def looked_at(ask, path, method="GET", **words) -> dict:
    """What a wall shows once its dataset is open."""
    answers = []

    def is_open() -> bool:
        answers.append(ask(method, path, **words))
        return answers[-1].status_code != 202

    until(is_open)
    return answers[-1].json()


def unpacked(packed) -> np.ndarray:
    sides = [packed[side] for side in ("num", "channels", "height", "width")]
    return np.frombuffer(base64.b64decode(packed["pixels"]), np.uint8).reshape(sides)


def zip_of_photographs() -> bytes:
    file = io.BytesIO()
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("<img src=x onerror=alert(1)>", "dog", "cow"):
            for number in range(10):
                picture = io.BytesIO()
                side = 20 + number
                pixels = rng.integers(0, 256, (side, 24, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(picture, "PNG")
                archive.writestr(f"{name}/{number}.png", picture.getvalue())
    return file.getvalue()


def test_a_dataset_added_by_its_path_is_told_looked_at_and_varied_as_the_library_does(
    ask, few_garments
):
    name = added(ask, path=str(few_garments))
    row = next(one for one in ask("GET", "/api/data").json() if one["name"] == name)
    assert (row["num_train"], row["num_test"], row["num_classes"]) == (600, 100, 10)
    assert not row["is_copy"]
    data = load_data(few_garments)

    said, own = described(ask, name), describe(data)
    assert said["fingerprint"] == own.fingerprint
    train, test = said["parts"]
    assert train["class_counts"] == own.train.class_counts.tolist()
    assert test["class_mean_grey"] == pytest.approx(own.test.class_mean_grey, abs=1e-4)
    assert said["correlations"]["difference"][0][1] == pytest.approx(
        own.correlation_difference[0, 1], abs=1e-4
    )
    assert (unpacked(said["means"])[3] == np.rint(own.train.class_means[3])).all()

    wall = looked_at(ask, f"/api/data/{name}/pictures?num=400&seed=1")
    assert wall["available"] == 600
    assert (unpacked(wall) == data.train.pixels[wall["indices"]]).all()
    assert data.test.count_known(np.unique(array_hashes(unpacked(wall)))) == 0
    bags = looked_at(ask, f"/api/data/{name}/pictures?num=9&label=8")
    assert bags["labels"] == [8] * 9
    assert bags["available"] == own.train.class_counts[8]
    large = looked_at(ask, f"/api/data/{name}/pictures/599")
    assert (unpacked(large)[0] == data.train.pixels[599]).all()
    # The test part is not behind it.
    assert ask("GET", f"/api/data/{name}/pictures/600").status_code == 404

    changes = ["augmentation.shift=4", "augmentation.flip=random"]
    asked = {"index": 5, "changes": changes, "seed": 3}
    varied = looked_at(ask, f"/api/data/{name}/varied", "POST", json=asked)
    settings = {"augmentation.shift": 4, "augmentation.flip": "random"}
    assert (unpacked(varied) == vary_picture(data, 5, settings, seed=3)).all()
    refused = ask("POST", f"/api/data/{name}/varied", json={"changes": ["augmentation.shift=99"]})
    assert "augmentation.shift is 99; it goes from 0 to 64" in refused.json()["error"]

    # It can be trained on and built for, and is forgotten without touching the file.
    source = next(one for one in ask("GET", "/api/choices").json()["sources"] if one["here"])
    assert source["values"] == {"data.name": str(few_garments)}
    document = ask("POST", "/api/document", json={"source": "preset:s1-lab"}).json()["recipe"]
    document["data"] = {"name": str(few_garments)}
    assert ask("POST", "/api/network", json={"recipe": document}).json()["input"] == [1, 28, 28]
    assert ask("DELETE", f"/api/data/{name}").status_code == 200
    assert few_garments.exists()
    assert ask("POST", f"/api/data/{name}/describe").status_code == 404


def test_photographs_in_a_zip_are_refused_with_the_remedy_and_read_with_it(ask, workspace):
    upload = ask("POST", "/api/uploads").json()["upload"]
    path = f"/api/uploads/{upload}/my photos.zip"
    content = zip_of_photographs()
    assert ask("PUT", path, content=content).json()["num_bytes"] == len(content)
    begun = ask("POST", "/api/data", json={"upload": upload}).json()
    until(lambda: read(ask, begun["name"])["status"] == "failed")
    assert "resize every picture with data.size_px" in read(ask, begun["name"])["reason"]

    name = added(ask, upload=upload, settings=["size_px=16"])
    assert name == "my-photos"
    assert next(row for row in ask("GET", "/api/data").json() if row["name"] == name)["is_copy"]
    said = described(ask, name)
    assert said["shape"] == [3, 16, 16]
    assert "<img src=x onerror=alert(1)>" in said["class_names"]
    (source,) = [one for one in ask("GET", "/api/choices").json()["sources"] if one["name"] == name]
    assert source["values"]["data.size_px"] == "16"
    (folder,) = (workspace / ".data").glob("upload-*")
    assert ask("DELETE", f"/api/data/{name}").status_code == 200
    assert not folder.exists()


@pytest.mark.parametrize(
    "name", ["..%2Fx.zip", ".hidden", "a%00.zip", "%2Fetc%2Fpasswd", "a" * 200, "<b>.zip", "..."]
)
def test_what_is_brought_is_never_written_elsewhere(ask, workspace, name):
    upload = ask("POST", "/api/uploads").json()["upload"]
    answer = ask("PUT", f"/api/uploads/{upload}/{name}", content=b"x")
    assert answer.status_code in (404, 405, 422)
    assert [path for path in (workspace / ".data").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("path", ["//host/share", "\\\\host\\share", "http://x/y.zip", "a\0b", ""])
def test_only_paths_of_this_machine_are_read(ask, path):
    answer = ask("POST", "/api/data", json={"path": path})
    assert answer.status_code == 422
    assert ask("GET", "/api/data").json()[0]["is_known"]


def test_a_long_act_can_be_stopped_and_what_computes_ends_when_idle(ask, monkeypatch):
    ask("POST", "/api/data/fashion-sample/describe")
    ask("POST", "/api/data/fashion-sample/stop")
    # It stays so however often the page looks, until it is asked for anew.
    for _ in range(3):
        said = ask("POST", "/api/data/fashion-sample/describe").json()
        assert (said["act"]["status"], said["description"]) == ("stopped", None)
    ask("POST", "/api/data/fashion-sample/describe?anew=true")
    assert len(described(ask, "fashion-sample")["class_names"]) == 10
    monkeypatch.setattr("toile.app.computing.IDLE_SECONDS", -IDLE_SECONDS)
    ask.session.end_idle()
    assert ask.session.reading.pid is None


# Adds what is asked, and ends, or hangs, before it says so.
ADDING = """
import json, os, pathlib, sys, time
question = json.loads(sys.stdin.readline())
from toile.runs import DataList
datasets = DataList(pathlib.Path(question["workspace"]))
datasets.add(question["path"], question["name"], question["settings"])
print(json.dumps({"progress": [1, 1, "added"]}), flush=True)
END
"""


@pytest.mark.parametrize("end", ["os._exit(1)", "time.sleep(1000)"], ids=["killed", "stopped"])
def test_a_dataset_whose_process_ends_at_the_very_last_is_said_to_be_added(
    ask, few_garments, tmp_path, monkeypatch, end
):
    program = tmp_path / "adding"
    program.write_text(f"#!{sys.executable}\n{ADDING.replace('END', end)}")
    program.chmod(0o700)
    monkeypatch.setattr("toile.app.computing.sys.executable", str(program))
    name = ask("POST", "/api/data", json={"path": str(few_garments)}).json()["name"]
    until(lambda: read(ask, name)["done"] == 1)
    if "sleep" in end:
        ask("POST", f"/api/data/{name}/stop")
    until(lambda: read(ask, name)["status"] != "working")
    assert (read(ask, name)["status"], read(ask, name)["reason"]) == ("finished", "")
    rows = ask("GET", "/api/data").json()
    assert [row["name"] for row in rows if not row["is_known"]] == [name]


def test_another_addition_of_the_same_path_is_not_taken_for_the_one_that_failed(
    workspace, few_garments
):
    DataList(workspace).add(few_garments, "one")
    (entry,) = DataList(workspace).entries()

    def arrived(name, started, **settings):
        question = {"verb": "add", "workspace": str(workspace), "path": str(few_garments)}
        question |= {"name": name, "settings": settings}
        return arrived_data(LongAct("", question, started=started))

    assert arrived("one", entry.added) == {"name": "one"}
    assert arrived("one", entry.added + 1) is None
    assert arrived("two", entry.added) is None
    assert arrived("one", entry.added, size_px=8) is None


def test_what_another_set_has_sealed_comes_to_no_wall(ask, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "all.npz", x_train=pixels, y_train=np.arange(60) % 2)
    added(ask, path=str(tmp_path / "all.npz"), name="mine")
    again = {"path": str(tmp_path / "all.npz"), "name": "again", "settings": ["test=0"]}
    ask("POST", "/api/data", json=again)
    until(lambda: read(ask, "again")["status"] == "failed")
    assert "training pictures are in the test part of mine" in read(ask, "again")["reason"]
    assert ask("GET", "/api/data/again/pictures").status_code == 404


def test_a_failed_description_says_why_and_is_read_again_when_asked(ask, tmp_path, few_garments):
    copy = Path(shutil.copy(few_garments, tmp_path / "garments.npz"))
    name = added(ask, path=str(copy))
    copy.rename(tmp_path / "away.npz")
    path = f"/api/data/{name}/describe"
    until(lambda: ask("POST", path).json()["act"]["status"] == "failed")
    assert str(copy) in ask("POST", path).json()["act"]["reason"]
    (tmp_path / "away.npz").rename(copy)
    assert ask("POST", path).json()["act"]["status"] == "failed"
    ask("POST", path + "?anew=true")
    assert described(ask, name)["fingerprint"]


def test_pictures_are_shown_while_a_dataset_is_read(ask):
    with ask.session.reading._lock:
        shown = looked_at(ask, "/api/data/fashion-sample/pictures?num=1")
    assert shown["num"] == 1


def test_a_wall_waits_as_long_as_its_dataset_takes_to_open_and_can_be_stopped(ask):
    path = "/api/data/fashion-sample/pictures?num=1"
    with ask.session.showing._lock:
        answer = ask("GET", path)
        assert (answer.status_code, answer.json()["title"]) == (202, "opening fashion-sample")
        (opening,) = ask.session.openings.unfinished("open:fashion-sample:").values()
        ask("POST", "/api/data/fashion-sample/stop")
        assert opening.status == "stopped"
        assert ask("GET", path).json()["status"] == "waiting"
    until(lambda: ask("GET", path).status_code == 200)


def test_what_cannot_be_opened_any_more_is_refused_in_the_wall(ask, tmp_path, few_garments):
    copy = Path(shutil.copy(few_garments, tmp_path / "garments.npz"))
    name = added(ask, path=str(copy))
    copy.unlink()
    assert str(copy) in looked_at(ask, f"/api/data/{name}/pictures")["error"]


def test_pictures_read_anew_are_those_of_the_files_as_they_are(ask, tmp_path, few_garments):
    copy = Path(shutil.copy(few_garments, tmp_path / "garments.npz"))
    name = added(ask, path=str(copy))
    described(ask, name)
    path = f"/api/data/{name}/pictures/0"
    before = unpacked(looked_at(ask, path))
    arrays = dict(np.load(copy))
    np.savez(copy, **{k: 255 - v if v.ndim > 1 else v for k, v in arrays.items()})
    assert (unpacked(looked_at(ask, path)) == before).all()
    ask("POST", f"/api/data/{name}/describe?anew=true")
    described(ask, name)
    assert (unpacked(looked_at(ask, path)) == 255 - before).all()


def test_an_add_that_failed_is_listed_until_it_is_dismissed_with_its_files(ask, workspace):
    upload = ask("POST", "/api/uploads").json()["upload"]
    ask("PUT", f"/api/uploads/{upload}/notes.csv", content=b"no numbers")
    name = ask("POST", "/api/data", json={"upload": upload}).json()["name"]
    rows = {row["name"]: row for row in ask("GET", "/api/data").json()}
    assert not rows[name]["is_added"]
    until(lambda: read(ask, name)["status"] == "failed")
    rows = {row["name"]: row for row in ask("GET", "/api/data").json()}
    assert rows[name]["act"]["reason"]
    assert ask("DELETE", f"/api/data/{name}").status_code == 200
    assert name not in {row["name"] for row in ask("GET", "/api/data").json()}
    assert list((workspace / ".data").glob("upload-*")) == []


def test_files_that_became_no_dataset_go_and_those_of_a_dataset_stay(ask, workspace, few_garments):
    kept, dropped, left = (ask("POST", "/api/uploads").json()["upload"] for _ in range(3))
    for upload in (kept, dropped, left):
        path = f"/api/uploads/{upload}/garments.npz"
        assert ask("PUT", path, content=few_garments.read_bytes()).status_code == 200
    added(ask, upload=kept)
    assert ask("DELETE", f"/api/uploads/{dropped}").status_code == 200
    assert ask("DELETE", f"/api/uploads/{kept}").status_code == 422
    folder = workspace / ".data"
    assert {path.name for path in folder.glob("upload-*")} == {f"upload-{kept}", f"upload-{left}"}
    ask.session.uploads.sweep()
    assert [path.name for path in folder.glob("upload-*")] == [f"upload-{kept}"]


@pytest.mark.parametrize(
    ("limit", "most", "words"),
    [("MOST_BYTES", 1000, "may have"), ("LEAST_FREE_BYTES", 1 << 62, "the disk has")],
)
def test_uploads_leave_room(ask, workspace, monkeypatch, limit, most, words):
    monkeypatch.setattr(f"toile.app.uploads.{limit}", most)
    upload = ask("POST", "/api/uploads").json()["upload"]
    refused = ask("PUT", f"/api/uploads/{upload}/a.zip", content=bytes(3_000_000))
    assert refused.status_code == 422
    assert words in refused.json()["error"]
    assert [path for path in (workspace / ".data").rglob("*") if path.is_file()] == []


def test_a_body_larger_than_any_dataset_is_not_begun(ask):
    upload = ask("POST", "/api/uploads").json()["upload"]
    headers = {"Content-Length": str(5_000_000_000)}
    answer = ask("PUT", f"/api/uploads/{upload}/a.zip", headers=headers, content=b"")
    assert answer.status_code == 413
    # Elsewhere a photograph is the most.
    headers = {"Content-Length": str(21_000_000)}
    assert ask("POST", "/api/try/first", headers=headers, content=b"").status_code == 413
