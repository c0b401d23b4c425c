"""What a viewer shows of an export, which knows nothing of Toile."""

import io
import json

import h5py
import onnx
import pytest

from toile.export.build import build_file

COLOUR = (3, 6, 5)
UNIT = "pixels / 255"
STANDARD = "(pixels / 255 - mean) / sd, per channel; mean 0.25, 0.5, 0.75, sd 0.5, 0.25, 0.2"


def entries_of(content: bytes, to: str) -> dict[str, str]:
    """The metadata, as the format's own library has it."""
    if to == "onnx":
        model = onnx.load_model_from_string(content)
        return {one.key: one.value for one in model.metadata_props}
    if to == "keras":
        with h5py.File(io.BytesIO(content)) as file:
            return dict(file.attrs)
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end])["__metadata__"]


@pytest.mark.parametrize(("scaling", "words"), [("unit", UNIT), ("standard", STANDARD)])
@pytest.mark.parametrize(
    ("to", "takes", "layout", "shape"),
    [
        ("onnx", "scaled", "NCHW", "n, 3, 6, 5"),
        ("onnx", "bytes", "NCHW", "n, 3, 6, 5"),
        ("keras", "scaled", "NHWC", "n, 6, 5, 3"),
        ("safetensors", "scaled", "NCHW", "n, 3, 6, 5"),
    ],
)
def test_a_viewer_shows_classes_and_what_goes_in_and_out(
    make_trained, to, takes, layout, shape, scaling, words
):
    trained = make_trained(["flatten", {"dense": "classes"}], COLOUR, scaling)
    file = build_file(to, trained, input_kind=takes)
    entries = entries_of(file.content(file.about), to)
    assert json.loads(entries["class_names"]) == [f"class {number}" for number in range(10)]
    assert entries["input_shape"] == shape
    assert entries["input_layout"] == layout
    assert entries["input_colour"] == "RGB"
    assert entries["input_range"] == ("pixels, 0 to 255" if takes == "bytes" else words)
    assert entries["output"] == file.about.output
    assert json.loads(entries["toile"])["input_kind"] == takes


def test_an_onnx_model_says_it_in_its_doc_strings_too(make_trained):
    file = build_file("onnx", make_trained(["flatten", {"dense": "classes"}], scaling="unit"))
    model = onnx.load_model_from_string(file.content(file.about))
    assert model.graph.input[0].doc_string == "float32 (n, 2, 7, 8): pixels / 255"
    assert model.graph.output[0].doc_string.startswith("float32 (n, 10): logits")
    assert model.doc_string == model.graph.doc_string
    assert model.doc_string.startswith("An image classifier by Toile. Its input is float32 (n, 2")


def test_a_safetensors_file_is_read_by_its_own_library_in_spite_of_names_in_any_script(
    make_trained, tmp_path
):
    from safetensors import safe_open

    trained = make_trained(["flatten", {"dense": "classes"}])
    names = ("\u00c4rmel \U0001f455", 'a "quoted"\n\\ one', *map(str, range(8)))
    file = build_file("safetensors", trained)
    data = file.about.data.model_copy(update={"class_names": names})
    path = tmp_path / "model.safetensors"
    path.write_bytes(file.content(file.about.model_copy(update={"data": data})))
    with safe_open(path, "numpy") as opened:
        assert json.loads(opened.metadata()["class_names"]) == list(names)
        assert opened.get_tensor("dense1.bias").shape == (10,)
