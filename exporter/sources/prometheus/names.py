"""Under which name each series is shown: short where that is enough, and never that of another."""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from exporter import cardinality
from exporter.sources.prometheus.series import Labels

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
