"""The guard, driven by a real ASGI client: who is let in, what a body may be, what goes out."""

import asyncio
import itertools
import json
import selectors

import httpx
import pytest

from toile.errors import ToileError
from toile.guard import Guard, host_headers

PORT = 8000
OWN = "127.0.0.1:8000"
TOKEN = "t0k-en_of-43-letters-as-secrets-makes-them."
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
KNOWN = [("Authorization", f"Bearer {TOKEN}")]
MOST = 100


class QuietTime(asyncio.SelectorEventLoop):
    """A loop on which time goes by only while nothing is left to do, and then at once."""

    def __init__(self) -> None:
        self._seconds = 0.0
        loop = self

        class Selector(selectors.DefaultSelector):
            def select(self, timeout: float | None = None) -> list:
                loop._seconds += timeout or 0.0
                return super().select(None if timeout is None else 0)

        super().__init__(Selector())

    def time(self) -> float:
        return self._seconds


def run(work):
    with asyncio.Runner(loop_factory=QuietTime) as runner:
        return runner.run(work)


class House:
    """The app behind the guard. Remembers who came in, and reads all that they bring."""

    def __init__(self) -> None:
        self.visits: list[tuple[str, str, bytes]] = []

    async def __call__(self, scope, receive, send) -> None:
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                break
        else:
            return
        self.visits.append((scope["method"], scope["path"], body))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"welcome"})


@pytest.fixture
def house() -> House:
    return House()


def guarded(app, **settings) -> Guard:
    limits = {"body_bytes": MOST, "body_seconds": 5.0, "stall_seconds": 5.0, "least_speed": 1.0}
    limits |= {"open_paths": frozenset({"/health"})}
    return Guard(app, host_headers(PORT), TOKEN, **limits | settings)


def ask(app, method="GET", path="/", headers=(), hosts=(OWN,), content=None) -> httpx.Response:
    """What the guard answers; `hosts` may be none or several."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://ignored") as client:
            request = client.build_request(method, path, content=content)
            given = [*(("Host", host) for host in hosts), *headers]
            kept = [pair for pair in request.headers.items() if pair[0] != "host"]
            request.headers = httpx.Headers([*given, *kept])
            return await client.send(request)

    return run(send())


HOSTS = {
    (OWN,): 200,
    ("localhost:8000",): 200,
    ("LocalHost:8000",): 200,
    ("[::1]:8000",): 200,
    (): 403,
    (OWN, OWN): 403,
    (OWN, "evil.com"): 403,
    ("",): 403,
    ("127.0.0.1",): 403,
    ("localhost",): 403,
    ("[::1]",): 403,
    ("127.0.0.1:8001",): 403,
    ("127.0.0.1:80000",): 403,
    ("evil.com",): 403,
    ("evil.com:8000",): 403,
    ("127.0.0.1.evil.com:8000",): 403,
    ("localhost.evil:8000",): 403,
    ("evil@127.0.0.1:8000",): 403,
    ("127.0.0.1:8000, evil.com",): 403,
    ("127.1:8000",): 403,
    ("2130706433:8000",): 403,
    ("0.0.0.0:8000",): 403,
    ("[::ffff:127.0.0.1]:8000",): 403,
    ("localhost.:8000",): 403,
}


@pytest.mark.parametrize(("hosts", "method"), [*itertools.product(HOSTS, METHODS)])
def test_only_the_exact_local_hosts_come_in_by_every_method(house, hosts, method):
    answer = ask(guarded(house), method, "/health", KNOWN, hosts)
    assert answer.status_code == HOSTS[hosts]
    assert len(house.visits) == (HOSTS[hosts] == 200)


# Which methods each origin may use.
ORIGINS = {
    (): METHODS,
    ("http://127.0.0.1:8000",): METHODS,
    ("HTTP://127.0.0.1:8000",): METHODS,
    ("https://127.0.0.1:8000",): METHODS,
    ("null",): ("GET", "HEAD"),
    ("",): (),
    ("http://evil.com",): (),
    ("http://localhost:8000",): (),
    ("http://127.0.0.1",): (),
    ("http://127.0.0.1:8001",): (),
    ("http://127.0.0.1:8000.evil.com",): (),
    ("http://127.0.0.1:8000", "http://evil.com"): (),
    ("null", "null"): (),
}
TOKENS = {
    (): False,
    (("Authorization", f"Bearer {TOKEN}"),): True,
    (("Authorization", f"bearer {TOKEN}"),): True,
    (("X-Toile-Token", TOKEN),): True,
    (("X-Toile-Token", "wrong"), ("Authorization", f"Bearer {TOKEN}")): True,
    (("Authorization", TOKEN),): False,
    (("Authorization", f"Basic {TOKEN}"),): False,
    (("Authorization", f"Bearer {TOKEN[:-1]}"),): False,
    (("Authorization", f"Bearer {TOKEN}x"),): False,
    (("Authorization", f"Bearer {TOKEN.upper()}"),): False,
    (("Authorization", "Bearer "),): False,
    ((b"X-Toile-Token", b"\xff\xfe"),): False,
    (("Cookie", f"token={TOKEN}"),): False,
}


@pytest.mark.parametrize(("origins", "tokens"), [*itertools.product(ORIGINS, TOKENS)])
def test_an_origin_must_be_the_host_and_everyone_must_know_the_token(house, origins, tokens):
    headers = [*(("Origin", origin) for origin in origins), *tokens]
    for method in METHODS:
        house.visits.clear()
        expected = 403 if method not in ORIGINS[origins] else 200 if TOKENS[tokens] else 401
        answer = ask(guarded(house), method, "/predict", headers)
        assert answer.status_code == expected, method
        assert len(house.visits) == (expected == 200), method


@pytest.mark.parametrize("method", METHODS)
def test_an_open_path_can_be_read_without_a_token_and_only_read(house, method):
    expected = 200 if method in ("GET", "HEAD") else 401
    assert ask(guarded(house), method, "/health").status_code == expected
    for path in ("/health/", "/Health", "//health", "/health;x", "/%68ealth/.."):
        assert ask(guarded(house), method, path).status_code == 401, path


def test_a_token_in_the_address_is_not_taken(house):
    assert ask(guarded(house), path=f"/?token={TOKEN}").status_code == 401
    assert house.visits == []


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ({"headers": KNOWN}, 200),
        ({}, 401),
        ({"hosts": ("evil.com",)}, 403),
        ({"headers": [("Origin", "http://evil.com")], "method": "OPTIONS"}, 403),
        ({"headers": KNOWN, "content": b"x" * (MOST + 1)}, 413),
    ],
)
def test_every_answer_forbids_what_a_browser_could_do_with_it_and_allows_no_other_site(
    house, words, status
):
    answer = ask(guarded(house), **words)
    assert answer.status_code == status
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert not {"set-cookie", "location"} & set(answer.headers)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    if status != 200:
        assert list(answer.json()) == ["error"]


def test_what_an_app_says_of_itself_stays_and_pages_may_have_a_policy_of_their_own():
    async def asset(scope, receive, send):
        headers = [(b"cache-control", b"immutable")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    answer = ask(guarded(asset, policy="script-src 'self'"), headers=KNOWN)
    assert answer.headers.get_list("cache-control") == ["immutable"]
    assert answer.headers["content-security-policy"] == "script-src 'self'"


def test_a_body_is_let_in_up_to_the_limit_to_the_byte(house):
    answers = [
        ask(guarded(house), "POST", headers=KNOWN, content=b"x" * size) for size in (MOST, MOST + 1)
    ]
    assert [answer.status_code for answer in answers] == [200, 413]
    assert [len(body) for _, _, body in house.visits] == [MOST]


def test_a_length_over_the_limit_is_refused_before_a_byte_is_read(house):
    sent = []

    async def never():
        sent.append("asked for the body")
        yield b"x"

    headers = [*KNOWN, ("Content-Length", str(MOST + 1))]
    assert ask(guarded(house), "POST", headers=headers, content=never()).status_code == 413
    assert sent == []


def test_a_body_without_a_length_is_cut_off_where_it_passes_the_limit(house):
    sent = []

    async def endless():
        while True:
            sent.append(40)
            yield b"x" * 40

    assert ask(guarded(house), "POST", headers=KNOWN, content=endless()).status_code == 413
    assert sum(sent) == 120
    assert house.visits == []


def test_a_body_that_does_not_come_is_given_up(house):
    async def stalled():
        yield b"x"
        await asyncio.Event().wait()

    app = guarded(house, body_seconds=0.05)
    assert ask(app, "POST", headers=KNOWN, content=stalled()).status_code == 408
    assert house.visits == []


def test_a_body_that_stalls_is_given_up_long_before_its_time_however_fast_it_began(house):
    async def stalled():
        yield bytes(MOST)
        await asyncio.Event().wait()

    app = guarded(house, body_seconds=1e6, stall_seconds=0.05, least_speed=1e-6)
    assert ask(app, "POST", headers=KNOWN, content=stalled()).status_code == 408
    assert house.visits == []


def test_a_body_slower_than_the_least_speed_is_given_up_though_it_never_stalls(house):
    async def trickle():
        for _ in range(1000):
            yield b"x"
            await asyncio.sleep(0.01)

    limits = {"body_bytes": 10**12, "body_seconds": 1e6, "stall_seconds": 0.05}
    app = guarded(house, **limits, least_speed=1e12)
    answer = ask(app, "POST", headers=KNOWN, content=trickle())
    assert answer.status_code == 408
    assert "brings 1,000,000,000,000 bytes in each" in answer.json()["error"]


def test_a_body_that_comes_a_byte_at_a_time_is_given_up_as_a_whole(house):
    async def trickle():
        while True:
            yield b"x"
            await asyncio.sleep(0.02)

    # At this rate the limit of bytes, with another status, would come after 2 seconds.
    app = guarded(house, body_seconds=0.1)
    assert ask(app, "POST", headers=KNOWN, content=trickle()).status_code == 408


def test_the_time_for_a_body_does_not_end_a_long_answer():
    async def slow(scope, receive, send):
        while (await receive())["more_body"]:
            pass
        await asyncio.sleep(0.6)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        waiting = asyncio.ensure_future(receive())
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await send({"type": "http.response.body", "body": b"late"})
        assert (await waiting)["type"] == "http.disconnect"

    answer = ask(guarded(slow, body_seconds=0.5), headers=KNOWN)
    assert answer.content == b"late"


def test_the_time_for_a_body_begins_when_the_app_asks_for_it():
    async def busy(scope, receive, send):
        await asyncio.sleep(0.6)
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"read"})

    async def prompt():
        await asyncio.sleep(0)
        yield b"x"

    answer = ask(guarded(busy, body_seconds=0.5), "POST", headers=KNOWN, content=prompt())
    assert (answer.status_code, answer.content) == (200, b"read")


def test_an_answer_that_has_begun_is_not_begun_again_by_a_refusal():
    async def hasty(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await receive())["type"] != "http.disconnect":
            pass
        await send({"type": "http.response.body", "body": b"", "more_body": True})

    sent = []

    async def receive():
        return {"type": "http.request", "body": b"x" * 60, "more_body": True}

    async def send(message):
        sent.append(message["type"])

    headers = [(b"host", OWN.encode()), (b"x-toile-token", TOKEN.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    run(guarded(hasty)(scope, receive, send))
    assert sent == ["http.response.start"]


def test_a_websocket_is_closed_before_it_opens_and_a_lifespan_passes(house):
    sent = []

    async def send(message):
        sent.append(message)

    async def live(scope, receive, send):
        await send({"type": scope["type"]})

    run(guarded(live)({"type": "websocket"}, None, send))
    run(guarded(live)({"type": "lifespan"}, None, send))
    assert sent == [{"type": "websocket.close", "code": 4403}, {"type": "lifespan"}]


def test_a_refusal_says_what_came_and_what_to_do_cut_short(house):
    answer = ask(guarded(house), hosts=("<script>" + "e" * 500,))
    assert answer.headers["content-type"] == "application/json"
    assert "--allow-host" in answer.json()["error"]
    assert len(answer.content) < 300
    assert TOKEN not in json.dumps(dict(answer.headers)) + answer.text
    assert TOKEN not in repr(guarded(house))


def test_the_port_that_browsers_leave_out_may_be_left_out():
    assert "localhost" in host_headers(80)
    assert "localhost" not in host_headers(8000)


def test_the_address_listened_at_is_this_servers_with_its_port_alone():
    local = host_headers(8000)
    assert host_headers(8000, (), "192.168.1.5") - local == {"192.168.1.5:8000"}
    assert host_headers(8000, (), "[fe80::1]") - local == {"[fe80::1]:8000"}
    assert host_headers(80, (), "192.168.1.5") - host_headers(80) == {
        "192.168.1.5",
        "192.168.1.5:80",
    }


def test_an_allowed_name_goes_with_the_port_or_alone_and_with_its_own_port_only_so():
    local = host_headers(8000)
    assert host_headers(8000, ["Toile.example.org"]) - local == {
        "toile.example.org",
        "toile.example.org:8000",
    }
    assert host_headers(8000, ["192.168.1.5:9000", "[fe80::1]"]) - local == {
        "192.168.1.5:9000",
        "[fe80::1]",
        "[fe80::1]:8000",
    }


@pytest.mark.parametrize("name", ["", "*", "http://a", "a/b", "a b", "a:b", "a:", "ä.de", "a\r\nb"])
def test_what_no_browser_would_send_as_host_is_refused_with_the_form(name):
    with pytest.raises(ToileError, match=r"--allow-host is .*it is a name or an address"):
        host_headers(8000, [name])
