"""The backend's connection pool, as /db/pool reports it."""

from dataclasses import dataclass, replace

from exporter.sources.json_object import JsonObject


@dataclass(frozen=True)
class PoolUsage:
    """Connections of the pool; None where the backend does not report a number."""

    capacity: float | None
    checked_out: float | None
    idle: float | None
    overflow: float | None
    reported_ratio: float | None  # the backend's own, which is known to be wrong
    sustained_ratio: float | None = None  # the smaller ratio of the last two reports; 0 before the second

    @property
    def ratio(self) -> float | None:
        """Connections checked out, as a share of the capacity."""
        if not self.capacity or self.checked_out is None:
            return None
        return self.checked_out / self.capacity

    @property
    def free(self) -> float | None:
        """Connections that the pool can still lend; None where the capacity is unknown."""
        return None if self.capacity is None else self.capacity - (self.checked_out or 0.0)


def parse_pool(report: JsonObject) -> PoolUsage:
    """The response of /db/pool."""
    pool = report.object("pool")
    overflow, percent = pool.number("overflow"), pool.number("utilization_percent")
    return PoolUsage(
        capacity=pool.number("total_capacity"),
        checked_out=pool.number("checked_out"),
        idle=pool.number("checked_in"),
        # the backend's figure starts at minus the pool's size: only what is above zero is overflow
        overflow=None if overflow is None else max(overflow, 0.0),
        reported_ratio=None if percent is None else percent / 100,
    )


class PoolTracker:
    """Compares each report with the one before it: a single full one may be a burst that is over."""

    def __init__(self) -> None:
        self._last: float | None = None

    def update(self, usage: PoolUsage) -> PoolUsage:
        """This report, with what both it and the one before it show."""
        before, self._last = self._last, usage.ratio
        if usage.ratio is None:
            return usage
        return replace(usage, sustained_ratio=min(before or 0.0, usage.ratio))
