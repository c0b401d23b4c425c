"""Bundles that are not what they were, and what is left of them."""

import hashlib
import json
import zipfile
from pathlib import Path


def altered(bundle: Path, changes: dict[str, bytes | None], told: bool = True) -> Path:
    """The bundle with files replaced, added or left out; `told` writes their sha256 too."""
    with zipfile.ZipFile(bundle) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(contents["manifest.json"])
    for name, content in changes.items():
        contents[name] = content
        if told and name != "manifest.json":
            manifest["files"][name] = hashlib.sha256(content or b"").hexdigest()
    if "manifest.json" not in changes:
        contents["manifest.json"] = json.dumps(manifest).encode()
    path = bundle.with_name("altered.zip")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            if content is not None:
                archive.writestr(name, content)
    return path


def manifest_of(bundle: Path, **changes: object) -> bytes:
    with zipfile.ZipFile(bundle) as archive:
        return json.dumps(json.loads(archive.read("manifest.json")) | changes).encode()


def assert_nothing_is_left(tmp_path: Path) -> None:
    assert [one.name for one in tmp_path.glob("elsewhere/*")] in ([], [".lock"])
