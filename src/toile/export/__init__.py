"""Export: a trained network as a file that other software opens, with proof that it is the same.

What only reads exports is here and needs no torch; `toile.export.formats` writes them and does.
Pictures are uint8 (n, c, h, w), answers float32 logits (n, k).
"""

from toile.export.about import About, Parity
from toile.export.classifier import Classifier
from toile.export.keras_reader import KerasClassifier
from toile.export.onnx_classifier import OnnxClassifier

__all__ = ["About", "Classifier", "KerasClassifier", "OnnxClassifier", "Parity"]
