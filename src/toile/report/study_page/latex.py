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
    # By its number: \textquotedbl takes another encoding than LaTeX's own, and babel may act on ".
    '"': r"\symbol{34}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "–": "--",  # noqa: RUF001, what a table leaves open
    MINUS: "$-$",
} | {sign: f"\\{sign}" for sign in "&%$#_{}"}


def latex_table(table: ReportTable, caption: str) -> str:
    r"""A `table` that needs no package; in an article of UTF-8, as LaTeX takes it since 2018.

    `\textquotesingle` takes textcomp, in LaTeX since 2020. Greek letters and other scripts in names
    take XeLaTeX or LuaLaTeX. It is set small and still may be wider than a column of text.
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
    """`text` with what LaTeX would act on written out."""
    return "".join(ESCAPED.get(letter, letter) for letter in " ".join(text.split()))


def _row(cells: tuple[Cell, ...]) -> str:
    texts = (
        # In a number it is a minus; as a letter it would come out as a hyphen.
        text.replace("-", MINUS) if isinstance(cell, Quantity) or is_number(text) else text
        for cell, text in zip(cells, texts_of(cells), strict=True)
    )
    # An empty group first: `[` at the start of a row would be an option of the line before.
    return "{}" + " & ".join(map(latex_text, texts)) + r" \\"
