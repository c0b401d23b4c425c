"""Whatever is asked of the API, as its document has it or not, it never fails with a 5xx."""

import json
import random
import string
from typing import Any
from urllib.parse import quote

import pytest

from toile.app.openapi import openapi_text

NUM_REQUESTS = [400, pytest.param(20_000, marks=pytest.mark.slow)]
ODD: list[Any] = [
    None, True, 0, -1, 2**63, 1e308, 0.5, "", "a" * 3000, "../..", "\0", "<script>", "\u202e", "{}",
    [], [[]], {}, {"a": {"b": []}}, "preset:quick", "run:first", "draft:x", "text:[", "mnist",
    ["training.epochs=0"], ["a"], "first", "second", {"network": [{"conv": {"filters": -1}}]},
    {"name": "x", "network": ["relu"]}, {"data": {"name": "mnist"}, "network": ["flatten"]},
]  # fmt: skip
# What would fetch, train or measure in earnest is asked for elsewhere.
LEFT_OUT = {"get_dataset", "add_training", "train_longer", "probe_recipe", "describe_dataset"}


def operations() -> list[tuple[str, str, dict]]:
    document = json.loads(openapi_text())
    return [
        (method.upper(), path, {**operation, "schemas": document["components"]["schemas"]})
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation["operationId"] not in LEFT_OUT
    ]


def value_of(schema: dict, schemas: dict, rng: random.Random) -> Any:
    """A value as the schema has it, or anything else one time in four."""
    if rng.random() < 0.25:
        return rng.choice(ODD)
    if "$ref" in schema:
        return value_of(schemas[schema["$ref"].split("/")[-1]], schemas, rng)
    if "anyOf" in schema:
        return value_of(rng.choice(schema["anyOf"]), schemas, rng)
    match schema.get("type"):
        case "integer":
            return rng.choice([0, 1, 5, -3, 10**12, rng.randrange(1000)])
        case "number":
            return rng.choice([0.0, 0.5, -1e9, 1e300])
        case "boolean":
            return rng.random() < 0.5
        case "array":
            return [value_of(schema["items"], schemas, rng) for _ in range(rng.randrange(3))]
        case "object" if "properties" in schema:
            names = [name for name in schema["properties"] if rng.random() < 0.8]
            return {name: value_of(schema["properties"][name], schemas, rng) for name in names}
        case "object":
            return rng.choice([one for one in ODD if isinstance(one, dict)])
    return rng.choice(["first", "preset:s1-lab", "".join(rng.choices(string.printable, k=8))])


@pytest.mark.parametrize("num", NUM_REQUESTS)
def test_no_request_makes_the_server_fail(ask, num):
    rng = random.Random(num)
    listed = operations()
    statuses = set()
    for number in range(num):
        method, path, operation = listed[number % len(listed)]
        query = {}
        for parameter in operation.get("parameters", []):
            value = value_of(parameter["schema"], operation["schemas"], rng)
            if parameter["in"] == "path":
                path = path.replace("{" + parameter["name"] + "}", quote(str(value)[:300], safe=""))
            else:
                query[parameter["name"]] = str(value)[:500]
        words: dict[str, Any] = {"params": query}
        if "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            words["json"] = value_of(schema, operation["schemas"], rng)
        elif method in ("POST", "PUT"):
            words["content"] = rng.choice([b"", b"x", b"\x89PNG\r\n\x1a\n" + bytes(40)])
        answer = ask(method, path, **words)
        statuses.add(answer.status_code)
        assert answer.status_code < 500, (method, path, words, answer.text)
        if answer.status_code >= 400:
            assert set(answer.json()) == {"error"}
    assert {200, 404, 422} <= statuses


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 100_000, b"NaN", b'{"a": 1e999999}'])
def test_a_body_that_is_no_json_is_refused(ask, body):
    answer = ask("POST", "/api/form", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
