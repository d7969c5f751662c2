"""The newest notices as a page, how a person wants to hear of them, and their stream for open pages."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Header, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from ingestion_api.access.bearer import client_address
from ingestion_api.access.identity import Identity
from ingestion_api.errors import BadRequest, Unauthorized
from ingestion_api.notices.event_stream import first_events, heartbeat
from ingestion_api.notices.hub import NoticeStream
from ingestion_api.notices.journal import newest_notices
from ingestion_api.notices.preferences import (
    NoticePreferences,
    make_preferences,
    read_notice_preferences,
    set_notice_preferences,
)
from ingestion_api.pages.csrf import verify_csrf
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.session import SignInRequired, Viewer, is_session_valid, signed_in_identity
from ingestion_api.pages.templates import render_page
from ingestion_api.service import current_service
from ingestion_api.store.tables.alerts import SEVERITIES
from ingestion_api.store.tables.base import MAX_ID
from ingestion_api.web.middleware import is_head, release_turn, run_until_shutdown

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PAGE = 50
HEARTBEAT = 15.0  # seconds; as often the session is looked at again
MEDIA_TYPE = "text/event-stream"
Severities = Annotated[list[str], Form()]
Time = Annotated[str, Form(max_length=10)]


@router.get("/notices")
def show(
    request: Request, actor: Viewer, before: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None
) -> Response:
    """Show the newest notices."""
    preferences = read_notice_preferences(current_service(request).store, actor.name)
    return _show(request, preferences, before=before)


def _form_values(
    notify: Severities = [],  # noqa: B006 - FastAPI copies it
    sound: Severities = [],  # noqa: B006 - as above
    quiet_from: Time = "",
    quiet_until: Time = "",
) -> dict[str, Any]:
    return {"notify": notify, "sound": sound, "quiet_from": quiet_from, "quiet_until": quiet_until}


@router.post("/notices/preferences", dependencies=[verify_csrf])
def save_preferences(
    request: Request, actor: Viewer, sent: Annotated[dict[str, Any], Depends(_form_values)]
) -> Response:
    """Set how the person who is signed in wants to hear of notices."""
    service = current_service(request)
    try:
        wanted = make_preferences(**sent)
    except BadRequest as error:
        kept = read_notice_preferences(service.store, actor.name)
        return _show(request, kept, status=error.status, problem=error.detail)
    set_notice_preferences(service.store, service.clock, wanted, actor)
    return RedirectResponse("/notices?notice=notices-set", 303)


def _show(
    request: Request,
    preferences: NoticePreferences,
    *,
    before: int | None = None,
    status: int = 200,
    problem: str = "",
) -> Response:
    with current_service(request).store.read() as session:
        found = newest_notices(session, PAGE + 1, before=before)
    return render_page(
        request,
        "notices.html",
        status,
        notices=found[:PAGE],
        older=found[PAGE - 1].id if len(found) > PAGE else None,
        is_newest=before is None,
        preferences=preferences,
        severities=SEVERITIES,
        problem=problem,
    )


def _stream_viewer(request: Request) -> Identity:
    try:
        return signed_in_identity(request)
    except SignInRequired:
        # a form to sign in is nothing that a stream could show
        raise Unauthorized("Sign in to read the notices.") from None


class NoticeResponse(StreamingResponse):
    """A stream that is closed however it ends, also before its first event."""

    def __init__(self, stream: NoticeStream, events: AsyncIterator[str]) -> None:
        super().__init__(events, media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stream.close()


@router.get("/notices/stream")
async def stream_notices(
    request: Request,
    identity: Annotated[Identity, Depends(_stream_viewer)],
    after: Annotated[int | None, Query(ge=0, le=MAX_ID)] = None,
    last_event_id: Annotated[str, Header(max_length=20)] = "",
) -> Response:
    """Send notices as they happen, those after an id first; the browser's own id is newer than the page's."""
    if is_head(request.scope):
        return Response(media_type=MEDIA_TYPE)
    if last_event_id.isascii() and last_event_id.isdigit():
        after = min(int(last_event_id), MAX_ID)
    service = current_service(request)
    preferences = await run_in_threadpool(read_notice_preferences, service.store, identity.name)
    stream = service.notices.open(client_address(request))
    run_until_shutdown(request.scope)
    await release_turn(request.scope)
    return NoticeResponse(stream, _events(request, stream, after, preferences))


async def _events(
    request: Request, stream: NoticeStream, after: int | None, preferences: NoticePreferences
) -> AsyncIterator[str]:
    with suppress(SQLAlchemyError):
        missed, last, left_out = await current_service(request).notices.catch_up(after)
        yield first_events(missed[0][0] - 1 if missed else last, left_out, preferences.as_dict())
        for _, message in missed:
            yield message
        async for messages in _until_the_session_ends(request, stream):
            # what came between opening the stream and catching up is in both
            yield "".join(text for number, text in messages if number > last) or heartbeat()


async def _until_the_session_ends(
    request: Request, stream: NoticeStream
) -> AsyncIterator[Sequence[tuple[int, str]]]:
    checked_at = time.monotonic()
    while True:
        messages = await stream.next(HEARTBEAT)
        if stream.ended:
            return
        if time.monotonic() - checked_at >= HEARTBEAT:
            if not await run_in_threadpool(is_session_valid, request):
                return
            checked_at = time.monotonic()
        yield messages
