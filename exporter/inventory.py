"""What the exporter can show, what it asks, and what can be set: facts from which the documents are made."""

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

# addresses that nobody listens on: with them every question is configured, and none is asked
ALL_CONFIGURED = {
    "database": {"url": "postgresql+psycopg://watched.invalid/neo"},
    "redis": {"url": "redis://watched.invalid/2"},
    "celery": {"broker_url": "redis://watched.invalid/0", "results_url": "redis://watched.invalid/1"},
    "ingestion": {"url": "redis://watched.invalid/0"},
}


@dataclass(frozen=True)
class MetricEntry:
    """A metric, and the collector and part that show it."""

    collector: str
    part: str
    metric: MetricDesc


@dataclass(frozen=True)
class PollerEntry:
    """A question, the source that it is put to, and its pace."""

    source: str
    name: str
    policy: PollPolicy


@dataclass(frozen=True)
class SettingEntry:
    """A setting: its name in the file, its environment variables, its default as text, its meaning."""

    name: str
    variables: tuple[str, ...]
    default: str
    about: str


def list_metrics(collectors: Sequence[Collector] = COLLECTORS) -> Iterator[MetricEntry]:
    """Every metric that the page can hold, in its order."""
    for collector in collectors:
        for part in collector.parts:
            yield from (MetricEntry(collector.name, part.name, metric) for metric in part.metrics)
    yield from (MetricEntry("", "", metric) for metric in runner.RUNNER_METRICS)


def list_pollers() -> list[PollerEntry]:
    """Every question that is put to anyone where everything is configured, with its default pace."""
    sources = Sources.build(Settings.model_validate(ALL_CONFIGURED))
    found = [
        PollerEntry(type(source).__name__.removesuffix("Source"), question.name, question.policy)
        for source in sources.each()
        for question in source.pollers()
    ]
    asyncio.run(sources.close())
    return found


def list_settings(model: type[BaseModel] = Settings, path: tuple[str, ...] = ()) -> Iterator[SettingEntry]:
    """Every setting, sections opened up."""
    for name, field in model.model_fields.items():
        here = (*path, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from list_settings(field.annotation, here)
        else:
            yield SettingEntry(
                ".".join(here), environment_variables(here), default_text(field), field.description or ""
            )


def environment_variables(path: tuple[str, ...]) -> tuple[str, ...]:
    """The environment variables that set this, the one that operators know first."""
    known = tuple(name for name, where in WELL_KNOWN.items() if where == path)
    return (*known, "OPS_" + "__".join(path).upper())


def default_text(field: FieldInfo) -> str:
    """The default as it would be written in the file; empty where there is none."""
    value: Any = field.default
    if value is None or isinstance(value, SecretStr):
        return ""
    if isinstance(value, tuple):
        return ", ".join(str(getattr(item, "name", item)) for item in value)
    return repr(value) if isinstance(value, dict) else str(value)
