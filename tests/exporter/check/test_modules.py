"""Modules proposed from the backend's own routes, whatever those are."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.check.openapi import MOST_BYTES, parse_routes
from exporter.check.proposal import MOST_MODULES, propose_modules, to_json, to_yaml
from exporter.errors import InvalidResponse
from exporter.settings import Settings
from exporter.settings_backend import DEFAULT_MODULES
from exporter.sources.backend.routes import RouteModules
from tests.exporter.second_line_routes import PATHS, document

OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"


def proposed(document: Any) -> dict[str, Any]:
    """The proposal as the exporter would read it, by module."""
    found = parse_routes(json.dumps(document).encode())
    block = yaml.safe_load(to_yaml(propose_modules(found.routes), {}))
    assert json.loads(to_json(propose_modules(found.routes))) == block["modules"]
    settings = Settings.model_validate(block)
    return {module.name: module for module in settings.modules}


def test_the_second_line_is_known_by_its_own_routes() -> None:
    """Of the default prefixes only two fit it; with the proposal every route belongs to its module."""
    found = proposed(document())
    assert found["collections"].prefixes == ("/api/collections",)
    assert found["search"].prefixes == ("/api/search",)
    assert found["graph"].prefixes == ("/api/citations", "/api/discovery", "/api/graph")
    assert found["annotations"].prefixes == ("/api/annotations", "/api/resources/{resource_id}/annotations")
    assert found["resources"].prefixes == ("/api/resources", "/api/v1/ingestion")
    assert found["pdf_ingestion"].prefixes == ("/api/pdf",)
    assert {"github", "mcp", "patterns", "planning"} <= found.keys()
    assert not {"curation", "taxonomy", "recommendations", "health", "metrics"} & found.keys()
    module = RouteModules(list(found.values())).module
    assert module("/api/resources/{id}/annotations") == "annotations"
    assert module("/api/search/admin/sparse-embeddings/generate") == "search"
    before = RouteModules(DEFAULT_MODULES).module
    own = [path for path in PATHS if not path.endswith("/health")][2:]
    assert sum(before(path) == "other" for path in own) > len(own) / 2
    assert [path for path in own if module(path) == "other"] == []


def test_the_first_line_keeps_its_defaults() -> None:
    """As the demo has it, whose document FastAPI writes."""
    paths = [prefix for module in DEFAULT_MODULES for prefix in module.prefixes]
    paths += [str(module.health) for module in DEFAULT_MODULES if module.health]
    found = proposed(document(tuple(paths)))
    defaults = {module.name: module for module in DEFAULT_MODULES}
    assert found.keys() == defaults.keys()
    for name, module in found.items():
        assert set(module.prefixes) == set(defaults[name].prefixes)
        assert module.health == defaults[name].health


def test_a_health_route_that_nobody_confirmed_is_a_comment() -> None:
    text = to_yaml(
        propose_modules(parse_routes(json.dumps(document()).encode()).routes),
        {"/api/auth/health": "200, healthy"},
    )
    assert "    # health: /api/auth/health  # 200, healthy\n" in text
    assert "    # health: /api/search/search/health  # not requested\n" in text
    assert not re.search(r"^ *health:", text, re.MULTILINE)
    assert "/api/monitoring/health" not in text, "it blocks the backend"
    assert all(module.health is None for module in proposed(document()).values())


def test_the_example_in_the_documentation_is_what_is_proposed() -> None:
    example = re.search(r"```yaml\n(modules:\n.*?)```", OPERATIONS.read_text(), re.DOTALL)
    assert example is not None
    assert example[1] == to_yaml(propose_modules(parse_routes(json.dumps(document()).encode()).routes), {})


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"<html>", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "names no paths; expected an OpenAPI document"),
        (b'{"paths": ["/a"]}', "names no paths; expected an OpenAPI document"),
        (b'{"paths": {}}', "names no path that can be parsed"),
        (
            b'{"paths": {"no slash": {}, "/a b": {}, "/x\\u0000": {}, "/list": []}}',
            "names no path that can be",
        ),
    ],
)
def test_a_document_that_is_none_is_one_sentence(body: bytes, sentence: str) -> None:
    with pytest.raises(InvalidResponse, match=f"backend /openapi.json {sentence}"):
        parse_routes(body)


def test_what_lies_is_left_out_and_the_rest_is_read() -> None:
    found = parse_routes(
        json.dumps(
            {
                "paths": {
                    "/birds": {"get": {"tags": [7]}, "parameters": [], "post": None},
                    "/fish": {"get": {"tags": "fish"}},
                    "/" + "x" * 500: {},
                    '/quote"s: [': {},
                    "/1": {},
                    "/{anything}": {},
                }
            }
        ).encode()
    )
    assert found.left_out == 2
    text = to_yaml(propose_modules(found.routes), {})
    assert [it["name"] for it in yaml.safe_load(text)["modules"]] == ["birds", "fish"]


def test_a_backend_of_thousands_of_routes_stays_bounded() -> None:
    many = tuple(f"/part{number}/{step}" for number in range(500) for step in range(5))
    found = parse_routes(json.dumps(document((*many, "/collections/a"))).encode())
    assert len(propose_modules(found.routes)) == MOST_MODULES
    assert MOST_BYTES < 10_000_000
