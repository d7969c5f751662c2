"""The control API: processes, readiness and faults."""

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
    """What the control API acts on."""

    supervisor: Supervisor
    injector: FaultInjector


def control_panel(request: Request) -> ControlPanel:
    """The control panel of the request's application."""
    found: ControlPanel = request.app.state.panel
    return found


ThePanel = Annotated[ControlPanel, Depends(control_panel)]


@router.get("/")
async def parts(panel: ThePanel) -> dict[str, Any]:
    """Each process of the demo."""
    children = [
        {
            "name": child.name,
            "pid": child.pid,
            "running": child.pid is not None,
            "held": child.is_held,
            "starts": child.starts,
        }
        for child in panel.supervisor.processes.values()
    ]
    return {"ready": panel.supervisor.ready, "parts": children}


@router.get("/ready")
async def ready(panel: ThePanel) -> JSONResponse:
    """200 once everything responds, 503 before."""
    return JSONResponse({"ready": panel.supervisor.ready}, 200 if panel.supervisor.ready else 503)


@router.get("/faults")
async def listing(panel: ThePanel) -> dict[str, Any]:
    """Every fault and its state."""
    return {"faults": panel.injector.list_faults()}


@router.post("/faults/{name}")
async def put(name: str, request: Request, panel: ThePanel) -> dict[str, Any]:
    """Inject a fault; parameters come in the query or as a JSON object."""
    parameters = _checked(name, await _given(request))
    if not panel.supervisor.ready:
        raise HTTPException(409, "The demo is still starting; try again when /ready answers 200.")
    await panel.injector.inject(name, parameters)
    return {"name": name, "in_force": True, "parameters": parameters}


@router.delete("/faults/{name}")
async def lift(name: str, panel: ThePanel) -> dict[str, Any]:
    """Lift a fault."""
    _known(name)
    await panel.injector.lift(name)
    return {"name": name, "in_force": False}


@router.delete("/faults")
async def lift_all(panel: ThePanel) -> dict[str, Any]:
    """Lift every fault."""
    await panel.injector.lift_all()
    return {"in_force": []}


def make_control(supervisor: Supervisor, injector: FaultInjector) -> FastAPI:
    """The application of the control API."""
    app = FastAPI(title="Demo control")
    app.state.panel = ControlPanel(supervisor, injector)
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
