import io
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from toile.runs import Run


@contextmanager
def serving(*words: object, ending: int = signal.SIGINT) -> Iterator[subprocess.Popen]:
    """`toile serve` with some words, until `ending` ends it, which must go as it should."""
    process = subprocess.Popen(
        [sys.executable, "-m", "toile.cli", "serve", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(ending)
        said, errors = process.communicate(timeout=300)
    assert said == ""
    assert "Traceback" not in errors
    assert process.returncode == 130


def first_words(process: subprocess.Popen) -> dict:
    """What --json says at the start."""
    return json.loads(process.stdout.readline())


def picture() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.zeros((28, 28), np.uint8)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="session")
def exported(trained: Path) -> Path:
    """The file a run is served from, made by serving it once."""
    with serving(trained, "--port=0", "--json") as process:
        assert first_words(process)["run"] == "run"
    return trained / "serve-last.onnx"


@pytest.mark.usefixtures("cold_processes")
def test_a_run_is_exported_once_proven_and_served_from_then_on_without_torch(exported, trained):
    made = exported.stat().st_mtime_ns
    with serving(trained, "--port=0", "--json") as process:
        said = first_words(process)
        assert "torch" not in Path(f"/proc/{process.pid}/maps").read_text()
    assert exported.stat().st_mtime_ns == made
    assert said["weights_sha256"] == Run(trained).results.weights["last"]
    assert said["accuracy"]["value"] == Run(trained).score.value


def test_what_it_says_at_the_start_is_all_one_needs(exported):
    with serving(exported, "--port=0", ending=signal.SIGTERM) as process:
        heading, token, line = (process.stdout.readline() for _ in range(3))
        url = re.search(r"http://127\.0\.0\.1:\d+", heading)[0]
        assert line.endswith(f"--data-binary @picture.png {url}/predict\n")
        header = re.search(r'-H "(\S+): (.+?)"', line)
        # 256 bits, six a letter.
        assert re.fullmatch(r"token  [\w-]{43}\n", token)
        assert header[2] == f"Bearer {token.split()[1]}"
        asked = {"content": picture(), "headers": {header[1]: header[2]}}
        assert httpx.post(f"{url}/predict", **asked).status_code == 200
        assert httpx.post(f"{url}/predict", content=picture()).status_code == 401
        assert httpx.get(f"{url}/health").json() == {"status": "ready"}


def test_a_token_in_a_file_is_for_its_owner_alone_and_not_shown(exported, tmp_path):
    file = tmp_path / "token"
    with serving(exported, "--port=0", f"--token-file={file}", "--json") as process:
        said = first_words(process)
        assert "token" not in said
        token = file.read_text()
        headers = {"X-Toile-Token": token}
        assert httpx.get(said["url"], headers=headers).json()["run"] == "run"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert token not in json.dumps(said)


@pytest.mark.parametrize("kind", ["file", "link", "link to nothing"])
def test_what_stands_where_the_token_should_go_is_kept(toile, exported, tmp_path, kind):
    thesis, file = tmp_path / "thesis.txt", tmp_path / "token"
    if kind != "link to nothing":
        thesis.write_text("years of work")
    if kind == "file":
        file.hardlink_to(thesis)
    else:
        file.symlink_to(thesis)
    answer = toile("serve", exported, "--port=0", f"--token-file={file}")
    assert answer.code == 2
    assert f"--token-file {file} is there already" in answer.errors
    assert thesis.exists() == (kind != "link to nothing")
    assert kind == "link to nothing" or file.read_text() == "years of work"


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--host=127.0.0.2"], marks=pytest.mark.slow),
        ["--host=localhost"],
        # Not known for loopback by its letters, and so as any address of the machine.
        pytest.param(["--host=127.1", "--allow-host=toile.example.org"], marks=pytest.mark.slow),
        ["--host=0.0.0.0", "--allow-host=toile.example.org"],
    ],
)
def test_the_address_it_says_is_let_in(exported, words):
    with serving(exported, "--port=0", "--json", *words) as process:
        said = first_words(process)
        headers = {"X-Toile-Token": said["token"]}
        assert httpx.get(said["url"], headers=headers).status_code == 200


def test_other_machines_may_come_only_under_the_names_given_and_it_is_warned_of(toile, exported):
    refused = toile("serve", exported, "--host=0.0.0.0", "--port=0")
    assert refused.code == 2
    assert "--allow-host NAME" in refused.errors
    with serving(
        exported, "--host=0.0.0.0", "--allow-host=toile.example.org", "--port=0", "--json"
    ) as process:
        assert "not encrypted" in process.stderr.readline()
        url = first_words(process)["url"]
        for host, status in (("toile.example.org", 200), ("evil.com", 403)):
            assert httpx.get(f"{url}/health", headers={"Host": host}).status_code == status


def test_ctrl_c_while_a_picture_arrives_ends_it_all_the_same(exported):
    with serving(exported, "--port=0", "--json") as process:
        said = first_words(process)
        port = int(said["url"].rpartition(":")[2])
        connection = socket.create_connection(("127.0.0.1", port))
        head = f"Host: 127.0.0.1:{port}\r\nX-Toile-Token: {said['token']}\r\nContent-Length: 99\r\n"
        connection.sendall(f"POST /predict HTTP/1.1\r\n{head}Expect: 100-continue\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
    connection.close()


def test_a_port_in_use_is_said_with_the_way_out(toile, exported):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = toile("serve", exported, f"--port={port}")
    assert answer.code == 2
    assert answer.errors == (
        f"toile: --host 127.0.0.1 --port {port}: Address already in use; "
        "--port 0 takes a free port\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing"], "no run in"),
        (["{exported}", "--weights=bst"], "bst"),
        (["{exported}", "--allow-host=*"], "--allow-host is '*'; it is a name"),
        (["{exported}", "--token-file=/nowhere/token"], "--token-file /nowhere/token: No such"),
    ],
)
def test_what_a_user_can_put_right_is_said_without_a_traceback(toile, exported, words, message):
    filled = [word.format(exported=exported) for word in words]
    answer = toile("serve", "--port=0", *filled)
    assert answer.code == 2
    assert message in answer.errors
    assert "Traceback" not in answer.errors


def test_without_the_extra_packages_the_line_to_type_is_said(trained, tmp_path):
    blocker = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'onnxruntime':\n"
        "            raise ModuleNotFoundError(f'No module named {name}', name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "from toile.cli import main\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", blocker, "serve", str(trained), "--port=0"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "'.[export]'" in done.stderr
