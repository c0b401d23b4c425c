"""A run as one zip that can be opened, judged and run again elsewhere."""

import hashlib
import io
import os
import secrets
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from toile.data import (
    CORRECTIONS_FILE,
    DAMAGED,
    FREE_BYTES,
    MAX_CORRECTION_BYTES,
    open_zip,
    portable,
    read_corrections,
    unpack,
)
from toile.errors import ToileError, did_you_mean_file
from toile.file_lock import file_lock
from toile.files import json_bytes, sync_folder, write_atomically, write_json, writing
from toile.migrations import versioned
from toile.recipe import first_fault, recipe_text
from toile.runs.layout import (
    BASELINES,
    BUNDLED,
    IMPORT,
    PRUNING,
    REMARKS,
    ROBUSTNESS,
    UNPACKING,
    runs_folder,
)
from toile.runs.ledger import is_of, looks_added, looks_of, refuse_odd_looks
from toile.runs.ledger_file import Look, identified
from toile.runs.listing import open_run
from toile.runs.names import NAME
from toile.runs.pictures import read_pictures
from toile.runs.records import Named, read_json, read_record
from toile.runs.remarks import read_remarks
from toile.runs.run import Run
from toile.runs.run_files import KEPT_EPOCH, REQUIRED, TENSORS, TEXTS, WEIGHTS
from toile.runs.state import read_state
from toile.runs.tensors import load_arrays

BUNDLE = ".zip"
MANIFEST = "manifest.json"
# A page from elsewhere is foreign HTML: it is left in the bundle and written anew here.
REWRITTEN = "report.html"
# Far more than a run's own take; parsed JSON takes up to twenty times its text.
MAX_TEXT_BYTES = {
    MANIFEST: 8 << 20,
    "recipe.yaml": 1 << 20,
    "environment.json": 1 << 20,
    "data.json": 4 << 20,
    "state.json": 1 << 20,
    "history.jsonl": 32 << 20,
    "results.json": 8 << 20,
    CORRECTIONS_FILE: MAX_CORRECTION_BYTES,
    PRUNING: 4 << 20,
    IMPORT: 4 << 20,
    BASELINES: 1 << 20,
    ROBUSTNESS: 4 << 20,
    REMARKS: 1 << 20,
}
# Tensors are stored without compression; another tool may compress them, which saves a tenth.
MAX_TENSOR_RATIO = 4
README = """\
A run of Toile: recipe, machine and versions, the data's fingerprint, weights, scores, report.

toile import {id}.zip          # to have it among your runs
toile train recipe.yaml --data WHERE
                               # to train it again; WHERE is the name of the data or its place.
                               # Its fingerprint must be {fingerprint}
"""


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself: the sha256 of each file, and the looks its score had.

    `looks` are those at its test part, as the ledger where it was made has them.
    """

    run: str
    files: dict[str, str]
    looks: tuple[Look, ...]

    def to_json(self) -> dict[str, Any]:
        """The three fields, as `manifest.json` has them."""
        return vars(self) | {"looks": [look.to_json() for look in self.looks]}


_MANIFEST = TypeAdapter(Manifest)


def bundle_run(run: str | Path | Run, path: str | Path) -> Path:
    """Write `run` as a zip to `path`, whole or not at all; paths of this machine are cut.

    Raises ToileError while it is running, where a file of it is damaged, its folder has a name
    that no import would take, or `path` is there.

        >>> toile.bundle_run(run, "run.zip").name
        'run.zip'
    """
    run, path = open_run(run), Path(path)
    if path.exists():
        raise ToileError(f"{path} is there already; name a new file, nothing was written")
    if path.suffix != BUNDLE:
        raise ToileError(f"{path} ends in {path.suffix!r}; a bundle is a .zip")
    if not NAME.fullmatch(run.id):
        raise ToileError(
            f"{run.id!r} cannot be the name of a run elsewhere: it takes up to 101 letters from a "
            "to z, digits, - and _, and a point before a digit; rename the run's folder"
        )
    state = read_state(run.folder)
    if state.alive:
        raise ToileError(f"{run.id} is running (process {state.pid}); bundle it when it has ended")
    # No damaged file is bundled.
    _read_all(run)
    contents, facts = _contents(run), run.data
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    looks = tuple(
        replace(
            look,
            source=Path(look.source).name,
            # The study or sheet that it was part of is not in the bundle.
            run=run.id if is_of(look, run) else look.run,
        )
        for look in looks_of(run)
        if look.test == facts.test_fingerprint
    )
    manifest = Manifest(run.id, hashes, looks)
    readme = README.format(id=run.id, fingerprint=facts.fingerprint)
    contents["README.txt"] = readme.encode()
    contents[MANIFEST] = json_bytes(versioned(MANIFEST, manifest.to_json()))
    write_atomically(path, _zipped(contents))
    return path


def unpack_bundle(
    path: Path, write_page: Callable[[Run], object], folder: Path | None = None
) -> tuple[Run, Manifest]:
    """Put the run in the bundle at `path` among the runs in `folder`; what it says is checked.

    Nothing but the known files of a run is taken. Its page is left out, and `write_page` writes one
    from the numbers before the run has its place: what cannot be shown is not taken. Raises
    ToileError where the bundle is damaged or not a bundle, or a run of that name is there.
    """
    if not path.is_file():
        raise ToileError(
            f"{path} is no file; name a bundle made by toile bundle{did_you_mean_file(path)}"
        )
    with open_zip(path) as archive:
        manifest = _manifest(archive, path)
        names = [name for name in manifest.files if name != REWRITTEN]
        contents = {name: _checked(archive, name, manifest, path) for name in names}
    target = (folder or runs_folder()) / manifest.run
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(target.parent):
        if target.exists():
            raise ToileError(f"{target} is there already; remove it with toile rm, or keep it")
        _remove_torn(target.parent)
        # Filled beside its place and renamed: a run half imported is never listed. Called by its
        # own name already, which its page says.
        staging = target.parent / f"{UNPACKING}{secrets.token_hex(4)}"
        draft = Run(staging / manifest.run)
        try:
            _fill(draft, contents)
            refuse_odd_looks(manifest.looks, draft.data.test_fingerprint)
            # The path of its data is of another machine, and what lies there here is never opened.
            origin = {"file": path.name, "folder": path.absolute().parent.name}
            write_json(draft.folder / BUNDLED, origin | {"looks": len(manifest.looks)})
            write_page(draft)
            # Looks that happened elsewhere flatter its score here as well, so they are counted
            # here too: with the run or not at all. A kill between the two leaves looks without a
            # run, as toile rm does; imported again it comes with them, and they count once.
            with looks_added(target.parent, identified(manifest.looks)), writing(target):
                os.replace(draft.folder, target)
                sync_folder(target.parent)
        except ToileError as error:
            # The draft is gone when this is read, so its path is left out.
            raise ToileError(f"{path}: {error}".replace(f"{draft.folder}{os.sep}", "")) from None
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return Run(target), manifest


def remove_torn_imports(workspace: Path) -> None:
    """Remove what imports of bundles that were killed have left; waits for one that is going on."""
    with file_lock(workspace):
        _remove_torn(workspace)


def _remove_torn(workspace: Path) -> None:
    # A living import would hold the workspace, as the caller does.
    for torn in workspace.glob(f"{UNPACKING}*"):
        shutil.rmtree(torn, ignore_errors=True)


def _contents(run: Run) -> dict[str, bytes]:
    """The files of the bundle, without the paths of data and runs on this machine."""
    names = [name for name in (*REQUIRED, *TENSORS, *TEXTS) if (run.folder / name).exists()]
    names += _kept_epochs(run)
    contents = {name: (run.folder / name).read_bytes() for name in names}
    recipe, facts = portable(run.recipe, run.data)
    contents["recipe.yaml"] = recipe.encode()
    # As it stands, with what a newer Toile may have added.
    record = read_record(contents["data.json"], Named, run.folder / "data.json")
    contents["data.json"] = json_bytes(record | {"path": facts.path})
    for name in {IMPORT, ROBUSTNESS} & contents.keys():
        record = read_record(contents[name], Named, run.folder / name)
        if record.get("run", run.id) != run.id:
            contents[name] = json_bytes(record | {"run": run.id})
    if recipe != recipe_text(run.recipe, complete=True):
        # The page shows the recipe with its paths.
        contents.pop("report.html", None)
    return contents


def _kept_epochs(run: Run) -> list[str]:
    """The files of single epochs, by their paths in the run's folder."""
    paths = (path.relative_to(run.folder).as_posix() for path in run.folder.glob("*/*.safetensors"))
    return sorted(path for path in paths if KEPT_EPOCH.fullmatch(path))


def _zipped(contents: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in contents.items():
            # With the first time a zip can hold, the same files and looks give the same bytes.
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            # Weights are noise to a compressor.
            entry.compress_type = (
                zipfile.ZIP_STORED if name.endswith(".safetensors") else zipfile.ZIP_DEFLATED
            )
            archive.writestr(entry, content)
    return written.getvalue()


def _manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    if MANIFEST not in archive.namelist():
        raise ToileError(f"{path} is no bundle of Toile's: it has no {MANIFEST}")
    try:
        record = read_json(_unpacked(archive, MANIFEST), path / MANIFEST)
        manifest = _MANIFEST.validate_python(record)
    except (ValidationError, *DAMAGED) as error:
        fault = first_fault(error) if isinstance(error, ValidationError) else str(error)
        raise ToileError(f"{path}: its {MANIFEST} is damaged: {fault:.80}") from None
    known = {*REQUIRED, *TENSORS, *TEXTS}
    odd = [name for name in manifest.files if name not in known and not KEPT_EPOCH.fullmatch(name)]
    missing = [name for name in REQUIRED if name not in manifest.files]
    if odd or missing or not NAME.fullmatch(manifest.run):
        raise ToileError(
            f"{path} is not the bundle of one run: its name is {manifest.run!r:.80}, "
            f"missing {', '.join(missing) or 'nothing'}, unknown {', '.join(odd)[:80] or 'nothing'}"
        )
    return manifest


def _unpacked(archive: zipfile.ZipFile, name: str) -> bytes:
    """The content of an entry that has no more bytes than such a file of a run can have."""
    entry = archive.getinfo(name)
    most = MAX_TEXT_BYTES.get(name, max(FREE_BYTES, MAX_TENSOR_RATIO * entry.compress_size))
    if entry.file_size > most:
        raise zipfile.BadZipFile(f"it has {entry.file_size} bytes; at most {most} are taken")
    return unpack(archive, name).getvalue()


def _checked(archive: zipfile.ZipFile, name: str, manifest: Manifest, path: Path) -> bytes:
    try:
        content = _unpacked(archive, name)
    except (KeyError, *DAMAGED) as error:
        raise ToileError(f"{path}: {name} cannot be unpacked ({error!s:.80})") from None
    if hashlib.sha256(content).hexdigest() != manifest.files[name]:
        raise ToileError(f"{path}: {name} is damaged: it does not have the sha256 it was given")
    return content


def _fill(draft: Run, contents: dict[str, bytes]) -> None:
    with writing(draft.folder):
        draft.folder.mkdir(parents=True)
    for name, content in contents.items():
        with writing(draft.folder):
            (draft.folder / name).parent.mkdir(exist_ok=True)
        write_atomically(draft.folder / name, content)
    # A checksum says that nothing changed on the way, not that it is what it claims to be.
    _read_all(draft)


def _read_all(run: Run) -> None:
    """Read every file of a run, so that a damaged one is found."""
    read_state(run.folder)
    _ = run.recipe, run.data, run.environment, run.history, run.pruning
    _ = run.baselines, run.robustness, run.imported
    if run.has_results:
        _ = run.results
    if run.has_validation:
        _ = run.validation
    read_pictures(run.folder)
    read_remarks(run.folder)
    if (run.folder / CORRECTIONS_FILE).exists():
        read_corrections(run.folder / CORRECTIONS_FILE)
    for name in (*WEIGHTS, *_kept_epochs(run)):
        if (run.folder / name).exists():
            load_arrays(run.folder / name)
