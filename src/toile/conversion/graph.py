"""A file's graph of layers as a chain: one layer after another, with sums around some."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from toile.errors import ToileError

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Node(Generic[T]):
    """One layer as a file has it: the tensors it takes, and the one it gives."""

    name: str
    inputs: tuple[str, ...]
    output: str
    content: T
    is_sum: bool = False
    """Whether it adds two tensors."""


@dataclass(frozen=True, eq=False)
class Fork(Generic[T]):
    """Two paths from one tensor that `addition` adds; the longer is the branch."""

    addition: Node[T]
    branch: "Chain[T]"
    shortcut: "Chain[T]"


@dataclass(frozen=True, eq=False)
class Chain(Generic[T]):
    """Nodes and forks in order."""

    parts: Sequence[Node[T] | Fork[T]] = field(default_factory=tuple)

    def __len__(self) -> int:
        return sum(
            1 if isinstance(part, Node) else len(part.branch) + len(part.shortcut) + 1
            for part in self.parts
        )


def chain_of(source: str, nodes: Iterable[Node[T]], first: str, last: str) -> Chain[T]:
    """The chain from the tensor `first` to the tensor `last`.

    Raises ToileError, naming the node, where the graph is no chain with sums of two paths.
    """
    readers: dict[str, list[Node[T]]] = {}
    for node in nodes:
        for tensor in node.inputs:
            readers.setdefault(tensor, []).append(node)
    return _Walk(source, readers, last).complete(first)


class _Walk(Generic[T]):
    def __init__(self, source: str, readers: dict[str, list[Node[T]]], last: str) -> None:
        self.source, self.readers, self.last = source, readers, last
        self._passed: set[int] = set()

    def complete(self, first: str) -> Chain[T]:
        chain, addition = self.along(first)
        if addition is not None:
            raise self.unheld(addition, "adds tensors that do not come from one layer")
        return chain

    def along(self, tensor: str) -> tuple[Chain[T], Node[T] | None]:
        """What follows `tensor`, up to the sum that ends its path; None at the network's end."""
        parts: list[Node[T] | Fork[T]] = []
        while True:
            readers = self.readers.get(tensor, [])
            if tensor == self.last and not readers:
                return Chain(parts), None
            if not readers:
                raise ToileError(
                    f"{self.source}: what leads to {tensor} does not lead to the network's output"
                )
            if len(readers) > 2:
                raise self.unheld(readers[2], "is the third that takes the same tensor")
            if len(readers) == 2:
                fork = self.fork(readers)
                parts.append(fork)
                tensor = fork.addition.output
                continue
            (node,) = readers
            if node.is_sum:
                return Chain(parts), node
            self.mark(node)
            parts.append(node)
            tensor = node.output

    def fork(self, readers: Sequence[Node[T]]) -> Fork[T]:
        """The two paths that begin with `readers`, and the sum that ends both."""
        paths: list[Chain[T]] = []
        additions: list[Node[T]] = []
        for reader in readers:
            if reader.is_sum:
                paths.append(Chain())
                additions.append(reader)
                continue
            self.mark(reader)
            chain, addition = self.along(reader.output)
            if addition is None:
                raise self.unheld(reader, "leads to the output beside another path")
            paths.append(Chain([reader, *chain.parts]))
            additions.append(addition)
        if additions[0] is not additions[1]:
            raise self.unheld(additions[0], "adds paths that do not begin at one layer")
        self.mark(additions[0])
        branch, shortcut = sorted(paths, key=len, reverse=True)
        return Fork(additions[0], branch, shortcut)

    def mark(self, node: Node[T]) -> None:
        if id(node) in self._passed or len(node.inputs) > 1 + node.is_sum:
            raise self.unheld(node, f"takes {len(node.inputs)} tensors")
        self._passed.add(id(node))

    def unheld(self, node: Node[T], why: str) -> ToileError:
        return ToileError(
            f"{self.source}: its layer {node.name} {why}; networks here are chains, with sums of "
            "two paths from one layer. Nothing was imported"
        )
