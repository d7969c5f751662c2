"""Before `make run` starts anything it checks a given backend and reads its route prefixes."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.settings import Settings as ExporterSettings
from exporter.settings_load import load_settings
from stack import settings
from stack.preflight import MODULES_VARIABLE, add_route_prefixes, print_check
from stack.settings import Settings
from stack.target_system import TargetSystem, target_system
from tests.exporter.second_line_routes import document
from tests.servers.ports import free_port
from tests.stack.stub_server import StubServer
from tests.stack.watchroom import TARGET_SETTINGS

EXPORTER = (sys.executable, "-m", "exporter")


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (MODULES_VARIABLE, *TARGET_SETTINGS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def backend() -> Iterator[StubServer]:
    """A backend of the second line."""
    with StubServer() as server:
        server.responses["/openapi.json"] = (200, json.dumps(document()))
        yield server


def chosen(url: str, tmp_path: Path, **more: object) -> Settings:
    """The settings of a run for this backend."""
    return settings.read_settings(backend_url=url, run_dir=tmp_path, **more)


def read_modules(own: Settings) -> tuple[TargetSystem, list[str]]:
    """The target system, and the printed lines."""
    lines: list[str] = []
    return add_route_prefixes(own, target_system(own), lines.append), lines


def test_the_prefixes_of_a_backend_are_used_and_reported(
    backend: StubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, lines = read_modules(chosen(backend.url, tmp_path))
    assert len(lines) == 1
    assert lines[0].startswith("modules: route prefixes of annotations, auth, ")
    assert backend.requests == ["/openapi.json"]
    monkeypatch.setenv(MODULES_VARIABLE, found.environment[MODULES_VARIABLE])
    modules = {module.name: module for module in load_settings().modules}
    assert modules["search"].prefixes == ("/api/search",)
    assert all(module.health is None for module in modules.values())


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (404, "", "backend /openapi.json returned 404; expected 200"),
        (200, "<html>", "backend /openapi.json is not JSON"),
        (200, "x" * 6_000_000, "backend /openapi.json sent more than 5000000 bytes"),
    ],
)
def test_a_backend_that_does_not_describe_itself_has_the_defaults(
    backend: StubServer, tmp_path: Path, status: int, body: str, why: str
) -> None:
    backend.responses["/openapi.json"] = (status, body)
    found, lines = read_modules(chosen(backend.url, tmp_path))
    assert MODULES_VARIABLE not in found.environment
    assert lines == [f"modules: the default route prefixes are used until the next start, since {why}"]


def test_a_backend_that_is_away_has_the_defaults(tmp_path: Path) -> None:
    found, lines = read_modules(chosen("http://127.0.0.1:1", tmp_path))
    assert MODULES_VARIABLE not in found.environment
    assert "since backend /openapi.json cannot be reached" in lines[0]


@pytest.mark.parametrize("where", ["environment", "file", "default file"])
def test_modules_that_are_set_stand(
    backend: StubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    file = tmp_path / ("exporter.yml" if where == "default file" else "own.yml")
    more: dict[str, object] = {}
    if where == "environment":
        monkeypatch.setenv(MODULES_VARIABLE, "[]")
    else:
        file.write_text("modules: [{name: birds}]\n")
        more = {"exporter_config": file} if where == "file" else {}
    assert read_modules(chosen(backend.url, tmp_path, **more))[1] == []
    assert backend.requests == []


def test_the_demo_keeps_the_defaults(tmp_path: Path) -> None:
    own = settings.read_settings(run_dir=tmp_path)
    assert read_modules(own) == (target_system(own), [])
    assert ExporterSettings().modules


def printed_check(target: TargetSystem, **environment: str) -> str:
    """What is printed about this system."""
    lines: list[str] = []
    print_check(target, EXPORTER, environment, lines.append)
    return "\n".join(lines)


@pytest.mark.starts_process
def test_what_is_missing_is_named_before_the_start() -> None:
    url, not_started = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    text = printed_check(
        TargetSystem(url, None),
        BACKEND_URL=url,
        REDIS_URL=f"redis://127.0.0.1:{free_port()}/2",
        PROMETHEUS_URL=not_started,
        SERVICE_URL=not_started,
    )
    # what the run is about to start cannot be seen yet
    assert not_started not in text
    assert "NOT SEEN" in text
    assert "DATABASE_URL" in text
    assert "CELERY_BROKER_URL" in text
