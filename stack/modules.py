"""The modules of a given backend, as its own routes show them: asked for once, before the exporter starts."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import yaml
from pydantic import ValidationError

from exporter.check.attempt import with_timeout
from exporter.check.openapi import read_routes
from exporter.check.proposal import ProposedModule, propose_modules, to_json
from exporter.errors import SourceError
from exporter.settings import Settings as ExporterSettings
from exporter.settings_load import DEFAULT_FILE
from stack.settings import Settings
from stack.target_system import TargetSystem

MODULES_VARIABLE = "OPS_MODULES"
ROUTES_SECONDS = 5.0
PrintLine = Callable[[str], None]


def add_route_prefixes(settings: Settings, watched: TargetSystem, say: PrintLine) -> TargetSystem:
    """The watched system with its route prefixes, where a backend is given and no modules are set.

    Says in one line which modules are used.
    """
    if watched.demo is not None or has_module_settings(settings):
        return watched
    try:
        proposal = asyncio.run(fetch_modules(watched))
    except SourceError as error:
        say(f"modules: the default route prefixes are used until the next start, since {error}")
        return watched
    names = ", ".join(it.module.name for it in proposal)
    say(f"modules: route prefixes of {names} are read from {watched.url}/openapi.json; see exporter --check")
    return replace(watched, environment={**watched.environment, MODULES_VARIABLE: to_json(proposal)})


def has_module_settings(settings: Settings) -> bool:
    """Whether somebody has set the modules, by the environment or in the exporter's file."""
    if os.environ.get(MODULES_VARIABLE):
        return True
    try:
        document = yaml.safe_load((settings.exporter_config or DEFAULT_FILE).read_text())
    except (OSError, yaml.YAMLError):
        return False  # without a file there are none; a broken one is named by the exporter
    return isinstance(document, dict) and "modules" in document


async def fetch_modules(watched: TargetSystem) -> tuple[ProposedModule, ...]:
    """The modules behind the routes of the backend. Raises SourceError."""
    given = {"url": watched.url, "token_file": watched.token_file and Path(watched.token_file)}
    try:
        settings = ExporterSettings.model_validate({"backend": given})
    except ValidationError:
        raise SourceError("the settings of the backend are wrong") from None
    found = await with_timeout(read_routes(settings), ROUTES_SECONDS)
    return propose_modules(found.routes)
