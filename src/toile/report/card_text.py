"""Lists and tables of a model card, in Markdown."""

from collections.abc import Iterable, Sequence


def markdown_list(rows: Iterable[str]) -> str:
    """One line a row."""
    return "\n".join(f"- {row}" for row in rows)


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The cells, which are Markdown already, under their heads."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
