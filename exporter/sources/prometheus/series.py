"""What Prometheus answers to a query, as times and values of each series."""

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import compress
from math import isfinite
from typing import Any, NamedTuple

from exporter import cardinality
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


SIGNAL_LABEL = "signal"
DIGITS = 8  # of a hash, where a name alone does not tell two series apart


class SeriesName(NamedTuple):
    """What a series is about: its signal, and if not the whole its part, which may be a module."""

    signal: str
    module: str
    part: str


def full_name(labels: Labels) -> SeriesName:
    """What the labels say; those beside the signal name the part."""
    values = dict(labels)
    others = (value for key, value in labels if key != SIGNAL_LABEL)
    return SeriesName(values.get(SIGNAL_LABEL, ""), values.get("module", ""), " ".join(others))


def unique_names(series: Iterable[Labels], length: int) -> dict[Labels, SeriesName]:
    """The name of each, no label value longer than `length` characters.

    What is cut ends with a hash of the whole; so do series whose names would be the same.
    """
    names = {labels: SeriesName(*(shorten(text, length) for text in full_name(labels))) for labels in series}
    times = Counter(names.values())
    return {
        labels: name if times[name] == 1 else name._replace(part=with_digest(name.part, repr(labels), length))
        for labels, name in names.items()
    }


def shorten(text: str, length: int) -> str:
    """The text, or its beginning and a hash of it."""
    label = cardinality.sanitize_label(text, length)
    return label if label == text else with_digest(label, text, length)


def with_digest(label: str, whole: str, length: int) -> str:
    """The label with a hash of what it stands for."""
    digest = sha256(whole.encode(errors="surrogatepass")).hexdigest()[:DIGITS]
    return f"{label[: length - DIGITS - 1]} {digest}".strip()


def importance_key(labels: Labels) -> tuple[bool, bool, SeriesName, Labels]:
    """The whole before its parts, and of these the modules first."""
    name = full_name(labels)
    return bool(name.part), not name.module, name, labels
