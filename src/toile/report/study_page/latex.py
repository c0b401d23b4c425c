"""A study's tables for LaTeX."""

from toile.report.study_page.table import Cell, Quantity, ReportTable, is_number, texts_of

MINUS = "−"  # noqa: RUF001
ESCAPED = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # By its number: \textquotedbl needs another font encoding, and babel may give " a meaning.
    '"': r"\symbol{34}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "–": "--",  # noqa: RUF001, a missing value in a table
    MINUS: "$-$",
} | {sign: f"\\{sign}" for sign in "&%$#_{}"}


def latex_table(table: ReportTable, caption: str) -> str:
    r"""The table as a LaTeX `table` that needs no package; UTF-8, LaTeX's default since 2018.

    `\textquotesingle` needs LaTeX of 2020 or later, which includes textcomp. Names in Greek and
    other scripts need XeLaTeX or LuaLaTeX. The table is set small, yet it may be wider than a
    column of text.
    """
    columns = "".join("r" if numeric else "l" for numeric in table.numeric)
    body = "\n".join(_row(row) for row in table.rows)
    return "\n".join(
        (
            r"\begin{table}",
            r"\centering\footnotesize\setlength{\tabcolsep}{3pt}",
            rf"\caption{{{latex_text(caption)}}}\smallskip",
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
    """`text` with LaTeX's special characters escaped."""
    return "".join(ESCAPED.get(letter, letter) for letter in " ".join(text.split()))


def _row(cells: tuple[Cell, ...]) -> str:
    texts = (
        # In a number - is a minus sign; in text it would be set as a hyphen.
        text.replace("-", MINUS) if isinstance(cell, Quantity) or is_number(text) else text
        for cell, text in zip(cells, texts_of(cells), strict=True)
    )
    # An empty group first: LaTeX would read `[` at the start of a row as an option of `\\`.
    return "{}" + " & ".join(map(latex_text, texts)) + r" \\"
