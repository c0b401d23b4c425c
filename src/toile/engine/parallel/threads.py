"""The parts of a batch by threads of this process, one each."""

from concurrent.futures import ThreadPoolExecutor, wait

from torch import nn

from toile.engine.batch_result import BatchResult
from toile.engine.batches import EpochBatches
from toile.engine.parallel.batch_norm import WorkerLostError
from toile.engine.parallel.copies import sharded_copies
from toile.engine.parallel.shard import Shard, Tensors
from toile.recipe import Plan, Recipe


class Threads:
    """As many parts as `recipe` has replicas, by copies of `network` that share its weights."""

    def __init__(self, recipe: Recipe, network: nn.Sequential, plan: Plan) -> None:
        count = int(recipe.training.replicas)
        copies, self._all_gather = sharded_copies(network, plan, count)
        self.parts = [Shard(recipe, copy, number, count) for number, copy in enumerate(copies)]
        self._pool = ThreadPoolExecutor(count - 1, "part")

    def compute(self, batches: EpochBatches, index: int) -> list[tuple[BatchResult, Tensors]]:
        """The result of every part of step `index`, in order; the first is this thread's own."""

        def kept(part: Shard) -> tuple[BatchResult, Tensors]:
            try:
                return part.compute(batches, index)
            except BaseException:
                self._all_gather.leave()
                raise

        self._all_gather.begin()
        own, *rest = self.parts
        others = [self._pool.submit(kept, part) for part in rest]
        try:
            first = kept(own)
        except WorkerLostError:
            # What another part met with is told, not that this one waited for it in vain.
            met = [other.exception() for other in others]
            raise next(one for one in met if not isinstance(one, WorkerLostError | None)) from None
        finally:
            # Whatever happens, no part goes on into the next batch.
            wait(others)
        done = [first, *(other.result() for other in others)]
        own.remember()
        return done
