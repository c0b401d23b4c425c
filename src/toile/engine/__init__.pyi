from .batch_result import BatchResult as BatchResult
from .batches import Batches as Batches
from .batches import EpochBatches as EpochBatches
from .gradient import AnyGradient as AnyGradient
from .gradient import make_gradient as make_gradient
from .layout import laid_out_as as laid_out_as
from .torch_settings import all_threads as all_threads
from .torch_settings import prepare_torch as prepare_torch
