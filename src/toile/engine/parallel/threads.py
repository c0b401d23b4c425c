"""The parts of a batch by threads of this process, one each."""

from concurrent.futures import ThreadPoolExecutor, wait

from torch import nn

from toile.engine.batches import EpochBatches
from toile.engine.parallel.batch_norm import LeftError
from toile.engine.parallel.part import Found, Part, Tensors
from toile.engine.parallel.parts import copies_in_parts
from toile.recipe import Plan, Recipe


class Threads:
    """As many parts as `recipe` has replicas, by copies of `network` that share its weights."""

    def __init__(self, recipe: Recipe, network: nn.Sequential, plan: Plan) -> None:
        count = int(recipe.training.replicas)
        copies, self._meeting = copies_in_parts(network, plan, count)
        self.parts = [Part(recipe, copy, number, count) for number, copy in enumerate(copies)]
        self._pool = ThreadPoolExecutor(count - 1, "part")

    def take(self, batches: EpochBatches, index: int) -> list[tuple[Found, Tensors]]:
        """What every part of step `index` found, in their order. The first is this thread's own."""

        def kept(part: Part) -> tuple[Found, Tensors]:
            try:
                return part.take(batches, index)
            except BaseException:
                self._meeting.leave()
                raise

        self._meeting.begin()
        own, *rest = self.parts
        others = [self._pool.submit(kept, part) for part in rest]
        try:
            first = kept(own)
        except LeftError:
            # What another part met with is told, not that this one waited for it in vain.
            met = [other.exception() for other in others]
            raise next(one for one in met if not isinstance(one, LeftError | None)) from None
        finally:
            # Whatever happens, no part goes on into the next batch.
            wait(others)
        done = [first, *(other.result() for other in others)]
        own.remember()
        return done
