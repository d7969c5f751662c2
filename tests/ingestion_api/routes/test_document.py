"""The OpenAPI document describes every route in words and with examples that are true to their shapes."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient

from ingestion_api.alerts.webhook import WebhookPayload
from ingestion_api.routes.alerts import AcknowledgeRequest
from ingestion_api.routes.cache import ClearRequest
from ingestion_api.routes.embeddings import GenerationRequest
from ingestion_api.routes.preferences import LevelOverrideRequest
from ingestion_api.routes.schemas import ApiResponse

REQUESTS: tuple[type[BaseModel], ...] = (
    WebhookPayload,
    AcknowledgeRequest,
    ClearRequest,
    LevelOverrideRequest,
    GenerationRequest,
)


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    """The document as clients get it."""
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operation with its name."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_route_says_what_it_does(document: dict[str, Any]) -> None:
    """In a summary and a sentence."""
    silent = [
        name for name, one in operations(document) if not (one.get("summary") and one.get("description"))
    ]
    assert silent == []


def test_every_parameter_has_an_example_or_a_default(document: dict[str, Any]) -> None:
    """So that one can try it at once."""
    bare = [
        (name, parameter["name"])
        for name, one in operations(document)
        for parameter in one.get("parameters", [])
        if not {"examples", "example"} & {*parameter, *parameter["schema"]}
        and "default" not in parameter["schema"]
    ]
    assert bare == []


def test_every_error_is_one_sentence(document: dict[str, Any]) -> None:
    """Of the same shape, but for the health's own 503."""
    shapes = {
        (status, content["application/json"]["schema"]["$ref"].rpartition("/")[2])
        for _name, one in operations(document)
        for status, answer in one["responses"].items()
        if status >= "400" and (content := answer.get("content"))
    }
    assert {shape for _status, shape in shapes} == {"ErrorOut", "HealthOut"}
    assert {status for status, shape in shapes if shape == "HealthOut"} == {"503"}


@pytest.mark.parametrize(
    "shape", [*ApiResponse.__subclasses__(), *REQUESTS], ids=lambda shape: shape.__name__
)
def test_every_shape_has_an_example_that_fits_it(shape: type[BaseModel]) -> None:
    """With all of its fields."""
    extra = shape.model_config.get("json_schema_extra")
    assert isinstance(extra, dict), "no example"
    examples = extra["examples"]
    assert isinstance(examples, list)
    for example in examples:
        shape.model_validate(example)
    assert any(field.is_required() for field in shape.model_fields.values()) <= bool(examples[0])
