"""Pages from templates: one environment, everything escaped, the words for times and sizes."""

import re
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ingestion_api.access.identity import Role
from ingestion_api.pages.session import current_visitor
from ingestion_api.store.tables import Job

_NOTICES = {
    "signed-out": "You have signed out.",
    "queued": "The repository was queued.",
    "already-queued": "This repository was already queued; this is its job.",
    "cancelled": "The job was cancelled.",
    "cancelling": "The job was asked to stop; it ends within seconds.",
    "retried": "The job was queued again as a new one.",
    "acknowledged": "The alert was acknowledged.",
    "closed": "The alert was closed; told again that it fires, it opens again.",
    "taken-back": "The alert is no longer acknowledged.",
    "levels-set": "The levels were set; they are in force within two seconds.",
    "levels-set-back": "The file's levels are in force again within two seconds.",
    "notices-set": "Your notices were set.",
    "generating": "Sparse embeddings are being generated.",
}
_HERE = Path(__file__).parents[1]


def notice_text(key: str) -> str:
    """Return the sentence for a key, or nothing for an unknown one."""
    return _NOTICES.get(key, "")


STATIC = _HERE / "static"


def render_page(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """Render a template with what every page needs."""
    visitor = current_visitor(request)
    identity = visitor.session.identity
    shared = {
        "path": request.url.path,
        "form_key": visitor.form_key,
        "signed_in": visitor.session.signed_in,
        "identity": identity,
        # no page shows a button that is of no use to who reads it
        "may_change": identity is not None and identity.role.allows(Role.OPERATOR),
        "may_set_levels": identity is not None and identity.role.allows(Role.ADMIN),
        "notice": notice_text(request.query_params.get("notice", "")),
        "status": status,
    }
    return HTMLResponse(_environment().get_template(template).render({**shared, **values}), status)


def load_templates() -> None:
    """Compile all templates now, so that no request waits for it."""
    environment = _environment()
    for name in environment.list_templates():
        environment.get_template(name)


def render_fragment(template: str, **values: Any) -> Markup:
    """Render a piece of a page that is the same for everybody."""
    return Markup(_environment().get_template(template).render(values))  # noqa: S704 - the template escapes


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # the files of a running service do not change; reading their times costs more than rendering one
        auto_reload=False,
    )
    environment.globals["static"] = static
    for word in (ago, begun, breakable, camel, duration, moment, number, size, snake, title):
        environment.filters[word.__name__] = word
    return environment


@cache
def static(name: str) -> str:
    """Return the address of a file that changes when the file does."""
    version = sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={version}"


def ago(then: datetime) -> str:
    """Return how long a moment lies back: "3 min ago"."""
    seconds = (datetime.now(UTC) - _aware(then)).total_seconds()
    return "just now" if seconds < 5 else f"{duration(seconds)} ago"


def duration(seconds: float) -> str:
    """Return a length of time in its largest fitting unit: "45 s", "3 min", "2 h", "5 days"."""
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{round(seconds)} s" if seconds >= 10 else f"{round(seconds, 1):g} s"


def number(value: float) -> str:
    """Return a count with its thousands set apart by thin spaces."""
    return f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def size(count: float) -> str:
    """Return a number of bytes in its largest fitting unit."""
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def moment(then: datetime) -> str:
    """Return a moment for people, in UTC."""
    return _aware(then).strftime("%Y-%m-%d %H:%M:%S UTC")


def title(job: Job) -> Markup:
    """Return what a job is called."""
    return breakable((job.repo_url or "Sparse embeddings").removeprefix("https://"))


def breakable(text: str) -> Markup:
    """Return a text with an address in it, which may break after each of its slashes."""
    return Markup("/<wbr>").join(text.split("/"))


def camel(name: str) -> Markup:
    """Return a name of words without spaces between them, which may break before each of them."""
    return Markup("<wbr>").join(re.split(r"(?<=[a-z])(?=[A-Z])", name))


def snake(name: str) -> Markup:
    """Return a name of words joined by underscores, which may break after each of them."""
    return Markup("_<wbr>").join(name.split("_"))


def begun(text: str) -> str:
    """Return a text as the beginning of a sentence; the rest keeps its case."""
    return text[:1].upper() + text[1:]


def _aware(then: datetime) -> datetime:
    return then if then.tzinfo else then.replace(tzinfo=UTC)
