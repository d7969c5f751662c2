"""The first seconds after a server came back: it lets go of the requests that waited for it.

They end late and badly, but their cause has gone: no alert on requests begins then. One that fires goes on.
"""

from prometheus.fresh import FAST, just_recorded
from prometheus.rule import Recording

RECOVERING = "ops:recovering"
SECONDS = 12  # for as long as such requests stand in the windows that are judged
SERVERS = ("ops_backend_up", "ops_database_up", "redis_up", "ops_broker_up")
POOL = f"{FAST}ops_database_pool_use_ratio"


def rule() -> Recording:
    """1 while a server is back that was away a moment ago, or a pool that was full has connections again."""
    back = [came_back(f"{FAST}{server}") for server in SERVERS]
    freed = f"(max_over_time({POOL}[{SECONDS}s]) >= 1 and last_over_time({POOL}[1s]) < 1)"
    return Recording(RECOVERING, f"count({' or '.join([*back, freed])})", {})


def came_back(series: str) -> str:
    """That this series is 1 and was not."""
    return f"(min_over_time({series}[{SECONDS}s]) < 1 and last_over_time({series}[1s]) == 1)"


def unless_recovering(expression: str) -> str:
    """The expression, without a value while a server has just come back."""
    return f"({expression}) unless on () {just_recorded(RECOVERING)}"
