"""Signing in with a token, and out again."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from ingestion_api.access.bearer import bearer_auth, client_address
from ingestion_api.errors import TooManyRequests, Unauthorized
from ingestion_api.pages.csrf import verify_csrf
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.session import (
    COOKIE,
    cookie_signer,
    current_visitor,
    is_secure,
    new_session,
    revoke_session,
    set_session_cookie,
    sign_in_problem,
)
from ingestion_api.pages.templates import render_page
from ingestion_api.service import current_service

SIGN_IN = "the sign-in page"
router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/sign-in")
async def form(request: Request, next: str = "/") -> Response:  # noqa: A002 - the parameter's name in the address
    """Show the form, or go on when signed in already."""
    if current_visitor(request).session.signed_in:
        return RedirectResponse(local_path(next), 303)
    if closed := sign_in_problem(request):
        return render_page(request, "sign_in.html", closed.status, next="", problem="", closed=closed.detail)
    return _form(request, 200, next, "")


@router.post("/sign-in", dependencies=[verify_csrf])
async def sign_in(
    request: Request,
    token: Annotated[str, Form(max_length=4096)] = "",
    next: Annotated[str, Form(max_length=4096)] = "/",  # noqa: A002 - the field's name in the form
) -> Response:
    """Start a session for who shows the token."""
    try:
        identity = bearer_auth(request).identify(token.strip(), client_address(request), SIGN_IN)
    except Unauthorized:
        problem = "This is not the token." if token.strip() else "Enter the token."
        return _form(request, 401, next, problem)
    except TooManyRequests as error:
        return _form(request, 429, next, error.detail)
    if not identity.is_person:
        return _form(request, 403, next, f"{identity.name} is no person: its token opens only the webhook.")
    response = RedirectResponse(local_path(next), 303)
    if seal := cookie_signer(request):
        # a session of its own: one that somebody planted before is worth nothing afterwards
        set_session_cookie(response, seal, new_session(identity), secure=is_secure(request))
    return response


@router.post("/sign-out", dependencies=[verify_csrf])
def sign_out(request: Request) -> Response:
    """End the session, also for whoever has a copy of its cookie."""
    service, session = current_service(request), current_visitor(request).session
    # a stranger's session opens nothing, so that it needs no end that would have to be kept
    if session.signed_in:
        revoke_session(service.store, session, service.clock())
    response = RedirectResponse("/sign-in?notice=signed-out", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


def _form(request: Request, status: int, target: str, problem: str) -> Response:
    return render_page(request, "sign_in.html", status, next=local_path(target), problem=problem, closed="")


def local_path(address: str) -> str:
    """Return the address if it is one of ours, else the home page."""
    is_path = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_path and address.isprintable() and "\\" not in address else "/"
