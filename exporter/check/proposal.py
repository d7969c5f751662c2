"""Modules proposed from the backend's routes: names, prefixes, and candidates for health routes.

A prefix only assigns requests, so it can be used at once. A health route decides the status of its module,
and many always report the same: a person confirms it first, unless the defaults know it as truthful.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from exporter.check.openapi import ApiRoute
from exporter.settings_backend import DEFAULT_MODULES, ModuleSettings
from exporter.sources.backend.routes import MONITORING_MODULE

MOST_MODULES = 60
MOST_PREFIXES = 30
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
PLAIN = re.compile(r"[\w/.-]+")
VERSION = re.compile(r"api|v\d+")
PLACEHOLDER = re.compile(r"\{[^}]*\}")
HEALTH = ("health", "healthz")
# routes of the server itself, which belong to no module
SERVER = (
    *HEALTH,
    "metrics",
    "docs",
    "redoc",
    "openapi.json",
    "ready",
    "readyz",
    "live",
    "livez",
    "ping",
    "static",
)
INGESTION = "/api/v1/ingestion/"
Segments = tuple[str, ...]


@dataclass(frozen=True)
class ProposedModule:
    """A module; `health` is known to be truthful, `candidates` are not."""

    module: ModuleSettings
    candidates: tuple[str, ...]


def propose_modules(routes: Sequence[ApiRoute]) -> tuple[ProposedModule, ...]:
    """The modules behind these routes, by name; the smallest are left out beyond a bound."""
    placed = [(route, place) for route in routes if (place := module_and_prefix(route))]
    sizes = Counter(name for _, (name, _) in placed)
    names = sorted(name for name, _ in sizes.most_common(MOST_MODULES))
    return tuple(
        propose_module(name, [(route, prefix) for route, (it, prefix) in placed if it == name])
        for name in names
    )


def propose_module(name: str, placed: Sequence[tuple[ApiRoute, str]]) -> ProposedModule:
    """One module with its routes and their prefixes."""
    known = next((module.health for module in DEFAULT_MODULES if module.name == name), None)
    health = [route.path for route, _ in placed if is_health(route, name)]
    confirmed = known if known in health else None
    prefixes = tuple(drop_covered_prefixes({prefix for _, prefix in placed}))[:MOST_PREFIXES]
    candidates = tuple(path for path in health if path != confirmed)
    return ProposedModule(ModuleSettings(name=name, prefixes=prefixes, health=confirmed), candidates)


def is_health(route: ApiRoute, name: str) -> bool:
    """Whether this may be the health route of its module.

    Those of the monitoring module block the backend; those of ingestion are polled for themselves.
    """
    if (
        name == MONITORING_MODULE
        or not route.readable
        or "{" in route.path
        or route.path.startswith(INGESTION)
    ):
        return False
    return route.path.rsplit("/", 1)[-1] in HEALTH


def module_and_prefix(route: ApiRoute) -> tuple[str, str] | None:
    """The module of a route and the prefix by which it belongs there; None for the server's own routes."""
    segments = tuple(filter(None, route.path.split("/")))
    lead = count_leading_segments(segments)
    rest = segments[lead:]
    if not rest or rest[0].startswith("{") or (len(rest) == 1 and rest[0] in SERVER):
        return None
    name, depth = match_default_module(rest) or (name_from_words(rest[0], route.tag), 1)
    return (name, "/" + "/".join(segments[: lead + depth])) if name else None


def count_leading_segments(segments: Segments) -> int:
    """The number of leading segments that only name an API and its version."""
    return next((n for n, segment in enumerate(segments) if not VERSION.fullmatch(segment)), len(segments))


@cache
def default_prefixes() -> list[tuple[Segments, str]]:
    """The prefixes of the default modules without what leads, the longest first."""
    found = []
    for module in DEFAULT_MODULES:
        for prefix in module.prefixes:
            segments = without_parameter_names(filter(None, prefix.split("/")))
            found.append((segments[count_leading_segments(segments) :], module.name))
    return sorted(found, key=lambda pair: -len(pair[0]))


def match_default_module(rest: Segments) -> tuple[str, int] | None:
    """The default module that this path belongs to, and the number of segments that decide it."""
    path = without_parameter_names(rest)
    fits = ((name, len(known)) for known, name in default_prefixes() if path[: len(known)] == known)
    return next(fits, None)


def name_from_words(segment: str, tag: str) -> str:
    """A name from the path's first segment, or from the tag where that is known or longer; else empty."""
    by_path, by_tag = module_name(segment), module_name(tag)
    if by_tag in {module.name for module in DEFAULT_MODULES} or not by_path:
        return by_tag
    return by_tag if by_tag.startswith(f"{by_path}_") else by_path


def module_name(words: str) -> str:
    """The words as the name of a module; empty where they cannot be one."""
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    return name if NAME.fullmatch(name) else ""


def without_parameter_names(segments: Iterable[str]) -> Segments:
    """The segments without the names of parameters."""
    return tuple(PLACEHOLDER.sub("{}", segment) for segment in segments)


def drop_covered_prefixes(prefixes: Iterable[str]) -> list[str]:
    """The prefixes, without those that another of them covers."""
    found: list[str] = []
    for prefix in sorted(prefixes):
        if not any(prefix.startswith(f"{other}/") for other in found):
            found.append(prefix)
    return found


def to_json(proposal: Sequence[ProposedModule]) -> str:
    """The value of OPS_MODULES; candidates for health routes are not in it."""
    return json.dumps([it.module.model_dump(mode="json", exclude_none=True) for it in proposal])


def to_yaml(proposal: Sequence[ProposedModule], answers: dict[str, str]) -> str:
    """The block `modules` of exporter.yml; candidates are comments, each with its response."""
    lines = ["modules:"]
    for it in proposal:
        module = it.module
        lines.append(f"  - name: {module.name}")
        lines.append(f"    prefixes: [{', '.join(map(yaml_scalar, module.prefixes))}]")
        if module.health:
            lines.append(f"    health: {yaml_scalar(module.health)}")
        lines += [
            f"    # health: {yaml_scalar(path)}  # {answers.get(path, 'not requested')}"
            for path in it.candidates
        ]
    return "\n".join(lines) + "\n"


def yaml_scalar(text: str) -> str:
    """The text in YAML, in quotes where it needs them."""
    return text if PLAIN.fullmatch(text) else json.dumps(text)
