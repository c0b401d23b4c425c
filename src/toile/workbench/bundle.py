"""Imports a bundled run, and rewrites its page."""

from pathlib import Path

from toile.runs import Manifest, Run, unpack_bundle, why_data_unknown


def import_bundle(path: str | Path, folder: str | Path | None = None) -> tuple[Run, Manifest]:
    """Add the run in the bundle at `path` to the runs in `folder`, after checking its files.

    Its page is rewritten without pictures, since the recipe of a stranger may name any path of
    this machine as its data. Raises ToileError if the file is damaged or no bundle, if its run
    cannot be shown, or if a run of that name exists.

        >>> bundle = toile.bundle_run(run, "to-share.zip")
        >>> copy, manifest = toile.import_bundle(bundle, "elsewhere")
        >>> copy.score.value == run.score.value
        True
    """
    return unpack_bundle(Path(path), _write_page, None if folder is None else Path(folder))


def bundle_sentences(run: Run, looks: int) -> list[str]:
    """Sentences on an imported run: its looks, and why its page has no pictures, if it has none."""
    sentences = [f"looks at its test part before it was bundled, now in the ledger here: {looks}"]
    if reason := why_data_unknown(run):
        sentences.append(f"its page has no pictures: {reason}")
    return sentences


def _write_page(run: Run) -> None:
    # Imported here, so that a bad bundle is refused before matplotlib is imported.
    from toile.workbench.page import write_report

    write_report(run, with_pictures=False)
