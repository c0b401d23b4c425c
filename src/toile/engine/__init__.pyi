from .batches import Batches as Batches
from .batches import EpochBatches as EpochBatches
from .gradient import Gradient as Gradient
from .layout import laid_out_as as laid_out_as
from .parallel.shard import BatchResult as BatchResult
from .torch_settings import prepare_torch as prepare_torch
