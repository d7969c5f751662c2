"""Checks of a given backend before anything starts: what can be monitored, and which modules it has."""

import asyncio
import os
import subprocess
from collections.abc import Callable, Mapping
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

CHECK_SECONDS = 40.0
MODULES_VARIABLE = "OPS_MODULES"
ROUTES_SECONDS = 5.0
STARTED_HERE = ("PROMETHEUS_URL", "SERVICE_URL")
PrintLine = Callable[[str], None]


def print_check(
    target: TargetSystem, command: tuple[str, ...], environment: Mapping[str, str], print_line: PrintLine
) -> None:
    """Print the table of `python -m exporter --check` for a given backend; the demo needs none.

    What this run starts itself cannot be seen yet, which is no mistake of anybody: it is left out.
    """
    if target.demo is not None:
        return
    given = {name: it for name, it in {**os.environ, **environment}.items() if name not in STARTED_HERE}
    try:
        ended = subprocess.run(  # noqa: S603  (our own command)
            [*command, "--check"],
            env=given,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CHECK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print_line(f"exporter --check did not finish within {CHECK_SECONDS:g} s; the run starts without it")
        return
    print_line((ended.stderr + ended.stdout).rstrip())


def add_route_prefixes(settings: Settings, target: TargetSystem, print_line: PrintLine) -> TargetSystem:
    """The target with the route prefixes of its modules, if a backend is given and no modules are set.

    Prints one line about the modules in use.
    """
    if target.demo is not None or has_module_settings(settings):
        return target
    try:
        proposal = asyncio.run(fetch_modules(target))
    except SourceError as error:
        print_line(f"modules: the default route prefixes are used until the next start, since {error}")
        return target
    names = ", ".join(it.module.name for it in proposal)
    print_line(
        f"modules: route prefixes of {names} are read from {target.url}/openapi.json; see exporter --check"
    )
    return replace(target, environment={**target.environment, MODULES_VARIABLE: to_json(proposal)})


def has_module_settings(settings: Settings) -> bool:
    """Whether the environment or the exporter's file sets the modules."""
    if os.environ.get(MODULES_VARIABLE):
        return True
    try:
        document = yaml.safe_load((settings.exporter_config or DEFAULT_FILE).read_text())
    except (OSError, yaml.YAMLError):
        return False  # the exporter itself reports a broken file
    return isinstance(document, dict) and "modules" in document


async def fetch_modules(target: TargetSystem) -> tuple[ProposedModule, ...]:
    """The modules behind the routes of the backend. Raises SourceError."""
    given = {"url": target.url, "token_file": target.token_file and Path(target.token_file)}
    try:
        settings = ExporterSettings.model_validate({"backend": given})
    except ValidationError:
        raise SourceError("the settings of the backend are wrong") from None
    found = await with_timeout(read_routes(settings), ROUTES_SECONDS)
    return propose_modules(found.routes)
