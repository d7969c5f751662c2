"""The OpenAPI document is true: whatever is sent, the answer is one that it describes."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.ingestion_api.fuzzing import CONFIG, command, service_to_fuzz
from tests.servers.redis_server import RedisServer

EXAMPLES = 6  # of each operation, besides those that cover the schema
# an input that an earlier answer gave would be another one each day: answers tell times
SAME_EACH_TIME = """
[phases.coverage]
extra-data-sources.responses = false
[phases.fuzzing]
extra-data-sources.responses = false
error-feedback.enabled = false
"""


@pytest.mark.timeout(600)  # some thousand requests, which a busy machine answers slowly
def test_every_answer_is_as_described(tmp_path: Path, redis_server: RedisServer) -> None:
    """All checks of schemathesis, all its phases; the requests are the same on each machine and day."""
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG.read_text() + SAME_EACH_TIME)
    with service_to_fuzz(tmp_path, redis_server) as service:
        words = command(service, EXAMPLES, "--generation-deterministic", config=config)
        report = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert report.returncode == 0, report.stdout[-8000:] + report.stderr[-2000:]


def test_no_object_of_a_request_lets_pass_names_that_nobody_described(client: TestClient) -> None:
    """`patternProperties` alone says nothing about the names that match no pattern."""
    document = client.get("/openapi.json").json()
    assert [where for where, schema in objects(document) if "patternProperties" in schema] == []


def objects(document: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in a JSON document, with its place."""
    if isinstance(document, dict):
        yield where, document
    for key, inner in document.items() if isinstance(document, dict) else enumerate(document):
        if isinstance(inner, dict | list):
            yield from objects(inner, f"{where}/{key}")
