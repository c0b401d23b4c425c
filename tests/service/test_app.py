import asyncio
import io
import json

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from toile import __version__
from toile.data import load_data
from toile.data.sealed import open_sealed
from toile.evaluation import probabilities
from toile.runs import abstention_of
from toile.runs.classifier import load_network
from toile.service import app, create_app

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")


def as_file(pixels, kind="PNG", **words) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **words)
    return file.getvalue()


@pytest.fixture(scope="session")
def pictures():
    """A few pictures of the data that the run was trained on, (n, 1, 28, 28)."""
    return load_data("fashion-sample").train.pixels[:20]


@pytest.fixture(scope="session")
def noise():
    return np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)


def test_a_picture_is_answered_as_the_run_itself_answers_it(ask, run, pictures):
    from toile.network import network_logits, pixels_of

    names, facts = run.data.class_names, run.data
    scale = pixels_of(facts.scaling, facts.mean, facts.sd)
    shares = probabilities(network_logits(load_network(run), pictures, scale))
    for picture, expected in zip(pictures, shares, strict=True):
        answer = ask("POST", "/predict?top=10&always=true", content=as_file(picture[0]))
        assert answer.status_code == 200
        said = {one["class"]: one["probability"] for one in answer.json()["top"]}
        assert [said[name] for name in names] == pytest.approx(expected, abs=1e-4)
        assert list(said.values()) == sorted(said.values(), reverse=True)


def test_as_many_classes_are_named_as_asked_for_and_three_unasked(ask, noise):
    picture = as_file(noise)
    counts = {"": 3, "&top=1": 1, "&top=10": 10, "&top=99999999999999999999": 10}
    for query, count in counts.items():
        answer = ask("POST", f"/predict?always=true{query}", content=picture)
        assert len(answer.json()["top"]) == count


@pytest.mark.parametrize("top", ["0", "-1", "x", "", "1.5", "9" * 5000])
def test_a_number_of_classes_that_is_none_is_refused_in_a_sentence(ask, noise, top):
    answer = ask("POST", f"/predict?top={top}", content=as_file(noise))
    assert answer.status_code == 422
    assert answer.json()["error"].endswith("use a whole number from 1")
    assert len(answer.text) < 200


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_told_by_its_content_whatever_the_request_calls_it(ask, noise, kind):
    for content_type in ("image/png", "application/json", "text/html", "multipart/form-data", "x"):
        answer = ask(
            "POST", "/predict", content=as_file(noise, kind), headers={"Content-Type": content_type}
        )
        assert answer.status_code == 200, content_type


def test_what_is_odd_about_a_picture_is_said_with_its_answer(ask):
    blank = ask("POST", "/predict", content=as_file(np.zeros((28, 28), np.uint8)))
    assert blank.json()["top"] == []
    assert "nothing is drawn in it" in blank.json()["abstained"]
    always = ask("POST", "/predict?always=1", content=as_file(np.zeros((28, 28), np.uint8))).json()
    assert len(always["top"]) == 3
    assert always["abstained"] == []
    assert "nothing is drawn in it" in always["warnings"]


def test_always_is_true_or_false(ask, noise):
    answer = ask("POST", "/predict?always=often", content=as_file(noise))
    assert answer.status_code == 422
    assert answer.json()["error"] == "always is 'often'; use true or false"


def test_how_many_genuine_pictures_get_no_answer_stands_on_the_card(ask, run):
    cost = abstention_of(run).cost
    assert cost is not None
    assert ask("GET", "/").json()["abstains"] == cost.sentence


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"hello", "is no PNG, JPEG, WebP, BMP or GIF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no PNG"),
        (b"8BPS\0\1" + bytes(40), "is a Photoshop file, which is not read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is an SVG drawing, which is not read"),
        (b"II*\0" + bytes(40), "is a TIFF picture, which is not read"),
        (b'{"picture": 1}', "is no PNG"),
    ],
)
def test_what_is_no_picture_is_refused_in_a_sentence(ask, content, words):
    answer = ask("POST", "/predict", content=content)
    assert answer.status_code == 422
    assert list(answer.json()) == ["error"]
    assert words in answer.json()["error"]


def test_a_truncated_picture_is_refused(ask, noise):
    answer = ask("POST", "/predict", content=as_file(noise, "JPEG")[:-200])
    assert answer.status_code == 422
    assert "damaged" in answer.json()["error"]


def test_26_million_pixels_are_refused_by_their_header(ask):
    # Nearly all behind the header is missing: were it decoded, that would be said.
    huge = as_file(np.zeros((6500, 4000), np.uint8))[:100]
    answer = ask("POST", "/predict", content=huge)
    assert answer.status_code == 422
    assert "4000 x 6500 px; at most 25 million pixels" in answer.json()["error"]


BODIES = st.one_of(
    st.binary(max_size=300),
    st.tuples(
        st.sampled_from(FORMATS),
        st.integers(1, 40),
        st.integers(1, 40),
        st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=6),
        st.integers(1, 5000),
    ),
)
"""Random bytes, and pictures of every size with bytes changed and their ends cut off."""


@settings(max_examples=100, deadline=None)
@given(BODIES)
def test_no_body_at_all_is_a_fault_of_the_service(ask, made):
    assert_no_fault(ask, made)


@pytest.mark.slow
@settings(max_examples=4000, deadline=None)
@given(BODIES)
def test_none_of_very_many_bodies_is_a_fault_of_the_service(ask, made):
    assert_no_fault(ask, made)


def assert_no_fault(ask, made) -> None:
    if isinstance(made, tuple):
        kind, width, height, changes, length = made
        rng = np.random.default_rng(width)
        body = bytearray(as_file(rng.integers(0, 256, (height, width, 3), dtype=np.uint8), kind))
        for place, byte in changes:
            body[place % len(body)] = byte
        made = bytes(body[:length])
    answer = ask("POST", "/predict", content=made)
    assert answer.status_code in (200, 422)
    assert set(answer.json()) in ({"top", "warnings", "abstained"}, {"error"})


@pytest.mark.parametrize("size", [(1, 1), (1, 28), (28, 1), (2, 2), (2000, 1), (3000, 3)])
def test_pictures_of_odd_sizes_are_answered(ask, size):
    for grey in (0, 128, 255):
        answer = ask("POST", "/predict", content=as_file(np.full(size, grey, np.uint8)))
        assert answer.status_code == 200


def test_a_picture_of_the_sealed_test_part_is_not_answered(ask):
    sealed = open_sealed(load_data("fashion-sample").test).pixels[0, 0]
    answer = ask("POST", "/predict", content=as_file(sealed, "BMP"))
    assert answer.status_code == 422
    assert "is of the sealed test part" in answer.json()["error"]


def test_the_card_says_which_network_it_is_and_how_good(ask, run):
    card = ask("GET", "/").json()
    accuracy = run.score.to_json()
    assert card["run"] == "run"
    assert card["classes"] == list(run.data.class_names)
    assert card["shape"] == [1, 28, 28]
    assert card["weights_sha256"] == run.results.weights["last"]
    assert card["accuracy"] == {**accuracy, "of": "validation", "seen": ""}


def test_health_says_ready_and_nothing_else(ask):
    assert ask("GET", "/health").json() == {"status": "ready"}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "NOPE"])
@pytest.mark.parametrize(
    "path",
    [
        "/docs", "/redoc", "/health/", "/predict/", "/%2e%2e/etc/passwd", "/%252e%252e/",
        "/predict;x", "/a\\b", "/%00", "/" + "a" * 2000,
    ],
)  # fmt: skip
def test_no_other_path_exists_and_none_is_sent_elsewhere(ask, method, path):
    answer = ask(method, path)
    assert answer.status_code == 404
    assert "POST /predict" in answer.json()["error"]
    assert len(answer.text) < 300


def test_a_wrong_method_is_told_the_right_one(ask):
    for method, path, right in (("GET", "/predict", "POST"), ("POST", "/health", "GET")):
        answer = ask(method, path)
        assert answer.status_code == 405
        assert answer.headers["allow"] == right
        assert list(answer.json()) == ["error"]


def test_the_openapi_says_what_is_sent_and_answered(ask):
    said = ask("GET", "/openapi.json").json()
    assert said["info"] == {
        "title": "Toile",
        "description": "An image classifier.",
        "version": __version__,
    }
    assert set(said["paths"]) == {"/", "/health", "/predict"}
    predict = said["paths"]["/predict"]["post"]
    assert set(predict["requestBody"]["content"]) == {f"image/{one.lower()}" for one in FORMATS}
    assert set(predict["responses"]) == {"200", "401", "403", "408", "413", "422", "503"}
    assert predict["security"] == [{"HTTPBearer": []}]
    assert "security" not in said["paths"]["/health"]["get"]
    schemas = said["components"]["schemas"]
    assert set(schemas) == {"Answer", "Card", "Health", "TopClass", "Problem", "Score"}
    assert set(schemas["TopClass"]["properties"]) == {"class", "probability"}


def test_every_answer_is_as_the_openapi_has_it(ask, noise):
    schemas = ask("GET", "/openapi.json").json()["components"]["schemas"]
    answer = ask("POST", "/predict", content=as_file(noise)).json()
    said = {
        "Answer": answer,
        "TopClass": answer["top"][0],
        "Card": (card := ask("GET", "/").json()),
        "Score": card["accuracy"],
        "Health": ask("GET", "/health").json(),
        "Problem": ask("POST", "/predict", content=b"x").json(),
    }
    assert {name: set(record) for name, record in said.items()} == {
        name: set(schema["properties"]) for name, schema in schemas.items()
    }
    assert json.dumps(said)


def test_a_picture_is_answered_alike_at_once_and_by_the_thread(ask, noise):
    png, bmp = (ask("POST", "/predict", content=as_file(noise, kind)) for kind in ("PNG", "BMP"))
    assert png.json() == bmp.json()


@pytest.mark.parametrize("length", [0, 8, 12, 16, 20, 23, 24, 30])
def test_a_png_cut_in_its_header_is_refused(ask, noise, length):
    answer = ask("POST", "/predict", content=as_file(noise)[:length])
    assert answer.status_code == 422


def test_who_finds_no_place_in_time_is_told_to_come_again_and_finds_one_then(
    model, noise, monkeypatch
):
    monkeypatch.setattr(app, "SLOT_SECONDS", 0.05)
    # Two of them fill the house; without a length they may be of any size.
    start = asyncio.Event

    async def slow(begun, may_end):
        begun.set()
        yield b"x"
        await may_end.wait()

    async def visit():
        transport = httpx.ASGITransport(create_app(model))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            begun, may_end = [start(), start()], start()
            first = [
                asyncio.create_task(client.post("/predict", content=slow(one, may_end)))
                for one in begun
            ]
            await asyncio.gather(*(one.wait() for one in begun))
            large = {"Content-Length": "70000"}
            turned_away = await client.post("/predict", content=as_file(noise), headers=large)
            small = await client.post("/predict", content=as_file(noise))
            may_end.set()
            await asyncio.gather(*first)
            later = await client.post("/predict", content=as_file(noise), headers=large)
            return turned_away, small, later

    turned_away, small, later = asyncio.run(visit())
    assert turned_away.status_code == 503
    assert int(turned_away.headers["retry-after"]) > 0
    assert "2 large pictures at a time" in turned_away.json()["error"]
    assert [small.status_code, later.status_code] == [200, 200]
