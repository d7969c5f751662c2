"""The check of the modules in the settings against the backend's routes, and a proposal of modules."""

from collections.abc import Iterable, Sequence

from exporter.check.attempt import CheckDeadline, with_timeout
from exporter.check.backend import SLOW, describe_reply
from exporter.check.finding import Finding, FindingState, ReportSection, join_names
from exporter.check.openapi import ApiRoute, read_routes
from exporter.check.proposal import ProposedModule, propose_modules, to_yaml
from exporter.errors import SourceError
from exporter.settings import Settings
from exporter.settings_backend import ModuleSettings
from exporter.sources.backend.routes import normalize_route
from exporter.sources.backend.source import BackendSource
from exporter.sources.http_client import HttpClient

MOST = 20  # candidates that are requested
SECONDS = 2.0
HEADING = """\
PROPOSED MODULES  from the backend's own routes, for exporter.yml
A health route in a comment judges nothing. Remove the first # once you know
that it tells the truth."""


async def check_modules(
    settings: Settings, backend: BackendSource, limit: CheckDeadline
) -> tuple[ReportSection, str]:
    """Findings on the configured modules, and the proposal as YAML."""
    try:
        found = await with_timeout(read_routes(settings), min(limit.left(), 5.0))
    except SourceError as error:
        detail = f"{error}; the modules that are set are used"
        advice = "Set `modules` by hand where they do not fit (docs/operations.md has an example)."
        return ReportSection("modules", "", (Finding("routes", FindingState.ABSENT, detail, advice),)), ""
    proposal = propose_modules(found.routes)
    own = {module.health for module in settings.modules}
    candidates = [path for it in proposal for path in it.candidates if path not in own]
    answers = await request_health_routes(
        backend.client, candidates, settings.judgement.degraded_seconds, limit
    )
    findings = (
        prefix_finding(settings.modules, found.routes),
        *unassigned_findings(settings.modules, proposal),
    )
    return ReportSection("modules", "", findings), to_yaml(proposal, answers)


def prefix_finding(modules: Sequence[ModuleSettings], routes: Sequence[ApiRoute]) -> Finding:
    """A finding on modules without any route: they stay unknown."""
    paths = [normalize_route(route.path) for route in routes]
    without = [it.name for it in modules if not any(is_below(path, it.prefixes) for path in paths)]
    if not without:
        return Finding("prefixes", FindingState.SEEN, f"each of {len(modules)} modules has routes")
    detail = f"{len(without)} of {len(modules)} modules have no route and stay unknown: {join_names(without)}"
    return Finding("prefixes", FindingState.HIDDEN, detail, "Set `modules` (OPS_MODULES) as proposed below.")


def unassigned_findings(
    modules: Sequence[ModuleSettings], proposal: Iterable[ProposedModule]
) -> list[Finding]:
    """A finding on routes that belong to no configured module: they count as `other`."""
    prefixes = [prefix for module in modules for prefix in module.prefixes]
    known = {module.name for module in modules}  # another finding names these
    others = [
        it.module.name
        for it in proposal
        if it.module.name not in known
        and not all(is_below(normalize_route(prefix), prefixes) for prefix in it.module.prefixes)
    ]
    if not others:
        return []
    detail = f"routes of {join_names(others)} belong to no module that is set, and count as `other`"
    return [
        Finding("other routes", FindingState.NOT_SET, detail, "Add them to `modules`, as proposed below.")
    ]


def is_below(path: str, prefixes: Iterable[str]) -> bool:
    """Whether the path lies below one of the prefixes."""
    return any(
        path == normalize_route(prefix) or path.startswith(f"{normalize_route(prefix)}/")
        for prefix in prefixes
    )


async def request_health_routes(
    client: HttpClient, paths: Sequence[str], slow: float, limit: CheckDeadline
) -> dict[str, str]:
    """The responses of these health routes, one after another, up to the first slow one."""
    answers: dict[str, str] = {}
    for path in paths[:MOST]:
        try:
            reply = await with_timeout(client.get(path), min(limit.left(), SECONDS))
        except SourceError as error:
            answers[path] = str(error).removeprefix("backend ")
            return answers
        answers[path] = describe_reply(reply, slow)
        if reply.seconds > SLOW:
            return answers
    return answers
