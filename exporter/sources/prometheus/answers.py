"""What Prometheus answers to a query, as times and values of each series."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from exporter.errors import BadAnswer
from exporter.sources.document import Document

OWN = ("__name__", "signal")


class Name(NamedTuple):
    """What a series is about: its signal, and if not the whole its part, which may be a module."""

    signal: str
    module: str
    part: str


class Rows(NamedTuple):
    """Times in Unix seconds, and as many values."""

    times: list[float]
    values: list[float]


def series(answer: Document) -> Iterator[tuple[Name, Rows]]:
    """The series of a vector or a matrix. Raises BadAnswer for anything else."""
    if answer.text("status") != "success":
        raise BadAnswer(f"{answer.name} answered {answer.text('status')}; expected success")
    for found in answer.parts("data", "result"):
        yield name(found), rows(found)


def name(found: Document) -> Name:
    """What the labels say; those beside the signal name the part."""
    metric = found.part("metric")
    labels = {key: metric.text(key) or "" for key in metric.keys()}  # noqa: SIM118 - a Document is no mapping
    others = (value for key, value in sorted(labels.items()) if key not in OWN)
    return Name(labels.get("signal", ""), labels.get("module", ""), " ".join(others))


def rows(found: Document) -> Rows:
    """The rows of one series. Raises BadAnswer where one is no pair of a time and a value."""
    single, many = found.at("value"), found.at("values")
    pairs: list[Any] = many if isinstance(many, list) else [single]
    try:
        # float() also reads NaN and +Inf, as Prometheus writes them
        return Rows([float(moment) for moment, _ in pairs], [float(value) for _, value in pairs])
    except (TypeError, ValueError):
        raise BadAnswer(f"{found.name} answered with rows that are no pairs of numbers") from None
