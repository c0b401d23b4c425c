"""A run as one zip that can be opened, judged and run again elsewhere."""

import hashlib
import io
import json
import os
import re
import secrets
import shutil
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from toile.data import open_zip
from toile.errors import ToileError
from toile.files import sync_folder, write_whole, writing
from toile.runs.ledger import looks_at
from toile.runs.run import Run, runs_folder
from toile.runs.state import read_state
from toile.runs.tensors import load_arrays
from toile.sole_use import sole_use

VERSION = 1
MANIFEST = "manifest.json"
NEEDED = ("recipe.yaml", "environment.json", "data.json", "state.json")
TENSORS = ("last.safetensors", "best.safetensors", "validation.safetensors")
TEXTS = ("history.jsonl", "results.json", "report.html")
# Another's page is another's HTML: it is left in the bundle and written anew from the numbers.
REWRITTEN = "report.html"
RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")
README = """\
A run of Toile: recipe, machine and versions, the data's fingerprint, weights, scores, report.

toile import {id}.zip          # to have it among your runs
toile train recipe.yaml        # to train it again; the data must have the fingerprint
                               # {fingerprint}
"""


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself: the sha256 of each file, and the looks its score had.

    `looks` counts the looks at this test part where the bundle was made.
    """

    run: str
    files: dict[str, str]
    looks: int
    version: int = VERSION


_MANIFEST = TypeAdapter(Manifest)


def bundle_run(run: Run, path: Path) -> Path:
    """Write `run` as a zip to `path`, whole or not at all; the same run gives the same bytes.

    Raises ToileError while it is running, where a file of it is damaged, or `path` is there.
    """
    if path.exists():
        raise ToileError(f"{path} is there already; name a new file, nothing was written")
    if path.suffix != ".zip":
        raise ToileError(f"{path} ends in {path.suffix!r}; a bundle is a .zip")
    state = read_state(run.folder)
    if state.alive:
        raise ToileError(f"{run.id} is running (process {state.pid}); bundle it when it has ended")
    names = [name for name in (*NEEDED, *TENSORS, *TEXTS) if (run.folder / name).exists()]
    # A damaged file must not travel.
    _read_all(run)
    facts = run.facts
    contents = {name: (run.folder / name).read_bytes() for name in names}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    manifest = Manifest(run.id, hashes, len(looks_at(facts.test_fingerprint)))
    contents["README.txt"] = README.format(id=run.id, fingerprint=facts.fingerprint).encode()
    contents[MANIFEST] = (json.dumps(asdict(manifest), indent=1) + "\n").encode()
    write_whole(path, _zipped(contents))
    return path


def import_bundle(path: Path, folder: Path | None = None) -> tuple[Run, Manifest]:
    """Put the run in the bundle at `path` among the runs in `folder`; what it says is checked.

    Nothing but the known files of a run is taken, and its page is left out, to be written anew.
    Raises ToileError where the bundle is damaged or not a bundle, or a run of that name is there.
    """
    if not path.is_file():
        raise ToileError(f"{path} is no file; name a bundle made by toile bundle")
    with open_zip(path) as archive:
        manifest = _manifest(archive, path)
        contents = {name: _checked(archive, name, manifest, path) for name in manifest.files}
    target = (folder or runs_folder()) / manifest.run
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with sole_use(target.parent):
        if target.exists():
            raise ToileError(f"{target} is there already; remove it with toile rm, or keep it")
        # Filled beside its place and renamed: a run half imported is never listed.
        draft = target.parent / f".import-{secrets.token_hex(4)}"
        try:
            _fill(draft, contents)
            with writing(target):
                os.replace(draft, target)
                sync_folder(target.parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return Run(target), manifest


def _zipped(contents: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in contents.items():
            # With the first time a zip can hold, the same run gives the same bytes.
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            # Weights are noise to a compressor.
            entry.compress_type = zipfile.ZIP_STORED if name in TENSORS else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return written.getvalue()


def _manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    if MANIFEST not in archive.namelist():
        raise ToileError(f"{path} is no bundle of Toile's: it has no {MANIFEST}")
    try:
        manifest = _MANIFEST.validate_json(archive.read(MANIFEST))
    except (ValidationError, zipfile.BadZipFile) as error:
        raise ToileError(f"{path}: its {MANIFEST} is damaged ({error!r:.80})") from None
    if manifest.version != VERSION:
        raise ToileError(f"{path} has format {manifest.version}; this Toile reads {VERSION}")
    known = {*NEEDED, *TENSORS, *TEXTS}
    odd = [name for name in manifest.files if name not in known]
    missing = [name for name in NEEDED if name not in manifest.files]
    if odd or missing or not RUN_ID.fullmatch(manifest.run):
        raise ToileError(
            f"{path} is not the bundle of one run: its name is {manifest.run!r:.80}, "
            f"missing {', '.join(missing) or 'nothing'}, unknown {', '.join(odd)[:80] or 'nothing'}"
        )
    return manifest


def _checked(archive: zipfile.ZipFile, name: str, manifest: Manifest, path: Path) -> bytes:
    try:
        content = archive.read(name)
    except (KeyError, zipfile.BadZipFile, OSError, ValueError) as error:
        raise ToileError(f"{path}: {name} cannot be unpacked ({error!r:.80})") from None
    if hashlib.sha256(content).hexdigest() != manifest.files[name]:
        raise ToileError(f"{path}: {name} is damaged: it does not have the sha256 it was given")
    return content


def _fill(draft: Path, contents: dict[str, bytes]) -> None:
    with writing(draft):
        draft.mkdir()
    for name, content in contents.items():
        if name != REWRITTEN:
            write_whole(draft / name, content)
    # A checksum says that nothing changed on the way, not that it is what it claims to be.
    _read_all(Run(draft))


def _read_all(run: Run) -> None:
    """Read every file of a run, so that a damaged one is found."""
    read_state(run.folder)
    _ = run.recipe, run.facts, run.environment, run.history
    if (run.folder / "results.json").exists():
        _ = run.results
    for name in TENSORS:
        if (run.folder / name).exists():
            load_arrays(run.folder / name)
