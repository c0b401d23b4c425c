"""A study's tables for LaTeX."""

from toile.report.study_page.table import Table

ESCAPED = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "–": "--",  # noqa: RUF001, what a table leaves open
} | {one: f"\\{one}" for one in "&%$#_{}"}


def latex_table(table: Table, caption: str) -> str:
    r"""A `table` that needs no package; in an article of UTF-8, as LaTeX takes it since 2018.

    `\textquotesingle` takes textcomp, in LaTeX since 2020.
    """
    columns = "".join("r" if numeric else "l" for numeric in table.numeric)
    body = "\n".join(_row(row) for row in table.texts)
    return "\n".join(
        (
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{latex_text(caption)}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\hline",
            _row(table.heads),
            r"\hline",
            body,
            r"\hline",
            r"\end{tabular}",
            r"\end{table}",
            "",
        )
    )


def latex_text(text: str) -> str:
    """`text` with what LaTeX would act on written out."""
    return "".join(ESCAPED.get(one, one) for one in " ".join(text.split()))


def _row(cells: tuple[str, ...]) -> str:
    # An empty group first: `[` at the start of a row would be an option of the line before.
    return "{}" + " & ".join(map(latex_text, cells)) + r" \\"
