"""A bundled run among the runs here, with a page of our own making."""

from pathlib import Path

from toile.runs import Manifest, Run, unpack_bundle


def import_bundle(path: Path, folder: Path | None = None) -> tuple[Run, Manifest]:
    """Put the run in the bundle at `path` among the runs in `folder`; what it says is checked.

    Its page is written anew, without pictures: another's recipe may name any place of this machine
    as its data. Raises ToileError where the bundle is damaged, is not a bundle or cannot be shown,
    or a run of that name is there.

        >>> bundle = toile.bundle_run(run, Path("to-share.zip"))
        >>> copy, manifest = toile.import_bundle(bundle, Path("elsewhere"))
        >>> copy.score.value == run.score.value
        True
    """
    return unpack_bundle(path, _write_page, folder)


def _write_page(run: Run) -> None:
    # Here, so that a bundle is refused before drawing is imported, which takes a second.
    from toile.workbench.page import write_report

    write_report(run, with_pictures=False)
