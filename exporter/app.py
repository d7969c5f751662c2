"""The exporter's web application: /metrics, a landing page, liveness and readiness."""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from html import escape

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from exporter import __version__
from exporter.background_polling import BackgroundPolling
from exporter.collector import Collector, UnknownCollector, scrape_budget
from exporter.collectors import COLLECTORS
from exporter.exposition import ExpositionWriter, encode_metrics
from exporter.page_selection import select_page
from exporter.runner import Runner
from exporter.settings import Settings
from exporter.sources import Sources

CallNext = Callable[[Request], Awaitable[Response]]
OPEN_PATHS = ("/-/healthy", "/-/ready")


def build(settings: Settings, collectors: Sequence[Collector] = COLLECTORS) -> Starlette:
    """The application; it opens the sources when it starts and closes them when it stops.

    Starlette alone: FastAPI on top of it would take 12 MiB to describe four pages that need no description.
    """
    sources = Sources.build(settings)
    guards: list[Middleware] = []
    if settings.web.token_file is not None:
        check = require_bearer_token(settings.web.token_file.read_text().strip())
        guards.append(Middleware(BaseHTTPMiddleware, dispatch=check))

    async def landing(_: Request) -> HTMLResponse:
        """A page of links to the collectors."""
        return HTMLResponse(landing_page(collectors))

    routes = [
        Route("/metrics", make_metrics_endpoint(sources, settings.limits.budget, collectors)),
        Route("/-/healthy", healthy),
        Route("/-/ready", ready),
        Route("/", landing),
    ]
    app = Starlette(routes=routes, middleware=guards, lifespan=make_lifespan(sources))
    app.state.ready = False
    return app


def make_lifespan(sources: Sources) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """The lifespan that opens the sources, polls in the background, and closes the sources."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        background = BackgroundPolling(sources.pollers())
        sources.open()
        background.start()
        app.state.ready = True
        yield
        app.state.ready = False
        await background.stop()
        await sources.close()

    return lifespan


def make_metrics_endpoint(
    sources: Sources, longest: float, collectors: Sequence[Collector]
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of /metrics: the whole page, or what the parameters select of it."""
    runner, writer = Runner(sources), ExpositionWriter()

    async def metrics(request: Request) -> Response:
        seconds = scrape_budget(request.headers.get("X-Prometheus-Scrape-Timeout-Seconds"), longest)
        try:
            selection = select_page(collectors, request.query_params)
            found = await runner.run(selection.collectors, seconds, selection.names)
            families = selection.families(found)
        except UnknownCollector as error:
            return PlainTextResponse(f"{error}\n", status_code=400)
        accept = request.headers.get("Accept", "")
        encoded = encode_metrics(families, accept, request.headers.get("Accept-Encoding", ""), writer)
        return Response(encoded.body, headers=encoded.headers)

    return metrics


async def healthy(_: Request) -> PlainTextResponse:
    """Respond 200 while the process runs."""
    return PlainTextResponse("healthy\n")


async def ready(request: Request) -> PlainTextResponse:
    """Respond 200 while the sources are open, else 503."""
    if not request.app.state.ready:
        return PlainTextResponse("not ready\n", status_code=503)
    return PlainTextResponse("ready\n")


def require_bearer_token(token: str) -> Callable[[Request, CallNext], Awaitable[Response]]:
    """Middleware that refuses requests without this bearer token."""
    expected = f"Bearer {token}".encode()

    async def check(request: Request, call_next: CallNext) -> Response:
        given = request.headers.get("Authorization", "").encode()
        if request.url.path not in OPEN_PATHS and not hmac.compare_digest(given, expected):
            return PlainTextResponse(
                "expected an Authorization header with the bearer token\n",
                status_code=401,
                headers={"WWW-Authenticate": "Bearer"},
            )
        return await call_next(request)

    return check


def landing_page(collectors: Sequence[Collector]) -> str:
    """The page at /, with a link to each collector."""
    items = "".join(
        f'<li><a href="/metrics?collect[]={escape(c.name)}">{escape(c.name)}</a> {escape(c.about)}</li>'
        for c in collectors
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Watchroom exporter</title>'
        f"<body><h1>Watchroom exporter {escape(__version__)}</h1>"
        '<p><a href="/metrics">All metrics</a>, or one collector:</p>'
        f"<ul>{items}</ul></body></html>"
    )
