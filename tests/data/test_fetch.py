"""Fetching, from a server of our own that cuts connections, lies, and loses things."""

import gzip
import hashlib
import http.server
import re
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from toile.data.catalogue import IDX_FILES, KNOWN, Known
from toile.data.fetch import FetchFailed, fetch_file, fetch_from, holds
from toile.data.load import no_progress

CONTENT = bytes(range(256)) * 2000
PACKED = gzip.compress(CONTENT, 0)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Mirror:
    """What the server gives, after how many bytes it cuts, and which ranges it was asked for."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: list[int] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)
    knows_ranges: bool = True


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    mirror = Mirror(files={"/toy.gz": PACKED})

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = mirror.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            asked = self.headers.get("Range")
            mirror.ranges.append(asked)
            start = int(re.findall(r"\d+", asked)[0]) if asked and mirror.knows_ranges else 0
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end = start + mirror.cut_after.pop(0) if mirror.cut_after else len(content)
            self.wfile.write(content[start:end])

        def log_message(self, *words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    mirror.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield mirror
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(mirror: Mirror, folder: Path, sha256: str = SHA256, progress=no_progress) -> bytes:
    fetch_file(f"{mirror.url}toy.gz", folder / "toy.gz", sha256, progress)
    return (folder / "toy.gz").read_bytes()


def test_a_file_comes_whole_with_progress(mirror, tmp_path):
    told = []
    assert fetch(mirror, tmp_path, progress=lambda *words: told.append(words)) == PACKED
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert told[-1][:2] == (len(PACKED), len(PACKED))
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["toy.gz"]


def test_after_a_cut_only_the_rest_is_asked_for(mirror, tmp_path):
    mirror.cut_after = [200_000, 100_000]
    assert fetch(mirror, tmp_path) == PACKED
    assert mirror.ranges == [None, "bytes=200000-", "bytes=300000-"]


def test_what_an_earlier_process_left_is_gone_on_with(mirror, tmp_path):
    mirror.cut_after = [200_000] + [0] * 5
    with pytest.raises(FetchFailed, match="the connection was cut 5 times in a row"):
        fetch(mirror, tmp_path)
    mirror.ranges.clear()
    assert fetch(mirror, tmp_path) == PACKED
    assert mirror.ranges == ["bytes=200000-"]


def test_a_server_without_ranges_starts_again_from_nothing(mirror, tmp_path):
    mirror.cut_after, mirror.knows_ranges = [200_000], False
    assert fetch(mirror, tmp_path) == PACKED


def test_a_part_that_was_complete_already_is_verified_and_taken(mirror, tmp_path):
    fetch(mirror, tmp_path)
    part = hashlib.sha256(f"{mirror.url}toy.gz".encode()).hexdigest()[:8]
    (tmp_path / "toy.gz").rename(tmp_path / f"toy.gz.{part}.part")
    assert fetch(mirror, tmp_path) == PACKED


def test_other_content_is_refused_and_thrown_away(mirror, tmp_path):
    with pytest.raises(FetchFailed, match=f"toy.gz has sha256 {SHA256}, which should be 0000"):
        fetch(mirror, tmp_path, sha256="0" * 64)
    assert not [file for file in tmp_path.iterdir() if file.is_file()]


def test_a_page_that_is_no_gzip_is_refused(mirror, tmp_path):
    mirror.files["/toy.gz"] = b"<html>Please log in to this network</html>"
    with pytest.raises(FetchFailed, match="has sha256 unreadable"):
        fetch(mirror, tmp_path)


def test_another_packing_of_the_same_content_is_as_good(mirror, tmp_path):
    mirror.files["/toy.gz"] = gzip.compress(CONTENT, 9)
    assert gzip.decompress(fetch(mirror, tmp_path)) == CONTENT


@pytest.fixture
def toy_known(mirror: Mirror) -> Known:
    """A known dataset of four tiny files, on the server."""
    contents = [struct.pack(">4I", 0x803, 0, 0, number) for number in range(4)]
    for name, content in zip(IDX_FILES, contents, strict=True):
        mirror.files[f"/{name}.gz"] = gzip.compress(content)
    sha256 = tuple(hashlib.sha256(content).hexdigest() for content in contents)
    return replace(KNOWN["mnist"], sha256=sha256, mirrors=(mirror.url,))


def test_four_files_make_a_set(mirror, toy_known, tmp_path):
    assert not holds(tmp_path / "set", toy_known)
    assert fetch_from(mirror.url, toy_known, tmp_path / "set", no_progress) is None
    assert holds(tmp_path / "set", toy_known)


def test_files_that_are_there_are_not_fetched_again(mirror, toy_known, tmp_path):
    fetch_from(mirror.url, toy_known, tmp_path, no_progress)
    (tmp_path / f"{IDX_FILES[1]}.gz").unlink()
    mirror.ranges.clear()
    fetch_from(mirror.url, toy_known, tmp_path, no_progress)
    assert len(mirror.ranges) == 1


def test_a_mirror_without_the_file_says_so(mirror, toy_known, tmp_path):
    del mirror.files[f"/{IDX_FILES[2]}.gz"]
    assert fetch_from(mirror.url, toy_known, tmp_path, no_progress) == "Not Found"
    assert not holds(tmp_path, toy_known)


def test_a_server_that_is_not_there_says_so(toy_known, tmp_path):
    reason = fetch_from("http://127.0.0.1:9/", toy_known, tmp_path, no_progress)
    assert "Connection refused" in reason


def test_a_set_of_the_same_names_is_not_taken_for_another(mirror, toy_known, tmp_path):
    fetch_from(mirror.url, toy_known, tmp_path, no_progress)
    assert not holds(tmp_path, KNOWN["mnist"])
