"""The connection pool: what it lends and can still lend, and what two reports agree on."""

from typing import Any

import pytest

from exporter.sources.backend.pool import PoolTracker, PoolUsage, parse_pool
from exporter.sources.json_object import JsonObject


def reported(**pool: Any) -> PoolUsage:
    """A report with these numbers."""
    return parse_pool(JsonObject({"pool": pool}, "backend /db/pool"))


def test_the_numbers_of_a_report() -> None:
    usage = reported(
        total_capacity=20, checked_out=5, checked_in=3, overflow=2, utilization_percent=62.5, size=5
    )
    assert (usage.capacity, usage.checked_out, usage.idle, usage.overflow) == (20, 5, 3, 2)
    assert (usage.reported_ratio, usage.ratio, usage.free) == (0.625, 0.25, 15)


@pytest.mark.parametrize(("overflow", "shown"), [(-5, 0), (0, 0), (1, 1), ("many", None)])
def test_only_what_is_above_the_size_of_the_pool_is_overflow(overflow: Any, shown: float | None) -> None:
    assert reported(overflow=overflow).overflow == shown


@pytest.mark.parametrize(
    ("capacity", "checked_out", "ratio", "free"),
    [(20, 0, 0.0, 20), (20, None, None, 20), (0, 3, None, -3), (None, 3, None, None), (20, 20, 1.0, 0)],
)
def test_what_is_not_reported_has_no_share(
    capacity: float | None, checked_out: float | None, ratio: float | None, free: float | None
) -> None:
    usage = reported(total_capacity=capacity, checked_out=checked_out)
    assert (usage.ratio, usage.free, usage.reported_ratio) == (ratio, free, None)


def test_a_share_is_sustained_that_two_reports_in_a_row_show() -> None:
    tracker = PoolTracker()
    uses = [tracker.update(reported(total_capacity=10, checked_out=n)) for n in (8, 6, 9, None, 7, 10)]
    assert [it.sustained_ratio for it in uses] == [0.0, 0.6, 0.6, None, 0.0, 0.7]
