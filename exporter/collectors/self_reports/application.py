"""Reports on modules, models, event bus and the reports themselves: rows 2, 8, 10, 14 and 16."""

from collections.abc import Iterable

from exporter.collectors.self_reports.row import Comparison
from exporter.collectors.self_reports.said import NONEXISTENT
from exporter.collectors.self_reports.sight import ComparisonInput
from exporter.sources.backend.event_bus import EventBus
from exporter.sources.backend.model_reports import FAILED, VERIFIED, ModelReport
from exporter.status import DEGRADED, DOWN, HEALTHY, UNKNOWN


def compare_modules(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 2: every module is healthy, whatever its requests and its own health route say."""
    for view in sight.seen.modules:
        report = sight.backend.reported[view.name]
        yield Comparison(f"module {view.name}", view.reported, view.observed, report)


def compare_missing_module(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 2: even a module that does not exist is healthy."""
    yield Comparison("module that does not exist", sight.said.no_module, NONEXISTENT)


def compare_models(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 8: a file that exists is an available model."""
    for model in sight.said.models:
        yield Comparison(f"model {model.name}", model_reported(model), model_observed(model))


def model_reported(model: ModelReport) -> str:
    """The model as reported."""
    return UNKNOWN if model.available is None else HEALTHY if model.available else DOWN


def model_observed(model: ModelReport) -> str:
    """The model as a check found it; one that was never checked is unknown."""
    return {VERIFIED: HEALTHY, FAILED: DOWN}.get(model.verified, UNKNOWN)


def compare_event_bus(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 10: no errors while each delivery takes half a minute."""
    if sight.seen.bus is not None:
        yield Comparison("event bus", event_bus_reported(sight.seen.bus), event_bus_observed(sight))


def event_bus_reported(bus: EventBus) -> str:
    """The bus by the errors it counts."""
    if bus.errors is None:
        return UNKNOWN
    return HEALTHY if bus.errors == 0 else DEGRADED


def event_bus_observed(sight: ComparisonInput) -> str:
    """The bus by the errors it counts and by how long its handlers take; an unused bus is unknown."""
    if sight.seen.bus is None or sight.seen.bus.slow_handling is None:
        return UNKNOWN
    if sight.seen.bus.slow_handling > sight.settings.backend.highest_quantile_seconds:
        return DEGRADED
    return event_bus_reported(sight.seen.bus)


def compare_processes(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 14: counts of one process where several answer in turn."""
    if sight.seen.bus is not None:
        yield Comparison("event bus counts", "whole", "part" if sight.seen.processes > 1 else "whole")


def compare_slow_routes(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 16: connections are taken and nothing is answered. Silence is no report: it contradicts nothing."""
    if sight.seen.wedged is not None:
        state = "silent" if sight.seen.wedged else "answering"
        yield Comparison("health routes", state, state)


def api_observed(sight: ComparisonInput) -> str:
    """The API by whether it answers us at all and on its slow routes."""
    if sight.seen.answers is None:
        return UNKNOWN
    return HEALTHY if sight.seen.answers else DOWN
