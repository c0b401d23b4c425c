"""Who may ask what: Host, Origin, token, method and route, all with all."""

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest

import toile.app
from tests.app.conftest import HOST, PORT, TOKEN

APP = Path(toile.app.__file__).parent
HOSTS = {HOST: True, f"localhost:{PORT}": True, "evil.example": False, "127.0.0.1:9": False}
ORIGINS = {None: "own", "own": "own", "null": "null", "https://evil.example": "foreign"}
TOKENS = {TOKEN: True, "": False, TOKEN[:-1]: False}
ROUTES = {
    "/": "open",
    "/index.html": "open",
    "/api/about": "closed",
    "/api/runs": "closed",
    "/api/queue": "closed",
    "/pages/guessed": "closed",
    "/nothing": "closed",
}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_each_request_is_let_in_by_host_origin_and_token_alone(ask, method):
    for host, origin, token, route in itertools.product(HOSTS, ORIGINS, TOKENS, ROUTES):
        headers = [("Host", host)] + [("X-Toile-Token", token)] * bool(token)
        if origin is not None:
            headers.append(("Origin", f"http://{host}" if origin == "own" else origin))
        reads = method in ("GET", "HEAD")
        origin_is_good = ORIGINS[origin] == "own" or (ORIGINS[origin] == "null" and reads)
        is_open = ROUTES[route] == "open" and reads
        status = ask.bare(method, route, headers=headers, content=b"").status_code
        row = (method, host, origin, bool(token), route)
        if not HOSTS[host] or not origin_is_good:
            assert status == 403, row
        elif not TOKENS[token] and not is_open:
            assert status == 401, row
        else:
            assert status not in (401, 403), row
            assert status < 500, row


def test_every_answer_carries_the_policy_and_nothing_of_cors(ask):
    for answer in (ask("GET", "/"), ask("GET", "/api/runs"), ask("GET", "/api/runs/none")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_the_page_names_its_own_files_alone(ask):
    page = ask("GET", "/")
    assert page.headers["cache-control"] == "no-store"
    files = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert files
    assert all(name.startswith("./") for name in files)
    for name in files:
        answer = ask("GET", name.removeprefix("."), headers={"X-Toile-Token": ""})
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"] or "/assets/" not in name


@pytest.mark.parametrize(
    "run_id", ["..", "../first", "%2e%2e", "first/../first", "/etc", ".app", "-", "a" * 300, "a\0b"]
)
def test_an_id_is_never_a_path(ask, run_id):
    for path in ("", "/history", "/page"):
        method = "POST" if path == "/page" else "GET"
        answer = ask(method, "/api/runs/" + run_id.replace("/", "%2F").replace("\0", "%00") + path)
        assert answer.status_code in (404, 405)


def test_a_runs_page_opens_by_its_ticket_and_can_do_nothing(ask):
    path = ask("POST", "/api/runs/first/page").json()["path"]
    page = ask.bare("GET", path, headers=[("Host", HOST)])
    assert page.text == "<h1>The page of first</h1>"
    assert page.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert ask.bare("GET", path + "x", headers=[("Host", HOST)]).status_code == 401
    assert ask.bare("POST", path, headers=[("Host", HOST)]).status_code == 401
    assert ask("POST", "/api/runs/second/page").status_code == 404


def test_no_file_of_the_app_asks_a_request_for_its_url():
    # A Host header may write what it likes into it: CVE-2026-48710, CVE-2026-54282.
    for file in APP.rglob("*.py"):
        assert not re.search(r"(request|self)\.(url|base_url)\b|url_for", file.read_text()), file


def test_no_source_of_the_page_writes_html():
    for file in (APP.parents[2] / "web" / "src").rglob("*.*"):
        if file.suffix in (".svelte", ".ts"):
            assert not re.search(
                r"\{@html|innerHTML|insertAdjacentHTML|eval\(", file.read_text()
            ), file


NO_TORCH = """
import asyncio, sys
from pathlib import Path
import httpx
from toile.app import Session
from toile.app.server import create_app

async def ask_all(session):
    transport = httpx.ASGITransport(create_app(session))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        for path in ("about", "data", "runs", "queue", "choices", "imports", "runs/first", "layers",
                     "runs/first/history", "compare?run=first&run=second"):
            answer = await client.get("/api/" + path)
            assert answer.status_code == 200, (path, answer.text)
        for path in ("form", "document"):
            asked = {"source": "preset:quick"}
            answer = await client.post("/api/" + path, json=asked)
            assert answer.status_code == 200, (path, answer.text)
        answer = await client.post("/api/network", json={"recipe": answer.json()["recipe"]})
        assert answer.json()["problem"] == "", answer.text
        # Its page is written anew by another process.
        answer = await client.patch("/api/runs/first", json={"star": True})
        assert answer.status_code == 200, answer.text

session = Session.of(Path(sys.argv[1]))
asyncio.run(ask_all(session))
session.end()
print(sorted({"torch", "matplotlib", "onnxruntime"} & sys.modules.keys()))
"""


def test_the_server_never_imports_torch(workspace):
    words = [sys.executable, "-c", NO_TORCH, str(workspace)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_server_begins_without_what_takes_a_moment_to_import():
    code = "import sys, toile.app.server\nprint(sorted({'scipy', 'h5py'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
