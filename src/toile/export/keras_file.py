"""The network as an .h5 file in the layout of Keras 2, which Keras 3 and tf_keras read too.

h5py writes it, because files saved by Keras 3 do not open in tf_keras or in other versions.
"""

import io
import json

from toile.distribution import extra_packages
from toile.export.about import KEY, ExportMetadata, flat_metadata, input_words
from toile.export.keras_layers import keras_layers
from toile.export.keras_reader import KerasClassifier
from toile.export.trained import Trained


class KerasFile:
    """A functional model from pictures (n, h, w, c) to probabilities (n, k)."""

    def __init__(self, trained: Trained) -> None:
        """Raises ToileError that names a layer which Keras cannot express."""
        facts = trained.about.data
        channels, height, width = facts.shape
        words = {
            "input": input_words(facts, (height, width, channels)),
            "output": f"float32 (n, {len(facts.class_names)}): probabilities; the last layer is a "
            "softmax, and the one before it gives the logits",
        }
        self.about = trained.about.model_copy(update=words)
        self._layers = keras_layers(trained.about.plan, trained.weights)

    def content(self, about: ExportMetadata) -> bytes:
        """The bytes of the file with the metadata `about`."""
        with extra_packages("export"):
            import h5py  # type: ignore[import-untyped]
        content = io.BytesIO()
        with h5py.File(content, "w") as file:
            # Attributes of fixed length end at 64 KB, less than the names of many layers need.
            text = h5py.string_dtype()
            file.attrs["keras_version"] = "2.15.0"
            file.attrs["backend"] = "tensorflow"
            file.attrs["model_config"] = json.dumps(self._model_config(about.name))
            file.attrs[KEY] = about.model_dump_json()
            file.attrs.update(flat_metadata(about, "NHWC"))
            weights = file.create_group("model_weights")
            weights.attrs["keras_version"] = "2.15.0"
            weights.attrs["backend"] = "tensorflow"
            weights.attrs.create("layer_names", [layer.name for layer in self._layers], dtype=text)
            for layer in self._layers:
                group = weights.create_group(layer.name)
                named = {f"{layer.name}/{name}:0": array for name, array in layer.weights.items()}
                group.attrs.create("weight_names", list(named), dtype=text)
                for name, array in named.items():
                    group.create_dataset(name, data=array)
        return content.getvalue()

    @staticmethod
    def open(content: bytes) -> KerasClassifier:
        """Open the file with a reader that shares no code with this writer or with torch."""
        return KerasClassifier(content)

    def _model_config(self, name: str) -> dict[str, object]:
        config = {
            "name": name,
            "trainable": True,
            "layers": [layer.document for layer in self._layers],
            "input_layers": [[self._layers[0].name, 0, 0]],
            "output_layers": [[self._layers[-1].name, 0, 0]],
        }
        return {"class_name": "Functional", "config": config}
