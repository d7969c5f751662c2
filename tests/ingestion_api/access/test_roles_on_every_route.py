"""Which role opens which route: every route of the application is in the table, for each role and method."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.ingestion_api.access.test_named_tokens import ANA, BELL, BEN, EVA, FILE
from tests.ingestion_api.pages.visits import Visits

ROLES = ("stranger", "webhook", "viewer", "operator", "admin")
TOKENS = {"webhook": BELL, "viewer": ANA, "operator": BEN, "admin": EVA}
WORD = "a word that is nobody's, but long enough"
EVERYBODY, PEOPLE, ACTING, ADMINS, CALLERS = (
    frozenset(ROLES),
    frozenset(("viewer", "operator", "admin")),
    frozenset(("operator", "admin")),
    frozenset(("admin",)),
    frozenset(("webhook", "operator", "admin")),
)
INGESTION = "/api/v1/ingestion"
API = {
    f"POST {INGESTION}/ingest/{{repo_url:path}}": ACTING,
    f"GET {INGESTION}/jobs/history": EVERYBODY,
    f"GET {INGESTION}/queue": EVERYBODY,
    f"GET {INGESTION}/jobs": PEOPLE,
    f"GET {INGESTION}/jobs/{{job_id}}": PEOPLE,
    f"POST {INGESTION}/jobs/{{job_id}}/cancel": ACTING,
    f"POST {INGESTION}/jobs/{{job_id}}/retry": ACTING,
    f"GET {INGESTION}/worker/status": EVERYBODY,
    f"GET {INGESTION}/health": EVERYBODY,
    "POST /admin/sparse-embeddings/generate": ACTING,
    "GET /admin/sparse-embeddings/status": EVERYBODY,
    "GET /api/v1/cache": PEOPLE,
    "POST /api/v1/cache/clear": ACTING,
    "POST /api/v1/alerts/webhook": CALLERS,
    "GET /api/v1/alerts/{alert_id:int}": PEOPLE,
    "POST /api/v1/alerts/{alert_id}/acknowledge": ACTING,
    "DELETE /api/v1/alerts/{alert_id}/acknowledge": ACTING,
    "POST /api/v1/alerts/{alert_id}/close": ACTING,
    "GET /api/v1/alerts": PEOPLE,
    "GET /api/v1/alerts/counts": PEOPLE,
    "GET /api/v1/alerts.csv": PEOPLE,
    "GET /api/v1/alerts.json": PEOPLE,
    "GET /api/v1/noise": PEOPLE,
    "GET /api/v1/noise.csv": PEOPLE,
    "GET /api/v1/preferences": PEOPLE,
    "PUT /api/v1/preferences/{signal}": ADMINS,
    "DELETE /api/v1/preferences/{signal}": ADMINS,
    "POST /api/v1/preferences/{signal}/backtest": ACTING,
    "GET /api/v1/audit": ADMINS,
    "GET /-/healthy": EVERYBODY,
    "GET /-/ready": EVERYBODY,
    "GET /-/workers": EVERYBODY,
    "GET /metrics": EVERYBODY,
    "GET /metrics/levels": EVERYBODY,
    "GET /openapi.json": EVERYBODY,
}
PAGES = {
    "GET /sign-in": EVERYBODY,
    "GET /docs": EVERYBODY,
    **dict.fromkeys(
        (
            "GET /", "GET /alerts", "GET /alerts.csv", "GET /alerts.json", "GET /incidents/{fingerprint}",
            "GET /incidents", "GET /alerts/{alert_id}", "GET /jobs", "GET /jobs/{job_id}", "GET /ingest",
            "GET /workers", "GET /embeddings", "GET /cache", "GET /noise", "GET /noise.csv", "GET /notices",
            "GET /notices/stream", "GET /preferences",
        ),
        PEOPLE,
    ),
    # how a person is told of notices is that person's own
    "POST /notices/preferences": PEOPLE,
    **dict.fromkeys(
        (
            "POST /alerts/{alert_id}/acknowledge", "POST /alerts/{alert_id}/take-back",
            "POST /alerts/{alert_id}/close", "POST /jobs/{job_id}/cancel", "POST /jobs/{job_id}/retry",
            "POST /ingest", "POST /embeddings", "POST /cache/dry-run", "POST /cache/clear",
            "POST /preferences/{name}/backtest",
        ),
        ACTING,
    ),
    "POST /preferences/{name}": ADMINS,
    "POST /preferences/{name}/set-back": ADMINS,
}  # fmt: skip
# whoever has a form of ours may send these
SESSIONS = ("POST /sign-in", "POST /sign-out")
# these say 503 where a part is away
PROBES = ("/-/ready", "/-/workers", f"{INGESTION}/health")
VALUES = {
    "{repo_url:path}": "https://github.com/tower/lamp", "{job_id}": "999", "{alert_id:int}": "999",
    "{alert_id}": "999", "{signal}": "no_such_signal", "{name}": "no_such_signal", "{fingerprint}": "abc",
}  # fmt: skip
BODIES: dict[str, Any] = {
    "POST /api/v1/alerts/webhook": {"alerts": []},
    "POST /api/v1/alerts/{alert_id}/close": {"reason": "gone"},
    "POST /api/v1/cache/clear": {"prefix": "none:", "dry_run": True},
    "PUT /api/v1/preferences/{signal}": {"levels": {"warning": 1}},
    "POST /api/v1/preferences/{signal}/backtest": {"levels": {"warning": 1}},
}


@pytest.fixture
def people(start: Callable[..., TestClient], tmp_path: Path) -> TestClient:
    """A service with one token of each role."""
    (tmp_path / "tokens").write_text(FILE)
    client = start(token=None, tokens_file=tmp_path / "tokens")
    client.headers.pop("authorization")
    client.follow_redirects = False
    return client


def routes(found: Any) -> Iterator[str]:
    """Each method and path of an application."""
    for route in found:
        if included := getattr(route, "original_router", None):
            yield from routes(included.routes)
        for method in sorted(getattr(route, "methods", None) or ()):
            yield f"{method} {route.path}"


def test_every_route_is_in_the_table(people: TestClient) -> None:
    """A new route gets its line here, and so somebody thinks of who may use it."""
    assert isinstance(people.app, FastAPI)
    assert sorted(routes(people.app.routes)) == sorted([*API, *PAGES, *SESSIONS])


def address(route: str) -> tuple[str, str]:
    """The method, and an address at which there is nothing to do."""
    method, _, path = route.partition(" ")
    for name, value in VALUES.items():
        path = path.replace(name, value)
    if path == "/incidents":
        path += "?alertname=None"
    # the stream has no end
    return "HEAD" if path == "/notices/stream" else method, path


def opened_by_token(client: TestClient, route: str) -> frozenset[str]:
    """The roles whose bearer token opens a route."""
    method, path = address(route)
    found = set()
    for role in ROLES:
        client.cookies.clear()
        headers = {"authorization": f"Bearer {TOKENS[role]}"} if role in TOKENS else {}
        answer = client.request(method, path, headers=headers, json=BODIES.get(route))
        assert answer.status_code < 500 or path in PROBES, answer.text
        if answer.status_code not in (303, 401, 403):
            found.add(role)
    return frozenset(found)


def test_each_route_opens_to_the_bearer_tokens_of_its_roles(people: TestClient) -> None:
    assert {route: opened_by_token(people, route) for route in API} == API


def test_no_bearer_token_opens_a_page(people: TestClient) -> None:
    closed = {route for route, roles in PAGES.items() if roles != EVERYBODY}
    assert {route for route in closed if opened_by_token(people, route)} == set()


def opened_by_session(client: TestClient, route: str, form_key: str) -> bool:
    """Whether a session opens a route; `form_key` is that of its forms."""
    method, path = address(route)
    data = {"form_key": form_key} if method == "POST" else None
    answer = client.request(method, path, data=data)
    assert answer.status_code < 500 or path in PROBES, (route, answer.text)
    return answer.status_code not in (401, 403) and "sign-in" not in answer.headers.get("location", "")


def test_each_page_and_form_opens_to_the_sessions_of_its_roles(people: TestClient) -> None:
    """The API opens to no session: no other site can make a browser use it."""
    assert isinstance(people.app, FastAPI)
    found: dict[str, set[str]] = {route: set() for route in [*PAGES, *API]}
    for role in ("stranger", "viewer", "operator", "admin"):
        people.cookies.clear()
        visits = Visits(people, people.app)
        if role != "stranger":
            assert visits.post("/sign-in", token=TOKENS[role]).status_code == 303
        form_key = visits.form_key()
        for route, roles in found.items():
            if opened_by_session(people, route, form_key):
                roles.add(role)
    people_only = {route: set(roles - {"webhook"}) for route, roles in PAGES.items()}
    open_api = {r: set(roles - {"webhook"}) if roles == EVERYBODY else set() for r, roles in API.items()}
    assert found == people_only | open_api


def test_no_form_is_accepted_with_the_key_of_another_session(people: TestClient) -> None:
    """Neither with a stranger's, nor with that of an earlier session of the same person."""
    assert isinstance(people.app, FastAPI)
    visits = Visits(people, people.app)
    visits.get("/sign-in")
    keys = [visits.form_key()]
    for _ in range(2):
        people.cookies.clear()
        assert visits.post("/sign-in", token=EVA).status_code == 303
        keys.append(visits.form_key())
    keys[-1] = ""
    forms = [route for route in [*PAGES, *SESSIONS] if route.startswith("POST")]
    for key in keys:
        for route in forms:
            answer = people.post(address(route)[1], data={"form_key": key, "token": WORD})
            assert answer.status_code == 403, (route, key)
