"""The lists from which docs/ is generated: each metric once, each setting by all of its names."""

from collections.abc import Iterable

import pytest
from prometheus_client import Metric
from pydantic.fields import FieldInfo

from exporter.collector import Collector, Part
from exporter.inventory import default_text, environment_variables, list_metrics, list_pollers, list_settings
from exporter.metrics import Gauge
from exporter.runner import RUNNER_METRICS
from exporter.settings import Settings
from exporter.settings_backend import ModuleSettings
from exporter.sources import Sources

ALWAYS, SOMETIMES = Gauge("ops_a", "On each page."), Gauge("ops_b", "On request.")


async def nothing(_: Sources) -> Iterable[Metric]:
    """A part without families."""
    return ()


def test_each_metric_is_listed_once_with_the_part_that_is_always_on_the_page() -> None:
    details = Part("details", nothing, (ALWAYS, SOMETIMES), on_request=True)
    first = Collector("first", "a cache", (details, Part("ping", nothing, (ALWAYS,))))
    second = Collector("second", "another cache", (Part("ping", nothing, (ALWAYS,)),), alone=True)
    listed = [(it.collector, it.part, it.metric, it.on_request) for it in list_metrics((first, second))]
    assert listed == [
        ("first", "details", SOMETIMES, True),
        ("first", "ping", ALWAYS, False),
        *(("", "", metric, False) for metric in RUNNER_METRICS),
    ]


@pytest.mark.parametrize(
    ("path", "variables"),
    [
        (("backend", "url"), ("BACKEND_URL", "OPS_BACKEND__URL")),
        (("backend", "period"), ("OPS_BACKEND__PERIOD",)),
        (("log_level",), ("OPS_LOG_LEVEL",)),
    ],
)
def test_a_setting_has_its_variables(path: tuple[str, ...], variables: tuple[str, ...]) -> None:
    assert environment_variables(path) == variables


@pytest.mark.parametrize(
    ("default", "text"),
    [
        (None, ""), ("", ""), (0.5, "0.5"), (False, "False"), (("a", 1), "a, 1"), ({"a": 1}, "{'a': 1}"),
        ((ModuleSettings(name="search"),), "search"),
    ],
)  # fmt: skip
def test_a_default_is_shown_as_the_file_would_hold_it(default: object, text: str) -> None:
    assert default_text(FieldInfo(default=default)) == text


def test_settings_are_listed_section_by_section() -> None:
    listed = {it.name: it for it in list_settings()}
    assert next(iter(listed)) == "web.host"
    assert listed["backend.period"].default == "30.0"
    assert listed["backend.period"].about == "seconds between two requests to an ordinary route"
    assert {name.partition(".")[0] for name in listed} == Settings.model_fields.keys()


def test_pollers_are_listed_with_their_sources() -> None:
    listed = {it.name: it for it in list_pollers()}
    assert (listed["backend /metrics"].source, listed["backend /metrics"].policy.min_interval) == (
        "Backend",
        0.25,
    )
    assert {"Backend", "Database"} < {it.source for it in listed.values()}
