"""Writes the dashboards as JSON: the same bytes for the same code."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from grafanalib._gen import DashboardEncoder

from grafana.dashboard import Dashboard, dashboard_json

GENERATED = Path(__file__).with_name("generated")


def render(board: Dashboard) -> str:
    """The content of one dashboard file."""
    return (
        json.dumps(dashboard_json(board), cls=DashboardEncoder, indent=2, sort_keys=True, ensure_ascii=False)
        + "\n"
    )


def parse(board: Dashboard) -> dict[str, Any]:
    """The dashboard as plain data."""
    return dict(json.loads(render(board)))


def find_stale(boards: Iterable[Dashboard], folder: Path = GENERATED) -> dict[str, str]:
    """The files that are not what the code makes, with what they should hold."""
    wanted = {f"{board.name}.json": render(board) for board in boards}
    return {name: text for name, text in wanted.items() if current(folder / name) != text}


def write(boards: Iterable[Dashboard], folder: Path = GENERATED) -> list[str]:
    """Write what is stale and remove what no code makes any more; the names of what was written."""
    boards = list(boards)
    folder.mkdir(parents=True, exist_ok=True)
    changed = find_stale(boards, folder)
    for name, text in changed.items():
        (folder / name).write_text(text)
    names = {f"{board.name}.json" for board in boards}
    for file in folder.glob("*.json"):
        if file.name not in names:
            file.unlink()
    return sorted(changed)


def current(file: Path) -> str | None:
    """What the file holds now."""
    return file.read_text() if file.is_file() else None
