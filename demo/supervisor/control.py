"""The control page: what runs, whether it is ready, and the faults."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from demo.faults.catalogue import FAULTS
from demo.supervisor.fault_injector import FaultInjector
from demo.supervisor.parts import CannotStart
from demo.supervisor.supervisor import FaultRefused, Supervisor

router = APIRouter()


@dataclass(frozen=True)
class ControlPanel:
    """What the control page controls."""

    stage: Supervisor
    breaking: FaultInjector


def control_panel(request: Request) -> ControlPanel:
    """The desk of the application that answers."""
    found: ControlPanel = request.app.state.desk
    return found


ThePanel = Annotated[ControlPanel, Depends(control_panel)]


@router.get("/")
async def parts(desk: ThePanel) -> dict[str, Any]:
    """Each part with its process."""
    children = [
        {
            "name": child.name,
            "pid": child.pid,
            "running": child.pid is not None,
            "held": child.held,
            "starts": child.starts,
        }
        for child in desk.stage.children.values()
    ]
    return {"ready": desk.stage.ready, "parts": children}


@router.get("/ready")
async def ready(desk: ThePanel) -> JSONResponse:
    """200 once everything has answered, 503 before."""
    return JSONResponse({"ready": desk.stage.ready}, 200 if desk.stage.ready else 503)


@router.get("/faults")
async def listing(desk: ThePanel) -> dict[str, Any]:
    """Every fault and its state."""
    return {"faults": desk.breaking.listing()}


@router.post("/faults/{name}")
async def put(name: str, request: Request, desk: ThePanel) -> dict[str, Any]:
    """Put a fault in force; parameters come in the query or as a JSON object."""
    parameters = _checked(name, await _given(request))
    if not desk.stage.ready:
        raise HTTPException(409, "The demo is still starting; try again when /ready answers 200.")
    await desk.breaking.put(name, parameters)
    return {"name": name, "in_force": True, "parameters": parameters}


@router.delete("/faults/{name}")
async def lift(name: str, desk: ThePanel) -> dict[str, Any]:
    """Lift a fault."""
    _known(name)
    await desk.breaking.lift(name)
    return {"name": name, "in_force": False}


@router.delete("/faults")
async def lift_all(desk: ThePanel) -> dict[str, Any]:
    """Lift every fault."""
    await desk.breaking.lift_all()
    return {"in_force": []}


def make_control(stage: Supervisor, breaking: FaultInjector) -> FastAPI:
    """The application of the control page."""
    app = FastAPI(title="Demo control")
    app.state.desk = ControlPanel(stage, breaking)
    app.include_router(router)
    app.add_exception_handler(FaultRefused, _conflict)
    app.add_exception_handler(CannotStart, _conflict)
    return app


async def _conflict(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 409)


async def _given(request: Request) -> dict[str, Any]:
    body = await request.body()
    try:
        given = json.loads(body) if body else {}
    except ValueError:
        raise HTTPException(422, "The body is not JSON; expected an object of parameters.") from None
    if not isinstance(given, dict):
        raise HTTPException(422, f"The body is a {type(given).__name__}; expected an object.")
    return given | dict(request.query_params)


def _known(name: str) -> None:
    if name not in FAULTS:
        raise HTTPException(404, f"There is no fault {name[:40]!r}; expected one of {', '.join(FAULTS)}.")


def _checked(name: str, given: dict[str, Any]) -> dict[str, Any]:
    _known(name)
    try:
        return FAULTS[name].parameters.model_validate(given).model_dump()
    except ValidationError as error:
        flaws = [
            f"{'.'.join(map(str, flaw['loc']))} of {name} is {str(flaw['input'])[:40]!r}: {flaw['msg']}"
            for flaw in error.errors()
        ]
        raise HTTPException(422, "; ".join(flaws)) from None
