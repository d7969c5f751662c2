"""Under which name each series is shown: short where that is enough, and never that of another."""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from exporter import bounds
from exporter.sources.prometheus.answers import Labels

OWN = "signal"
DIGITS = 8  # of a hash, where a name alone does not tell two series apart


class Name(NamedTuple):
    """What a series is about: its signal, and if not the whole its part, which may be a module."""

    signal: str
    module: str
    part: str


def plain(labels: Labels) -> Name:
    """What the labels say; those beside the signal name the part."""
    values = dict(labels)
    others = (value for key, value in labels if key != OWN)
    return Name(values.get(OWN, ""), values.get("module", ""), " ".join(others))


def named(series: Iterable[Labels], length: int) -> dict[Labels, Name]:
    """The name of each, no label value longer than `length` characters.

    What is cut ends with a hash of the whole; so do series whose names would be the same.
    """
    names = {labels: Name(*(short(text, length) for text in plain(labels))) for labels in series}
    times = Counter(names.values())
    return {
        labels: name if times[name] == 1 else name._replace(part=marked(name.part, repr(labels), length))
        for labels, name in names.items()
    }


def short(text: str, length: int) -> str:
    """The text, or its beginning and a hash of it."""
    label = bounds.label(text, length)
    return label if label == text else marked(label, text, length)


def marked(label: str, whole: str, length: int) -> str:
    """The label with a hash of what it stands for."""
    digest = sha256(whole.encode(errors="surrogatepass")).hexdigest()[:DIGITS]
    return f"{label[: length - DIGITS - 1]} {digest}".strip()


def importance(labels: Labels) -> tuple[bool, bool, Name, Labels]:
    """The whole before its parts, and of these the modules first."""
    name = plain(labels)
    return bool(name.part), not name.module, name, labels
