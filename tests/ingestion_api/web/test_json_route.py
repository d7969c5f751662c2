"""A route that encodes its own response differs in nothing from one that FastAPI encodes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.testclient import TestClient

from ingestion_api.errors import NotFound
from ingestion_api.web.errors import install_error_handlers
from ingestion_api.web.json_route import JsonRoute


class LampOut(BaseModel):
    """With what is easily written differently."""

    lit_at: datetime = Field(serialization_alias="litAt")
    name: str = "Größe 🗼"
    height: float | None = None
    ratio: float = float("nan")


def client_of(route: type[APIRoute]) -> TestClient:
    """An application whose routes are of this kind."""
    router = APIRouter(route_class=route)

    @router.get("/lamp")
    def lamp() -> LampOut:
        return LampOut(lit_at=datetime(2026, 11, 23, 6, tzinfo=UTC))

    @router.post("/lamp", status_code=202)
    def light() -> LampOut:
        return LampOut(lit_at=datetime(2026, 11, 23, 6, 0, 0, 5, tzinfo=UTC), height=1.0)

    @router.get("/coroutine")
    async def waiting() -> LampOut:
        return LampOut(lit_at=datetime(2026, 11, 23, 6, tzinfo=UTC))

    @router.get("/words")
    def words() -> dict[str, str]:
        return {"status": "lit"}

    @router.get("/lost")
    def lost() -> LampOut:
        raise NotFound("There is no lamp.")

    app = FastAPI()
    install_error_handlers(app)
    app.include_router(router)
    return TestClient(app)


def responses(client: TestClient) -> list[Any]:
    """Status, headers and bytes of each."""
    asked = [client.get(path) for path in ("/lamp", "/coroutine", "/words", "/lost", "/openapi.json")]
    return [(each.status_code, dict(each.headers), each.content) for each in (*asked, client.post("/lamp"))]


def test_nobody_can_tell_who_encoded_a_response() -> None:
    assert responses(client_of(JsonRoute)) == responses(client_of(APIRoute))


def test_a_response_is_made_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """FastAPI hands the result to another one to validate it again."""
    calls: list[object] = []
    monkeypatch.setattr("fastapi.routing.run_in_threadpool", counting(calls))
    assert client_of(JsonRoute).get("/lamp").status_code == 200
    assert len(calls) == 1


def counting(calls: list[object]) -> Any:
    """What runs a function in a thread, and notes it."""
    from starlette.concurrency import run_in_threadpool  # noqa: PLC0415 - the one that is replaced

    async def run(called: Any, *args: Any, **named: Any) -> Any:
        calls.append(called)
        return await run_in_threadpool(called, *args, **named)

    return run
