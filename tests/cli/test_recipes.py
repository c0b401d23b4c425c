import pytest


def test_the_network_of_the_six_tab_window_has_578970_parameters(toile):
    answer = toile("network", "s3-example", "--no-measure", "--json")
    assert answer.code == 0
    assert answer.json["parameters"] == 578970
    assert answer.json["macs"] == 13_510_912
    first = answer.json["layers"][0]
    assert first == {
        "name": "conv1",
        "kind": "conv",
        "output": [16, 28, 28],
        "parameters": 80,
        "macs": 50176,
        "fraction": pytest.approx(50176 / 13_510_912),
        "receptive_field_px": 2,
    }


def test_a_network_is_measured_on_this_machine(toile):
    answer = toile("network", "s1-lab", "--data=fashion-sample")
    assert "an epoch of 4,800 images" in answer.output
    measured = toile("network", "s1-lab", "--json").json["probe"]
    assert 0.1 < measured["seconds_per_epoch"] < 1000
    assert 1e8 < measured["memory_bytes"] < 1e10


def test_a_network_can_be_planned_on_other_data(toile):
    answer = toile("network", "s1-lab", "--data=fashion-sample", "--no-measure")
    assert "87,034 parameters" in answer.output
    assert "32 x 26 x 26" in answer.output


def test_a_network_is_planned_and_checked_on_the_size_and_colour_asked_for(toile):
    asked = ("--set=data.size_px=12", "--set=data.colour=rgb")
    planned = toile("network", "s1-lab", *asked, "--no-measure", "--json").json
    assert planned["input"] == [3, 12, 12]
    assert planned["layers"][0]["output"] == [32, 10, 10]
    refused = toile("check", "s1-lab", "--set=data.size_px=4", "--set=network.conv1.kernel=5")
    assert "kernel 5 does not fit the 4 x 4" in refused.errors


def test_what_is_frozen_is_not_counted_as_trained(toile):
    frozen = ("--set=training.start.run=other", "--set=training.start.freeze_up_to=conv1")
    planned = toile("network", "s1-lab", *frozen, "--no-measure", "--json").json
    assert planned["trained"] == 87_034 - 320
    assert "86,714 of them trained" in toile("network", "s1-lab", *frozen, "--no-measure").output


def test_a_layer_that_cannot_work_is_refused_with_the_arithmetic(toile):
    answer = toile("check", "s1-lab", "--set=network.conv1.kernel=40")
    assert answer.code == 2
    assert "conv1: kernel 40 does not fit the 28 x 28 it is given by the data" in answer.errors
    assert "Traceback" not in answer.errors


def test_presets_are_listed_with_parameters_and_source(toile):
    listed = {one["name"]: one for one in toile("presets", "--json").json["presets"]}
    assert len(listed) >= 15
    assert listed["s1-lab"]["parameters"] == 87034
    assert "lab sheet" in listed["s1-lab"]["source"]
    assert "87,034" in toile("presets").output


def test_a_preset_says_what_it_takes_from_its_source_and_what_it_changes(toile):
    answer = toile("presets", "s1-lab")
    assert "unchanged:" in answer.output
    assert "test set" in answer.output
    refused = toile("presets", "s1-labb").errors
    assert refused == "toile: s1-labb is no preset; did you mean s1-lab?\n"


def test_a_new_recipe_is_the_preset_and_can_be_checked(toile, tmp_path):
    assert toile("new", "mine.yaml", "--preset=s1-lab").code == 0
    assert toile("check", "mine.yaml").output.startswith("mine.yaml is valid: 87,034 parameters")
    text = (tmp_path / "mine.yaml").read_text()
    assert "name: mine" in text
    assert "test accuracy" not in text
    (tmp_path / "mine.yaml").write_text(text.replace("  epochs: 5", "  epoch: 5"))
    refused = toile("check", "mine.yaml")
    assert refused.code == 2
    assert "mine.yaml: training.epoch is not a setting; did you mean epochs?" in refused.errors


def test_a_file_that_is_there_is_not_written_over(toile, tmp_path):
    (tmp_path / "mine.yaml").write_text("mine")
    answer = toile("new", "mine.yaml")
    assert answer.code == 2
    assert "is there already" in answer.errors
    assert (tmp_path / "mine.yaml").read_text() == "mine"


def test_settings_are_listed_by_address_with_range_and_default(toile):
    answer = toile("settings", "training.epochs")
    assert "training.epochs" in answer.output
    assert "0 to 10000" in answer.output
    assert "default 5" in answer.output


def test_an_unknown_preset_is_refused_with_the_nearest(toile):
    answer = toile("check", "s1-leb")
    assert answer.code == 2
    assert "did you mean s1-lab?" in answer.errors


def test_views_are_said_beside_what_one_of_them_takes(toile, tmp_path):
    path = tmp_path / "looks.yaml"
    path.write_text("network: [views, flatten, {dense: classes}]\n")
    words = ("network", str(path), "--no-measure")
    assert toile(*words, "--json").json["views"] == 3
    assert "7,840 multiply-adds an image, for each of 3 views" in toile(*words).output
