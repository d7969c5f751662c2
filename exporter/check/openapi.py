"""The backend's OpenAPI document, read defensively."""

import json
import re
from dataclasses import dataclass

from exporter.errors import InvalidResponse, RequestFailed
from exporter.settings import Settings
from exporter.sources.http_client import BearerToken, HttpClient

DOCUMENT = "/openapi.json"
MOST_BYTES = 5_000_000
MOST_PATHS = 3000
PATH = re.compile(r"/[\w{}./~@:+-]{0,199}")
TAG = re.compile(r"[\w .&/-]{1,64}")


@dataclass(frozen=True)
class ApiRoute:
    """A path of the backend, whether it can be read with GET, and the first tag of its operations."""

    path: str
    readable: bool
    tag: str


@dataclass(frozen=True)
class ApiRoutes:
    """The parsed routes, and the number of entries that could not be parsed."""

    routes: tuple[ApiRoute, ...]
    left_out: int


async def read_routes(settings: Settings) -> ApiRoutes:
    """The routes of the backend, from one request. Raises SourceError where there are none."""
    own = settings.backend
    client = HttpClient(own.url, BearerToken(own.token, own.token_file), MOST_BYTES, proxy=own.proxy)
    try:
        reply = await client.get(DOCUMENT)
    finally:
        await client.close()
    if reply.status != 200:
        raise RequestFailed(f"backend {DOCUMENT} returned {reply.status}; expected 200", reply.status)
    return parse_routes(reply.body)


def parse_routes(body: bytes) -> ApiRoutes:
    """The routes that an OpenAPI document names. Raises InvalidResponse for anything else."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidResponse(f"backend {DOCUMENT} is not JSON") from None
    paths = document.get("paths") if isinstance(document, dict) else None
    if not isinstance(paths, dict):
        raise InvalidResponse(f"backend {DOCUMENT} names no paths; expected an OpenAPI document")
    found = [route for path, item in paths.items() if (route := parse_route(path, item))]
    if not found:
        raise InvalidResponse(f"backend {DOCUMENT} names no path that can be parsed")
    return ApiRoutes(tuple(found[:MOST_PATHS]), len(paths) - len(found[:MOST_PATHS]))


def parse_route(path: str, item: object) -> ApiRoute | None:
    """One entry of `paths`; None where it cannot be parsed."""
    if not PATH.fullmatch(path) or not isinstance(item, dict):
        return None
    tags = (first_tag(operation) for operation in item.values())
    return ApiRoute(path, isinstance(item.get("get"), dict), next(filter(None, tags), ""))


def first_tag(operation: object) -> str:
    """The first tag of an operation, empty without one."""
    tags = operation.get("tags") if isinstance(operation, dict) else None
    first = tags[0] if isinstance(tags, list) and tags else None
    return first if isinstance(first, str) and TAG.fullmatch(first) else ""
