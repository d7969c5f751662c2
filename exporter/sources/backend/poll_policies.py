"""How often the backend's routes are polled, by what they cost it."""

from math import inf

from exporter.poll_policy import PollPolicy
from exporter.settings_backend import BackendSettings
from exporter.sources.database.time_windows import WINDOWS

MIN_BLOCK_GAP = 60.0  # seconds between two requests to a route that blocks the backend
VERIFY_PERIOD = 0.1  # seconds from a report of a full pool to the one that must agree before it pages
MAX_BACKOFF_GAPS = 30  # such gaps to the next request at most, where it fails repeatedly


class BackendPolicies:
    """The policy of each kind of route, from the settings."""

    def __init__(self, settings: BackendSettings) -> None:
        timeout, fast = settings.timeout, settings.fast_period
        calm = max(settings.calm_period, fast)
        self.totals = PollPolicy(timeout, min_interval=fast, relaxed_interval=calm)
        self.by_route = PollPolicy(timeout, min_interval=min(5.0, settings.period))
        self.pool = PollPolicy(timeout, min_interval=fast, relaxed_interval=calm)
        self.probe = PollPolicy(timeout, min_interval=fast, relaxed_interval=max(settings.probe_period, fast))
        self.module = PollPolicy(timeout, interval=settings.period)
        # what fails repeatedly is polled no sooner than what succeeds
        self.background = PollPolicy(
            timeout, interval=settings.period, max_backoff=settings.period, may_be_absent=True
        )
        # these routes count in the database, and one version of the backend always responds with 500
        self.rare = PollPolicy(
            timeout=len(WINDOWS) * timeout,
            interval=settings.slow_period,
            backoff_base=30.0,
            max_backoff=900.0,
            may_be_absent=True,
        )
        # nothing else is polled meanwhile: a response that never comes must not blind us half of the time
        period = settings.blocking_period or inf
        self.block_gap = min(MIN_BLOCK_GAP, period)
        self.blocking = PollPolicy(
            settings.blocking_timeout,
            interval=period,
            min_refresh_gap=self.block_gap,
            backoff_base=self.block_gap,
            max_backoff=MAX_BACKOFF_GAPS * self.block_gap,
            may_be_absent=True,
        )
