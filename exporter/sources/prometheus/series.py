"""What Prometheus answers to a query, as times and values of each series."""

from collections.abc import Iterator
from itertools import compress
from math import isfinite
from typing import Any, NamedTuple

from exporter.errors import InvalidResponse
from exporter.sources.json_object import JsonObject

# every label and its value but that of the metric's name, in order: what tells one series from all others
Labels = tuple[tuple[str, str], ...]


class SeriesSamples(NamedTuple):
    """Times in Unix seconds, and as many values, all of them finite."""

    times: list[float]
    values: list[float]


def parse_series(answer: JsonObject) -> Iterator[tuple[Labels, SeriesSamples]]:
    """The series of a vector or a matrix. Raises BadAnswer for anything else."""
    if answer.text("status") != "success":
        raise InvalidResponse(f"{answer.name} answered {answer.text('status')}; expected success")
    for found in answer.objects("data", "result"):
        yield parse_labels(found), parse_samples(found)


def parse_labels(found: JsonObject) -> Labels:
    """The whole label set of one series."""
    metric = found.object("metric")
    names = [key for key in metric.keys() if key != "__name__"]  # noqa: SIM118 - a Document is no mapping
    return tuple(sorted((key, metric.text(key) or "") for key in names))


def parse_samples(found: JsonObject) -> SeriesSamples:
    """The rows of one series that are numbers. Raises BadAnswer where one is no time with a value."""
    single, many = found.at("value"), found.at("values")
    pairs: list[Any] = many if isinstance(many, list) else [single]
    try:
        # float() also reads NaN and +Inf, as Prometheus writes them
        times = [float(moment) for moment, _ in pairs]
        values = [float(value) for _, value in pairs]
    except (TypeError, ValueError):
        raise InvalidResponse(f"{found.name} answered with rows that are no pairs of numbers") from None
    # a ratio of nothing is no number to learn
    known = [*map(isfinite, values)]
    return SeriesSamples([*compress(times, known)], [*compress(values, known)])
