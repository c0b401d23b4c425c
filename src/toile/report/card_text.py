"""Lists and tables of a model card, in Markdown."""

from collections.abc import Iterable, Sequence


def markdown_list(rows: Iterable[str]) -> str:
    """A bullet for each row."""
    return "\n".join(f"- {row}" for row in rows)


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already, under `heads`."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
