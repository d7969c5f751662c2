"""Series in a response of Prometheus: their labels, their samples, and the names by which they are shown."""

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from math import inf, isfinite
from operator import lt
from typing import Any, NamedTuple

from exporter import cardinality
from exporter.anomaly.parameters import DAY
from exporter.errors import InvalidResponse
from exporter.sources.json_object import JsonObject

# every label and its value but the metric's name, sorted: the identity of a series
Labels = tuple[tuple[str, str], ...]


class SeriesSamples(NamedTuple):
    """Times in Unix seconds, each later than the one before, and as many values, all of them finite."""

    times: list[float]
    values: list[float]


class Span(NamedTuple):
    """What was asked for: samples from `begin` to `end`, at most `rows` of one series."""

    begin: float = -inf
    end: float = inf
    rows: int = 1


LATE = 1.0  # seconds after the end that a sample may have: others round times
EVERY_TIME = Span()


def parse_series(response: JsonObject, span: Span = EVERY_TIME) -> Iterator[tuple[Labels, SeriesSamples]]:
    """The series of a vector or a matrix. Raises InvalidResponse for anything else."""
    if response.text("status") != "success":
        raise InvalidResponse(f"{response.name} has status {response.text('status')}; expected success")
    for found in response.objects("data", "result"):
        yield parse_labels(found), parse_samples(found, span)


def parse_labels(found: JsonObject) -> Labels:
    """The whole label set of one series."""
    metric = found.object("metric")
    names = [key for key in metric.keys() if key != "__name__"]  # noqa: SIM118 - a Document is no mapping
    return tuple(sorted((key, metric.text(key) or "") for key in names))


def parse_samples(found: JsonObject, span: Span) -> SeriesSamples:
    """The finite samples of one series. Raises InvalidResponse where one is not a pair of numbers."""
    pairs = sample_pairs(found)
    if len(pairs) > span.rows:
        raise InvalidResponse(
            f"{found.name} responded with {len(pairs)} samples of a series; expected at most {span.rows}"
        )
    try:
        # float() also reads NaN and +Inf, as Prometheus writes them
        times = [float(moment) for moment, _ in pairs]
        values = [float(value) for _, value in pairs]
    except (TypeError, ValueError, OverflowError):
        raise InvalidResponse(f"{found.name} responded with samples that are not pairs of numbers") from None
    if all(map(lt, times, times[1:])) and all(map(isfinite, values)) and within(span, times):
        return SeriesSamples(times, values)
    # the ratio of two zeros is NaN, which is no sample to learn from
    both = zip(times, values, strict=True)
    known = dict(sorted((at, value) for at, value in both if isfinite(value) and within(span, [at])))
    return SeriesSamples([*known], [*known.values()])


def sample_pairs(found: JsonObject) -> list[Any]:
    """The samples of one series as they came; none of a series of histograms, which have no one value."""
    single, many = found.at("value"), found.at("values")
    if isinstance(many, list):
        return many
    if single is None and (found.at("histogram") or found.at("histograms")):
        return []
    return [single]


def within(span: Span, times: list[float]) -> bool:
    """Whether the first and the last of these times were asked for; one time is not a number in none."""
    return not times or (span.begin - DAY <= times[0] and times[-1] <= span.end + LATE)


SIGNAL_LABEL = "signal"
DIGITS = 8  # of a digest, where names would be equal


class SeriesName(NamedTuple):
    """The signal of a series, and its part where it is not the whole; the part may be a module."""

    signal: str
    module: str
    part: str


def full_name(labels: Labels) -> SeriesName:
    """The name from the labels; those other than the signal name the part."""
    values = dict(labels)
    others = (value for key, value in labels if key != SIGNAL_LABEL)
    return SeriesName(values.get(SIGNAL_LABEL, ""), values.get("module", ""), " ".join(others))


def unique_names(series: Iterable[Labels], length: int) -> dict[Labels, SeriesName]:
    """The unique name of each series, no label value longer than `length` characters.

    A cut name ends with a digest of the whole; so do names that would be equal.
    """
    names = {labels: SeriesName(*(shorten(text, length) for text in full_name(labels))) for labels in series}
    times = Counter(names.values())
    return {
        labels: name if times[name] == 1 else name._replace(part=with_digest(name.part, repr(labels), length))
        for labels, name in names.items()
    }


def shorten(text: str, length: int) -> str:
    """The text, or its beginning and a digest."""
    label = cardinality.sanitize_label(text, length)
    return label if label == text else with_digest(label, text, length)


def with_digest(label: str, whole: str, length: int) -> str:
    """The label with a digest of the whole text."""
    digest = sha256(whole.encode(errors="surrogatepass")).hexdigest()[:DIGITS]
    return f"{label[: length - DIGITS - 1]} {digest}".strip()


def importance_key(labels: Labels) -> tuple[bool, bool, SeriesName, Labels]:
    """A sort key: the whole before its parts, modules before other parts."""
    name = full_name(labels)
    return bool(name.part), not name.module, name, labels
