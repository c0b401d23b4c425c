"""The files of a report: each format that a study, a search or a sheet is written in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from toile.errors import ToileError
from toile.files import write_atomically
from toile.report import Drawing, ReportTable, latex_table, save_figure


@dataclass(frozen=True)
class ReportFiles:
    """What the files of a report hold; text is made for the formats that are asked for.

    `csv` has the tables by their files' names, `latex` the same tables with their titles. The
    `drawings` are beside the Markdown.
    """

    html: Callable[[], str]
    markdown: Callable[[], str]
    pdf: Callable[[], bytes]
    csv: Callable[[], Mapping[str, str]]
    latex: Sequence[tuple[ReportTable, str]]
    drawings: Sequence[Drawing]


def checked_forms(formats: Iterable[str], forms: Sequence[str], kind: str) -> list[str]:
    """`formats` without duplicates. Raises ToileError for one that is not in `forms`."""
    requested = list(dict.fromkeys(formats))
    for name in requested:
        if name not in forms:
            raise ToileError(
                f"{name} is no form of a {kind}'s report; it is written as {', '.join(forms)}"
            )
    return requested


def write_files(folder: Path, forms: Iterable[str], report: ReportFiles) -> list[Path]:
    """Write `report` into `folder` in each of `forms`, which are of FORMS; returns the files."""
    return [path for name in forms for path in _WRITERS[name](folder, report)]


def _html(folder: Path, report: ReportFiles) -> list[Path]:
    return [_write(folder / "report.html", report.html())]


def _markdown(folder: Path, report: ReportFiles) -> list[Path]:
    figures = [folder / f"{drawing.name}.svg" for drawing in report.drawings]
    for drawing, path in zip(report.drawings, figures, strict=True):
        save_figure(drawing.figure, path)
    return [_write(folder / "report.md", report.markdown()), *figures]


def _csv(folder: Path, report: ReportFiles) -> list[Path]:
    tables = folder / "tables"
    tables.mkdir(exist_ok=True)
    return [_write(tables / f"{name}.csv", text) for name, text in report.csv().items()]


def _latex(folder: Path, report: ReportFiles) -> list[Path]:
    tables = [latex_table(table, title) for table, title in report.latex]
    return [_write(folder / "tables.tex", "\n".join(tables))]


def _pdf(folder: Path, report: ReportFiles) -> list[Path]:
    path = folder / "report.pdf"
    write_atomically(path, report.pdf())
    return [path]


def _write(path: Path, text: str) -> Path:
    write_atomically(path, text.encode())
    return path


_WRITERS: dict[str, Callable[[Path, ReportFiles], list[Path]]] = {
    "html": _html,
    "md": _markdown,
    "csv": _csv,
    "tex": _latex,
    "pdf": _pdf,
}
FORMS = tuple(_WRITERS)
