"""The layers a network is made of, one model a kind. No torch: only what a person may write.

Names follow Keras where it has one. Where Keras and PyTorch differ, the field says which is meant.
"""

from toile.recipe.layers.activations import (
    ELU,
    GELU,
    LeakyReLU,
    ReLU,
    Scale,
    Sigmoid,
    SiLU,
    Tanh,
)
from toile.recipe.layers.dropout import Dropout, SpatialDropout
from toile.recipe.layers.layer import Layer, layer_names
from toile.recipe.layers.network import KINDS, MAX_DEPTH, MAX_LAYERS, Layers, Residual
from toile.recipe.layers.norms import BatchNorm, GroupNorm, LayerNorm
from toile.recipe.layers.pooling import AvgPool, Flatten, GlobalPool, MaxPool, Pool
from toile.recipe.layers.views import Views
from toile.recipe.layers.weighted import Conv, Dense, Initialiser

__all__ = [
    "ELU",
    "GELU",
    "KINDS",
    "MAX_DEPTH",
    "MAX_LAYERS",
    "AvgPool",
    "BatchNorm",
    "Conv",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalPool",
    "GroupNorm",
    "Initialiser",
    "Layer",
    "LayerNorm",
    "Layers",
    "LeakyReLU",
    "MaxPool",
    "Pool",
    "ReLU",
    "Residual",
    "Scale",
    "SiLU",
    "Sigmoid",
    "SpatialDropout",
    "Tanh",
    "Views",
    "layer_names",
]
