"""Bounded label values: the biggest by name and the rest as `other`, none too long."""

from collections.abc import Mapping

OTHER = "other"


def sanitize_label(text: str, length: int = 120) -> str:
    """The text as a label value: printable, at most `length` characters."""
    if len(text) <= length and text.isprintable():
        return text
    clean = "".join(c if c.isprintable() else "?" for c in text[: length + 1])
    return clean if len(clean) <= length else clean[: length - 1] + "…"


def top_n(values: Mapping[str, float], count: int, length: int = 120) -> dict[str, float]:
    """The `count` biggest values under their names, and the sum of the rest as `other`.

    For counters use `LabelLimiter`: a name that moves between its own series and `other` looks like a reset.
    """
    ranked = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    top: dict[str, float] = {}
    for name, value in ranked[:count]:
        short = sanitize_label(name, length)
        top[short] = top.get(short, 0.0) + value
    if len(ranked) > count:
        top[OTHER] = top.get(OTHER, 0.0) + sum(value for _, value in ranked[count:])
    return top


class LabelLimiter:
    """The first `count` names keep a series of their own; later ones stay `other`."""

    def __init__(self, count: int, length: int = 120) -> None:
        self._count = count
        self._length = length
        self._names: set[str] = set()

    def name(self, text: str) -> str:
        """The label value for this name."""
        short = sanitize_label(text, self._length)
        if short in self._names:
            return short
        if len(self._names) >= self._count:
            return OTHER
        self._names.add(short)
        return short


def label_by_rank(weights: Mapping[str, float], count: int, length: int = 120) -> dict[str, str]:
    """The label value for each name: its own for the `count` heaviest, `other` for the rest."""
    ranked = sorted(weights, key=lambda name: (-weights[name], name))
    return {name: sanitize_label(name, length) if rank < count else OTHER for rank, name in enumerate(ranked)}
