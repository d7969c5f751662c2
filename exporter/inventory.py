"""All metrics, pollers and settings of the exporter; docs/ is generated from them."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from exporter import runner
from exporter.collector import Collector
from exporter.collectors import COLLECTORS
from exporter.metrics import MetricDesc
from exporter.poll_policy import PollPolicy
from exporter.settings import Settings
from exporter.settings_load import WELL_KNOWN
from exporter.sources import Sources

# addresses without a listener: every poller is configured, and none is called
ALL_CONFIGURED = {
    "database": {"url": "postgresql+psycopg://watched.invalid/neo"},
    "redis": {"url": "redis://watched.invalid/2"},
    "celery": {"broker_url": "redis://watched.invalid/0", "results_url": "redis://watched.invalid/1"},
    "ingestion": {"url": "redis://watched.invalid/0"},
}


@dataclass(frozen=True)
class MetricEntry:
    """A metric, with its collector and part, and whether it is left out of the whole page."""

    collector: str
    part: str
    metric: MetricDesc
    on_request: bool = False


@dataclass(frozen=True)
class PollerEntry:
    """A poller, its source, and its policy."""

    source: str
    name: str
    policy: PollPolicy


@dataclass(frozen=True)
class SettingEntry:
    """A setting: its name in the file, environment variables, default as text, and description."""

    name: str
    variables: tuple[str, ...]
    default: str
    about: str


def list_metrics(collectors: Sequence[Collector] = COLLECTORS) -> Iterator[MetricEntry]:
    """Every metric that the page can hold, in the order of the page; once for two servers.

    One of which more series come on request stands with the part that is always on the page.
    """
    entries = [
        MetricEntry(collector.name, part.name, metric, part.on_request)
        for collector in collectors
        if not collector.alone
        for part in collector.parts
        for metric in part.metrics
    ]
    always = {it.metric for it in entries if not it.on_request}
    yield from (it for it in entries if not it.on_request or it.metric not in always)
    yield from (MetricEntry("", "", metric) for metric in runner.RUNNER_METRICS)


def list_pollers() -> list[PollerEntry]:
    """Every poller where all sources are configured, with its default policy."""
    sources = Sources.build(Settings.model_validate(ALL_CONFIGURED))
    found = [
        PollerEntry(type(source).__name__.removesuffix("Source"), poller.name, poller.policy)
        for source in sources.each()
        for poller in source.pollers()
    ]
    asyncio.run(sources.close())
    return found


def list_settings(model: type[BaseModel] = Settings, path: tuple[str, ...] = ()) -> Iterator[SettingEntry]:
    """Every setting, section by section."""
    for name, field in model.model_fields.items():
        here = (*path, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from list_settings(field.annotation, here)
        else:
            yield SettingEntry(
                ".".join(here), environment_variables(here), default_text(field), field.description or ""
            )


def environment_variables(path: tuple[str, ...]) -> tuple[str, ...]:
    """The environment variables of a setting, the well-known one first."""
    known = tuple(name for name, where in WELL_KNOWN.items() if where == path)
    return (*known, "OPS_" + "__".join(path).upper())


def default_text(field: FieldInfo) -> str:
    """The default as the file would hold it; empty where there is none."""
    value: Any = field.default
    if value is None or isinstance(value, SecretStr):
        return ""
    if isinstance(value, tuple):
        return ", ".join(str(getattr(item, "name", item)) for item in value)
    return repr(value) if isinstance(value, dict) else str(value)
