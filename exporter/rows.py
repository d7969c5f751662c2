"""Rows of one family whose labels came out alike: a page must not hold a series twice."""

from collections.abc import Iterable

from exporter.metrics import Row, is_finite


def sum_rows(rows: Iterable[Row]) -> list[Row]:
    """One row for each set of labels, with the sum of the values that are known; None where none is."""
    sums: dict[Row, float | None] = {}
    for *labels, value in rows:
        key = tuple(labels)
        before = sums.get(key)
        sums[key] = before if not is_finite(value) else (before or 0.0) + value
    return [(*labels, value) for labels, value in sums.items()]


def first_rows(rows: Iterable[Row]) -> list[Row]:
    """The first row of each set of labels."""
    found: dict[Row, object] = {}
    for *labels, value in rows:
        found.setdefault(tuple(labels), value)
    return [(*labels, value) for labels, value in found.items()]


def max_rows(rows: Iterable[Row]) -> list[Row]:
    """The row with the highest value of each set of labels."""
    found: dict[Row, float] = {}
    for *labels, value in rows:
        key = tuple(labels)
        if is_finite(value):
            found[key] = max(found.get(key, value), value)
    return [(*labels, value) for labels, value in found.items()]
