"""Where links lead: to another dashboard with time and variables kept, or to a page of the service."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TIME = "${__url_time_range}"
# what a panel with a time of its own hands on: in it the macro above is empty
LAST_HOUR = "from=now-1h&to=now"
SHARED = ("datasource", "job", "instance", "service")
PROMETHEUS = Path(__file__).parents[1] / "prometheus" / "prometheus.yml"
Link = dict[str, Any]


def board(name: str, title: str, given: Mapping[str, str] | None = None, anchor: int = 0) -> Link:
    """A link to a dashboard; `given` sets its variables."""
    pairs = "".join(f"var-{variable}={value}&" for variable, value in (given or {}).items())
    kept = "&".join([TIME, *(f"${{{it}:queryparam}}" for it in SHARED)])
    panel = f"&viewPanel={anchor}" if anchor else ""
    return {"title": title, "url": f"/d/watchroom-{name}?{pairs}{kept}{panel}", "targetBlank": False}


def page(path: str, title: str, given: Mapping[str, str] | None = None) -> Link:
    """A link to a page of the service, which opens filled in with `given` and changes nothing by itself."""
    query = "&".join(f"{name}={value}" for name, value in (given or {}).items())
    return {"title": title, "url": f"${{service}}{path}{'?' if query else ''}{query}", "targetBlank": True}


def of_last_hour(links: Sequence[Link]) -> list[Link]:
    """The links as a panel that always shows the last hour hands them on."""
    return [{**link, "url": link["url"].replace(TIME, LAST_HOUR)} for link in links]


def cell(field: str) -> str:
    """The value of a column in the row that the link is on, as an address can hold it."""
    return f"${{__data.fields.{field}:percentencode}}"


def label(name: str) -> str:
    """A label of the series that the link is on, as an address can hold it."""
    return f"${{__field.labels.{name}:percentencode}}"


@cache
def service_address() -> str:
    """Where browsers reach the service: the external label from which alerts get their links, too."""
    labels = yaml.safe_load(PROMETHEUS.read_text())["global"]["external_labels"]
    return str(labels["service_url"])
