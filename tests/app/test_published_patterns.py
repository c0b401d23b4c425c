"""What was published against servers of this kind, tried on this one: each pattern by its id."""

import io
import stat
import struct
import zipfile
import zlib

import pytest

from tests.app.conftest import HOST, PORT, TOKEN, until
from toile.app import AppDoor, guarded
from toile.guard import host_headers

GOOD = [("Host", HOST), ("X-Toile-Token", TOKEN)]
JSON = ("Content-Type", "application/json")


def status(ask, method, path, *headers, content=b"") -> int:
    return ask.bare(method, path, headers=list(headers), content=content).status_code


def test_cve_2023_48022_no_job_is_taken_without_the_token(ask):
    body = b'{"source": "preset:quick", "changes": []}'
    assert status(ask, "POST", "/api/queue", ("Host", HOST), JSON, content=body) == 401
    assert ask("GET", "/api/queue").json()["jobs"] == []


@pytest.mark.parametrize(
    ("cve", "method", "host"),
    [
        ("CVE-2025-62593", "GET", "evil.example"),
        ("CVE-2026-27482", "DELETE", f"evil.example:{PORT}"),
        ("CVE-2025-59159", "POST", f"127.0.0.1.evil.example:{PORT}"),
        ("CVE-2025-66414", "PUT", f"localhost.evil:{PORT}"),
    ],
)
def test_a_name_that_was_bound_anew_to_this_machine_is_refused(ask, workspace, cve, method, host):
    headers = [("Host", host), ("X-Toile-Token", TOKEN)]
    for path in ("/", "/api/runs/first", "/index.html"):
        assert status(ask, method, path, *headers) == 403
    assert (workspace / "first").exists()


@pytest.mark.parametrize(
    ("cve", "origin"),
    [
        ("CVE-2024-1727", "https://evil.example"),
        ("CVE-2024-47165", "null"),
        ("CVE-2025-5320", f"http://{HOST}.evil.example"),
        ("CVE-2025-5320", f"http://localhost:{PORT + 1}"),
    ],
)
def test_a_page_of_another_site_brings_nothing_here(ask, workspace, cve, origin):
    assert status(ask, "POST", "/api/uploads", *GOOD, ("Origin", origin)) == 403
    assert not (workspace / ".data").exists()


def test_cve_2024_47084_no_cookie_opens_the_door(ask):
    cookie = ("Cookie", f"token={TOKEN}; X-Toile-Token={TOKEN}")
    assert status(ask, "GET", "/api/runs", ("Host", HOST), cookie) == 401


@pytest.mark.parametrize(
    ("cve", "path"),
    [
        ("CVE-2023-1177", "/api/runs/..%2f..%2fetc%2fpasswd"),
        ("CVE-2023-2780", "/api/runs/%2e%2e"),
        ("CVE-2023-6909", "/api/runs/first%2f..%2f..%2f.app/history"),
        ("CVE-2021-43831", "/file=/etc/passwd"),
        ("CVE-2023-34239", "/file/etc/passwd"),
        ("CVE-2023-51449", "/assets/..%5c..%5cserver.py"),
        ("CVE-2022-35918", "/assets/%2e%2e/%2e%2e/server.py"),
        ("CVE-2024-42474", "/assets/..%255c..%255cserver.py"),
        ("CVE-2023-29159", "/_web-secret/index.html"),
        ("CVE-2026-34447", "/api/drafts/..%2fserver"),
    ],
)
def test_no_path_leads_out(ask, cve, path):
    answer = ask("GET", path)
    assert answer.status_code in (404, 422), answer.text
    assert "root:" not in answer.text
    assert "create_app" not in answer.text
    assert TOKEN not in answer.text


@pytest.mark.parametrize(
    ("cve", "path"),
    [
        ("CVE-2026-33682", "\\\\evil.example\\share\\x.zip"),
        ("CVE-2024-47167", "http://169.254.169.254/latest/meta-data"),
        ("CVE-2026-28416", "file:///etc/passwd"),
        ("CVE-2026-64849", "//evil.example/x.zip"),
    ],
)
def test_nothing_of_elsewhere_is_fetched_or_touched(ask, cve, path):
    refused = ask("POST", "/api/data", json={"path": path})
    assert "no path on this machine" in refused.json()["error"]
    assert ask.session.reading.pid is None


@pytest.mark.parametrize("cve", ["CVE-2023-6568", "CVE-2024-27132", "CVE-2023-27494"])
def test_what_is_said_of_a_request_is_data_and_never_a_page(ask, cve):
    answer = ask("GET", "/api/runs/<script>alert(1)</script>")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("cve", ["CVE-2024-22420", "CVE-2026-40171", "CVE-2026-44727"])
def test_a_stored_page_runs_nothing(ask, workspace, cve):
    (workspace / "first" / "report.html").write_text("<script>fetch('/api/runs')</script>")
    path = ask("POST", "/api/runs/first/page").json()["path"]
    policy = ask.bare("GET", path, headers=[("Host", HOST)]).headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script" not in policy


@pytest.mark.parametrize(
    ("cve", "path"),
    [
        ("CVE-2020-26275", "//evil.example/%2f.."),
        ("CVE-2023-39968", "/login?next=//evil.example"),
        ("CVE-2026-86044", "/api/runs/?url=https://evil.example"),
    ],
)
def test_nobody_is_sent_elsewhere(ask, cve, path):
    answer = ask("GET", path)
    assert not 300 <= answer.status_code < 400
    assert "location" not in answer.headers


def test_cve_2022_24757_what_prints_the_server_prints_no_token(ask):
    assert TOKEN not in repr(guarded(ask.session, TOKEN, host_headers(PORT)))


@pytest.mark.parametrize("cve", ["CVE-2022-29241", "CVE-2022-0736"])
def test_what_opens_the_app_lies_where_its_owner_alone_reads(tmp_path, cve):
    with AppDoor(tmp_path).held():
        AppDoor(tmp_path).say_where("http://127.0.0.1/#token=x")
        assert stat.S_IMODE((tmp_path / ".app").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / ".app" / "server.json").stat().st_mode) == 0o600


def png_of(side_px: int) -> bytes:
    """A file that says it holds a picture of so many pixels a side."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side_px, side_px, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(9)))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b"")


BREAKING = {
    "CVE-2026-40192": b"SIMPLE  =                    T" + b" " * 2850,
    "CVE-2026-59200": b"%PDF-1.4\n1 0 obj<</Length 999999999>>stream",
    "CVE-2026-25990": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 1, 1, 8, 3),
    "CVE-2026-42311": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 2**31, 2**31, 8, 3),
    "CVE-2026-54058": b"GIF89a\xff\xff\xff\xff\x80",
    "CVE-2025-32434": b"\x80\x02cos\nsystem\n(S'touch marker'\ntR.",
    "CVE-2019-19911": png_of(60_000),
}


def test_bytes_that_once_broke_a_parser_are_refused_by_one_process_that_lives_on(ask):
    pids = set()
    for cve, content in BREAKING.items():
        answer = ask("POST", "/api/try/first", content=content)
        assert answer.status_code == 422, cve
        assert "the picture" in answer.json()["error"], cve
        pids.add(ask.session.answering.pid)
    assert len(pids) == 1
    assert None not in pids


@pytest.mark.parametrize("cve", ["CVE-2023-30798", "CVE-2024-47874", "CVE-2026-54283"])
def test_no_form_is_read(ask, cve):
    form = b"a=1&" * 50_000
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = ask("POST", "/api/queue", content=form, headers={"Content-Type": kind})
        assert answer.status_code == 422


@pytest.mark.parametrize("cve", ["CVE-2007-4559", "CVE-2026-27489"])
def test_an_archive_writes_nothing_beside_itself(ask, workspace, cve):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../escaped.txt", "x")
        archive.writestr("/escaped.txt", "x")
    upload = ask("POST", "/api/uploads").json()["upload"]
    ask("PUT", f"/api/uploads/{upload}/a.zip", content=file.getvalue())
    name = ask("POST", "/api/data", json={"upload": upload}).json()["name"]
    until(lambda: ask("GET", f"/api/data/{name}/added").json()["status"] == "failed")
    assert not list(workspace.parent.rglob("escaped.txt"))


@pytest.mark.parametrize("cve", ["CVE-2026-48710", "CVE-2026-54282"])
def test_a_poisoned_name_of_the_server_is_said_by_nobody(ask, cve):
    headers = [*GOOD, ("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example")]
    for path in ("/", "/api/about", "/api/nothing"):
        answer = ask.bare("GET", path, headers=headers)
        assert "evil.example" not in answer.text + str(answer.headers)
