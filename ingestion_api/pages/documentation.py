"""Every route with its parameters, examples and answers, from the same document that programs read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.templates import render_fragment, render_page
from ingestion_api.web.application import Application

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """What an address, a query or a header may hold."""

    name: str
    where: str
    needed: bool
    about: str
    example: str


@dataclass(frozen=True)
class Operation:
    """One method of one address; `body` and `answer` are examples, empty where there is none."""

    method: str
    path: str
    summary: str
    about: str
    with_token: bool
    parameters: list[Parameter]
    body: str
    answer: str
    statuses: list[tuple[str, str]]


@router.get("/docs")
def show(request: Request) -> Response:
    """Show them by subject; whoever may read the document may read this."""
    app: Application = request.app
    document = app.openapi()
    routes = app.written_once(
        "routes_shown",
        lambda: render_fragment("documentation_routes.html", subjects=operations_by_tag(document)),
    )
    return render_page(request, "documentation.html", about=document["info"]["description"], routes=routes)


def operations_by_tag(document: Document) -> dict[str, list[Operation]]:
    """All operations, in the order of the document."""
    subjects: dict[str, list[Operation]] = {}
    for subject, operation in operations(document):
        subjects.setdefault(subject, []).append(operation)
    return subjects


def operations(document: Document) -> Iterator[tuple[str, Operation]]:
    """Every operation with its subject, in the order of the document."""
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            yield (told.get("tags") or ["other"])[0], _operation(document, method.upper(), path, told)


def _operation(document: Document, method: str, path: str, told: Document) -> Operation:
    answers = told.get("responses", {})
    good: Document = next((answer for status, answer in answers.items() if status < "300"), {})
    return Operation(
        method=method,
        path=path,
        summary=told.get("summary", ""),
        about=told.get("description", ""),
        with_token=bool(told.get("security")),
        parameters=[_parameter(each) for each in told.get("parameters", [])],
        body=_example(document, told.get("requestBody", {})),
        answer=_example(document, good),
        statuses=[(status, answer.get("description", "")) for status, answer in answers.items()],
    )


def _parameter(told: Document) -> Parameter:
    schema = told.get("schema", {})
    examples = told.get("examples") or schema.get("examples") or [schema.get("default", "")]
    example = next(iter(examples.values()))["value"] if isinstance(examples, dict) else examples[0]
    shown = "" if example is None else str(example)
    return Parameter(
        told["name"], told["in"], told.get("required", False), told.get("description", ""), shown
    )


def _example(document: Document, told: Document) -> str:
    schema = told.get("content", {}).get("application/json", {}).get("schema", {})
    while "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = document["components"]["schemas"][name]
    examples = schema.get("examples", [])
    # the last one shows most
    return json.dumps(examples[-1], indent=2, ensure_ascii=False) if examples else ""
