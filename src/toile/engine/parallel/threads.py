"""The parts of a batch computed by threads of this process, one for each part."""

from concurrent.futures import ThreadPoolExecutor, wait

from torch import nn

from toile.engine.batch_result import BatchResult
from toile.engine.batches import EpochBatches
from toile.engine.parallel.batch_norm import WorkerLostError
from toile.engine.parallel.copies import sharded_copies
from toile.engine.parallel.shard import Shard, Tensors
from toile.recipe import Plan, Recipe


class Threads:
    """One part for each of `recipe`'s shards, by copies of `network` that share its weights."""

    def __init__(self, recipe: Recipe, network: nn.Sequential, plan: Plan) -> None:
        count = int(recipe.training.shards)
        copies, self._all_gather = sharded_copies(network, plan, count)
        self.parts = [Shard(recipe, copy, number, count) for number, copy in enumerate(copies)]
        self._pool = ThreadPoolExecutor(count - 1, "part")

    def compute(self, batches: EpochBatches, index: int) -> list[tuple[BatchResult, Tensors]]:
        """The result of every part of step `index`, in order; this thread computes the first."""

        def compute_part(part: Shard) -> tuple[BatchResult, Tensors]:
            try:
                return part.compute(batches, index)
            except BaseException:
                self._all_gather.leave()
                raise

        self._all_gather.begin()
        first_part, *other_parts = self.parts
        futures = [self._pool.submit(compute_part, part) for part in other_parts]
        try:
            first_result = compute_part(first_part)
        except WorkerLostError:
            # Raise the error of the part that failed, not that the first part waited for it.
            errors = [future.exception() for future in futures]
            raise next(
                error for error in errors if not isinstance(error, WorkerLostError | None)
            ) from None
        finally:
            # No part may run on into the next batch.
            wait(futures)
        results = [first_result, *(future.result() for future in futures)]
        first_part.remember()
        return results
