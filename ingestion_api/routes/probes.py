"""Is the process alive, is it ready to work."""

from fastapi import APIRouter, Request
from sqlalchemy import text
from starlette.concurrency import run_in_threadpool

from ingestion_api.routes.answers import errors
from ingestion_api.service import Service, service_of

router = APIRouter(tags=["probes"])


@router.get("/-/healthy")
async def healthy() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/-/ready", responses=errors(503))
async def ready(request: Request) -> dict[str, str]:
    """Database and broker answer as well, so that requests can be served."""
    await run_in_threadpool(_check, service_of(request))
    return {"status": "ready"}


def _check(service: Service) -> None:
    with service.store.read() as session:
        session.execute(text("SELECT 1"))
    service.broker.check()
