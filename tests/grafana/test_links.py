"""Every link leads somewhere: to a dashboard or a page that is there and takes what the link gives."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi.routing import APIRoute

from grafana.links import LAST_HOUR, TIME, board, page, service_address
from ingestion_api.app import create_app
from ingestion_api.settings import Settings
from tests.grafana.files import Json, dashboards, links, panels, texts

# this page takes any label of a series
TAKES_LABELS = {"/alerts"}
KEPT = {"datasource", "job", "instance", "service"}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The pages of the service with the parameters that they take."""
    app = create_app(Settings(run_dir=tmp_path_factory.mktemp("service")))
    found = {}
    for route in routes(app.routes):
        if "GET" in (route.methods or ()):
            found[route.path] = {field.alias for field in route.dependant.query_params}
    return found


def routes(them: Any) -> Iterator[APIRoute]:
    """All routes, those of included routers as well."""
    for route in them:
        if isinstance(route, APIRoute):
            yield route
        elif inner := getattr(getattr(route, "original_router", None), "routes", None):
            yield from routes(inner)


def to_dashboards(it: Json) -> list[str]:
    """The links to dashboards."""
    return [url for url in links(it) if url.startswith("/d/")]


def of_last_hour(it: Json) -> list[str]:
    """The links of panels that show the last hour, whatever range the dashboard has."""
    return [url for panel in panels(it) if panel.get("timeFrom") for url in links({"panels": [panel]})]


def to_pages(it: Json) -> list[str]:
    """The links to the service's pages, with their base."""
    written = [url for text in texts(it) for url in re.findall(r"\]\(([^)]+)\)", text)]
    return [url for url in [*links(it), *written] if not url.startswith("/d/")]


def test_every_link_to_a_dashboard_finds_it_and_its_variables() -> None:
    for name, it in dashboards().items():
        for url in to_dashboards(it):
            uid = urlsplit(url).path.removeprefix("/d/")
            there = dashboards()[uid.removeprefix("watchroom-")]
            assert there["uid"] == uid
            taken = {variable["name"] for variable in there["templating"]["list"]}
            given = set(re.findall(r"var-(\w+)=", url))
            assert given <= taken, f"{name} gives {given - taken} to {uid}, which does not take them"


def test_every_link_to_a_dashboard_keeps_time_and_shared_variables() -> None:
    for it in dashboards().values():
        there = {variable["name"] for variable in it["templating"]["list"]}
        assert there >= KEPT
        last_hour = set(of_last_hour(it))
        for url in to_dashboards(it):
            # in a panel with a time of its own the macro is empty
            assert (LAST_HOUR if url in last_hour else TIME) in url
            assert set(re.findall(r"\$\{(\w+):queryparam\}", url)) == KEPT
        [menu] = it["links"]
        assert (menu["type"], menu["asDropdown"], menu["keepTime"], menu["includeVars"]) == (
            "dashboards", True, True, True,
        )  # fmt: skip


def test_every_link_to_the_service_finds_its_page_and_parameters(pages: dict[str, set[str]]) -> None:
    for name, it in dashboards().items():
        for url in to_pages(it):
            assert url.startswith("${service}/"), f"{name} leads to {url}"
            parts = urlsplit(url.removeprefix("${service}"))
            assert parts.path in pages, f"{name} leads to {parts.path}, which is no page"
            given = {key for key, _ in parse_qsl(parts.query)} if parts.path not in TAKES_LABELS else set()
            assert given <= pages[parts.path], f"{parts.path} does not take {given - pages[parts.path]}"


def test_every_action_can_be_reached_from_the_overview(pages: dict[str, set[str]]) -> None:
    reached = {urlsplit(url.removeprefix("${service}")).path for url in to_pages(dashboards()["overview"])}
    assert reached >= {"/ingest", "/jobs", "/embeddings", "/cache", "/workers", "/alerts"}
    assert set(pages) >= reached


def test_links_carry_the_row_that_they_are_on() -> None:
    assert board("module", "Open", {"module": "x"})["url"].startswith("/d/watchroom-module?var-module=x&")
    assert page("/cache", "Clear", {"prefix": "x"})["url"] == "${service}/cache?prefix=x"
    modules = next(it for it in dashboards()["overview"]["panels"] if it["title"] == "All modules")
    assert "var-module=${__data.fields.module:percentencode}" in str(modules)


def test_the_address_of_the_service_is_the_one_of_the_alerts() -> None:
    [variable] = [it for it in dashboards()["stack"]["templating"]["list"] if it["name"] == "service"]
    assert (variable["query"], variable["hide"]) == (service_address(), 0)
