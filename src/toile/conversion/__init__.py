"""Networks from elsewhere, read as our layers and weights: of Keras, ONNX and torch.

No code of theirs is run, and torch itself is not needed.

`read_network` reads a file, `network_of_module` a torch module, `network_of_state` a state dict by
a recipe.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
