"""The document of all routes, for programs; people read it at /docs."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from ingestion_api.web.application import Application

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
def document(request: Request) -> Response:
    """Give what was written once: it is the same for everybody, and slow to write."""
    app: Application = request.app
    content = app.written_once("document", lambda: bytes(JSONResponse(app.openapi()).body))
    return Response(content, media_type="application/json")
