import json
import shutil

import pytest

from tests.bundles import altered
from tests.field.drawing import class_folders
from toile.recipe import recipe_text, with_settings
from toile.runs import Run, bundle_run


def test_a_run_is_judged_in_words_and_as_json(toile, among_runs):
    said = toile("evaluate", "last")
    told = toile("evaluate", "last", "--json").json

    run = Run(among_runs)
    assert told["accuracy"] == run.score.to_json()
    assert [one["class"] for one in told["per_class"]] == list(run.data.class_names)
    assert sum(map(sum, told["confusion"])) == told["accuracy"]["n"]
    assert told["calibration"]["n"] == told["accuracy"]["n"] // 2
    assert f"{100 * told['accuracy']['value']:.2f} %" in said.output
    assert "the test part stays sealed; looks at it so far: 0" in said.output


def test_the_test_part_opens_once_told_why_and_is_counted(toile, among_runs):
    refused = toile("evaluate", "last", "--open-test")
    assert refused.code == 2
    assert "takes a reason" in refused.errors
    assert "no test part was opened" in toile("looks").output

    looked = toile("evaluate", "last", "--open-test", "--why", "the end of the sheet")
    assert "on test" in looked.output
    assert "this was look 1 at this test part" in looked.output

    (look,) = toile("looks", "--json").json["looks"]
    assert (look["number"], look["why"]) == (1, "the end of the sheet")
    assert look["score"]["accuracy"]["n"] == 1000
    assert "the end of the sheet" in toile("looks").output
    page = (among_runs / "report.html").read_text()
    assert "<h2>The test part</h2>" in page
    assert "the end of the sheet" in page
    assert "looks at it so far: 1" in toile("evaluate", "last").output
    (among_runs.parent / "ledger.jsonl").unlink()


def test_figures_are_written_where_asked(toile, among_runs, tmp_path):
    told = toile("evaluate", "last", "--figures", "pictures", "--json").json
    assert told["files"] == [
        f"pictures/{name}.png" for name in ("confusion", "reliability", "mistakes")
    ]
    for file in told["files"]:
        assert (tmp_path / file).read_bytes().startswith(b"\x89PNG")


def test_a_run_is_tested_against_another_on_the_same_images(toile, among_runs):
    told = toile("evaluate", "last", "--against", "last", "--json").json
    assert told["mcnemar"]["p"] == 1
    assert "McNemar's exact test: p = 1" in toile("compare", "last", "last").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["evaluate", "nobody"], "no run in"),
        (["evaluate", "last", "--why=x"], "goes with --open-test"),
        (["evaluate", "last", "--open-test", "--why=x", "--against=last"], "leave --open-test out"),
        (["evaluate", "last", "--open-test", "--why=x", "--weights=mean"], "last or best"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_a_sentence(toile, among_runs, words, said):
    answer = toile(*words)
    assert (answer.code, answer.output) == (2, "")
    assert said in answer.errors
    assert not (among_runs.parent / "ledger.jsonl").exists()


def test_a_bundled_run_is_imported_elsewhere(toile, among_runs, tmp_path, monkeypatch):
    told = toile("bundle", "last", "--json").json
    assert told["file"] == f"{among_runs.name}.zip"
    before = toile("evaluate", "last", "--json").json

    monkeypatch.setenv("TOILE_RUNS", str(tmp_path / "elsewhere"))
    imported = toile("import", told["file"], "--json").json
    assert (tmp_path / imported["report"]).exists()
    after = toile("evaluate", "last", "--json").json
    assert json.dumps(before | {"run": ""}) == json.dumps(after | {"run": ""})

    again = toile("import", told["file"])
    assert again.code == 2
    assert "is there already" in again.errors


def test_the_names_in_a_bundle_write_no_line_of_their_own(toile, among_runs, tmp_path, monkeypatch):
    bundle = bundle_run(Run(among_runs), tmp_path / "run.zip")
    theirs = with_settings(Run(among_runs).recipe, {"data.name": "x.npz\nforged  data"})
    recipe = recipe_text(theirs, complete=True).encode()
    file = altered(bundle, {"recipe.yaml": recipe}).rename(tmp_path / "run\nforged  file.zip")
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path / "elsewhere"))
    said = toile("import", str(file))
    assert said.code == 0, said.errors
    assert "run\\nforged  file.zip, and its data, x.npz\\nforged  data, lies" in said.output
    assert not [line for line in said.output.splitlines() if line.startswith("forged")]


def test_what_is_no_bundle_is_refused(toile, tmp_path):
    (tmp_path / "photo.zip").write_bytes(b"no zip at all")
    answer = toile("import", "photo.zip")
    assert answer.code == 2
    assert "is no zip" in answer.errors


def test_data_that_moved_is_named_again(toile, tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", "runs")
    class_folders(tmp_path / "here", "ABC", 30)
    words = ("--epochs=1", "--set=network.conv1.filters=2", "--set=training.threads=1")
    trained = toile("train", "s1-lab", "--data=here", "--no-page", *words)
    assert trained.code == 0, trained.errors
    (tmp_path / "here").rename(tmp_path / "there")
    for gone in (("resume", "last", "--epochs=2"), ("evaluate", "last", "--figures=pictures")):
        refused = toile(*gone)
        assert refused.code == 2
        assert "say where its data lies now, as in --data PATH" in refused.errors
    shutil.rmtree(tmp_path / "pictures")
    longer = toile("resume", "last", "--epochs=2", "--data=there", "--no-page")
    assert longer.code == 0, longer.errors
    drawn = toile("evaluate", "last", "--figures=pictures", "--data=there")
    assert drawn.code == 0, drawn.errors
    assert (tmp_path / "pictures" / "mistakes.png").exists()
    alone = toile("evaluate", "last", "--data=there")
    assert "--data goes with --open-test or --figures" in alone.errors
