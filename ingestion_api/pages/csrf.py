"""CSRF protection: a form acts only with the token of its session, and only from our own pages."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Form, Request

from ingestion_api.errors import ServiceError
from ingestion_api.pages.session import cookie_signer, current_visitor, sign_in_problem
from ingestion_api.service import current_service


class CsrfError(ServiceError):
    """The form did not come from our own page."""

    status = 403


def _verify_csrf(request: Request, form_key: Annotated[str, Form()] = "") -> None:
    if closed := sign_in_problem(request):
        raise closed
    visitor, seal = current_visitor(request), cookie_signer(request)
    origin = request.headers.get("origin", "")
    if seal is None or visitor.is_new or not seal.opens(visitor.session, form_key):
        raise CsrfError("This form is too old or not from here; go back, reload the page and send it again.")
    if origin and _netloc(origin) not in _allowed_origins(request):
        raise CsrfError("This form was sent from another site, so nothing was done.")


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        # brackets around what is no IPv6 address
        return ""


def _allowed_origins(request: Request) -> set[str]:
    public = current_service(request).settings.public_url
    return {request.headers.get("host", ""), urlsplit(public or "").netloc} - {""}


verify_csrf = Depends(_verify_csrf)
