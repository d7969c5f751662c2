"""Our own requests among those that the backend counts: what is left is its users'.

A route is identified by the template under which the backend counts it. Requests are subtracted as whole
numbers by route and status class, never from a histogram; durations of routes that we request are excluded.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

CountsByClass = Counter[str]  # requests by status class, such as 2xx
UNMATCHED_ROUTE = "none"  # the backend's name for requests that match no route
NO_RESPONSE = (
    "lost"  # the class of requests without a response, which the backend counts under an unknown one
)
PARAMETER_PATTERN = re.compile(r"\\\{[^}]*?(:path)?\\\}")
MAX_ROUTES = 20_000  # routes of others that are cached
# the classes from which requests without a response are subtracted, in this order
CLASSES_BY_LIKELIHOOD = ("5xx", "4xx", "2xx", "3xx", "other")


class OwnRequests:
    """Counts our requests by path, and separates users' requests from ours.

    Every request to a route of `only_ours` counts as ours.
    """

    def __init__(self, paths: Iterable[str], only_ours: Iterable[str]) -> None:
        self._only_ours = set(only_ours)
        self._paths = {without_query(path) for path in paths} | self._only_ours
        self._sent: dict[str, CountsByClass] = {}
        self._routes: dict[str, list[str]] = {}  # our paths by the route that serves them
        self._own_routes: set[str] = set()
        self._other_routes: set[str] = set()
        self._highest: dict[tuple[str, str, str], float] = {}

    def record(self, path: str, status: int | None) -> None:
        """Count one request of ours; its status is None without a response."""
        kind, path = NO_RESPONSE if status is None else f"{status // 100}xx", without_query(path)
        self._sent.setdefault(path, Counter())[kind] += 1
        if path not in self._paths:
            self._paths.add(path)
            self._other_routes.clear()
            self._assign_paths()

    def reset(self) -> None:
        """Count from 0 again: the backend's counts from now on exclude earlier requests."""
        self._sent.clear()

    def is_requested(self, route: str) -> bool:
        """Whether we request this route of the backend."""
        if route in self._own_routes:
            return True
        if route in self._other_routes:
            return False
        mine = route == UNMATCHED_ROUTE or any(is_served_by(route, path) for path in self._paths)
        if mine:
            self._own_routes.add(route)
            self._assign_paths()
        elif len(self._other_routes) < MAX_ROUTES:
            self._other_routes.add(route)
        return mine

    def is_counted(self, route: str) -> bool:
        """Whether the backend counts our requests to this route."""
        return route in self._own_routes

    def users_requests(self, shared: Mapping[tuple[str, str, str], float]) -> dict[tuple[str, str], float]:
        """Users' requests by (module, class), from all by (module, class, route). They never decrease."""
        by_route: dict[tuple[str, str], CountsByClass] = {}
        for (module, kind, route), count in shared.items():
            if route not in self._only_ours:
                by_route.setdefault((module, route), Counter())[kind] = int(count)
        found: dict[tuple[str, str], float] = {}
        for (module, route), counted in by_route.items():
            for kind, count in subtract(counted, self._own_requests(route)).items():
                key = (module, kind, route)
                self._highest[key] = max(float(count), self._highest.get(key, 0.0))
        for (module, kind, _), count in self._highest.items():
            found[module, kind] = found.get((module, kind), 0.0) + count
        return found

    def _own_requests(self, route: str) -> CountsByClass:
        total: CountsByClass = Counter()
        for path in self._routes.get(route, ()):
            total.update(self._sent.get(path, ()))
        return total

    def _assign_paths(self) -> None:
        """Assign each path to its best matching route: the one with the fewest parameters."""
        self._routes = {}
        for path in self._paths:
            fitting = [route for route in self._own_routes if is_served_by(route, path)]
            route = min(fitting, key=lambda it: (it.count("{"), -len(it)), default=UNMATCHED_ROUTE)
            self._routes.setdefault(route, []).append(path)


def subtract(counted: CountsByClass, ours: CountsByClass) -> CountsByClass:
    """These requests without ours; requests without a response are subtracted from the likeliest class."""
    left = Counter({kind: max(count - ours[kind], 0) for kind, count in counted.items()})
    lost = ours[NO_RESPONSE]
    for kind in CLASSES_BY_LIKELIHOOD:
        taken = min(lost, left[kind])
        left[kind] -= taken
        lost -= taken
    return left


def is_served_by(route: str, path: str) -> bool:
    """Whether this path is served by the route of this template."""
    if route == path:
        return True
    before, brace, _ = route.partition("{")
    if not brace or not path.startswith(before):
        return False
    return route_pattern(route).fullmatch(path) is not None


@lru_cache(maxsize=256)
def route_pattern(route: str) -> re.Pattern[str]:
    """The paths that this template serves."""
    return re.compile(PARAMETER_PATTERN.sub(lambda it: ".*" if it[1] else "[^/]+", re.escape(route)))


def without_query(path: str) -> str:
    """The path alone, without a slash at its end."""
    return path.partition("?")[0].rstrip("/")
