"""Build: where a network fails and what would mend it, what it takes here, two side by side."""

from tests.app.conftest import until


def document(ask, source="preset:s1-lab") -> dict:
    return ask("POST", "/api/document", json={"source": source}).json()["recipe"]


def test_a_layer_that_cannot_work_is_told_where_it_stands_with_what_would_work(ask):
    recipe = document(ask)
    recipe["network"][0] = {"conv": {"filters": 8, "kernel": 40}}
    said = ask("POST", "/api/network", json={"recipe": recipe}).json()
    assert (said["index"], said["layers"]) == (0, [])
    assert "kernel 40 does not fit the 28 x 28" in said["problem"]
    mended = {**recipe, "network": said["mends"][0]["network"]}
    assert ask("POST", "/api/network", json={"recipe": mended}).json()["problem"] == ""


def test_layers_inside_a_block_are_told_too(ask):
    said = ask("POST", "/api/network", json={"recipe": document(ask, "preset:best")}).json()
    block = next(layer for layer in said["layers"] if layer["kind"] == "residual")
    assert [layer["name"].split(".")[0] for layer in block["inside"]] == [block["name"]] * 5
    assert sum(layer["parameters"] for layer in block["inside"]) == block["parameters"]


def test_two_networks_are_told_as_a_difference(ask):
    asked = {"recipe": document(ask), "against": "run:first"}
    said = ask("POST", "/api/networks", json=asked).json()
    assert [one["differing"] for one in said["layers"] if not one["is_alike"]] == [["filters"]]
    assert said["parameters"][0] > said["parameters"][1]


def test_what_a_training_takes_is_measured_once_when_it_is_asked_for(ask):
    recipe = document(ask)
    recipe["data"] = {"name": "fashion-sample"}
    recipe["network"][0] = {"conv": {"filters": 2}}
    recipe["training"] = {"epochs": 2}
    asked = {"recipe": recipe}
    assert ask("POST", "/api/probe", json=asked).json()["act"] is None
    ask("POST", "/api/probe?begin=true", json=asked)
    until(lambda: ask("POST", "/api/probe", json=asked).json()["seconds_per_epoch"] is not None)
    said = ask("POST", "/api/probe?begin=true", json=asked).json()
    assert said["act"]["status"] == "finished"
    assert 0 < said["seconds_per_epoch"] < 60
    assert said["memory_bytes"] > 50_000_000
    assert said["num_images"] == 4800
