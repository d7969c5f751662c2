"""The document of all routes, for programs; people read it at /docs."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
async def document(request: Request) -> Response:
    """Give what was written once: it is the same for everybody, and slow to write."""
    app = request.app
    if not hasattr(app.state, "document"):
        app.state.document = bytes(JSONResponse(app.openapi()).body)
    return Response(app.state.document, media_type="application/json")
