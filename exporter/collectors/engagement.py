"""Engagement: users and their interactions, what they created, how often they searched."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from prometheus_client import Metric

from exporter.cardinality import label_by_rank
from exporter.collector import Collector, Part
from exporter.errors import InvalidResponse, NotConfigured, SourceError
from exporter.metrics import Counter, Gauge, StateGauge
from exporter.sources import Sources
from exporter.sources.database.engagement import Engagement
from exporter.sources.database.time_windows import LONGEST_WINDOW
from exporter.sources.json_object import JsonObject

SOURCE = StateGauge(
    "ops_engagement_source",
    "Source of the figures: the backend's own report (api) or its tables (sql).",
    ("source",),
    states=("api", "sql"),
)
USERS = Gauge("ops_engagement_users", "Registered users.")
ACTIVE_USERS = Gauge("ops_engagement_active_users", "Users with an interaction in the window.", ("window",))
INTERACTIONS = Gauge(
    "ops_engagement_interactions",
    "Interactions in the window by type. Repetitions on the same resource count once.",
    ("interaction", "window"),
)
POSITIVE_INTERACTIONS = Gauge(
    "ops_engagement_positive_interactions", "Positive interactions in the window.", ("window",)
)
MEAN_SESSION = Gauge("ops_engagement_session_seconds", "Mean session duration of users with known sessions.")
USERS_METRICS = (SOURCE, USERS, ACTIVE_USERS, INTERACTIONS, POSITIVE_INTERACTIONS, MEAN_SESSION)
MAX_TYPES = 20


async def read_users(sources: Sources) -> Iterable[Metric]:
    """The figures and their source."""
    try:
        source, use = "api", reported_engagement(await sources.backend.engagement.get())
    except SourceError as error:
        source, use = "sql", await engagement_from_tables(sources, error)
    return (
        SOURCE.state_family([(source,)]),
        USERS.single(use.users),
        ACTIVE_USERS.family(use.active.items()),
        INTERACTIONS.family(
            (*key, count) for key, count in limit_interaction_types(use.interactions).items()
        ),
        POSITIVE_INTERACTIONS.family(use.positive.items()),
        MEAN_SESSION.single(use.session_seconds),
    )


async def engagement_from_tables(sources: Sources, report: SourceError) -> Engagement:
    """The figures from the tables. Without a database, raises the error of the report."""
    try:
        return await sources.database.engagement.get()
    except NotConfigured:
        raise report from None


def reported_engagement(reports: Mapping[str, JsonObject]) -> Engagement:
    """The figures of the backend's report. Raises InvalidResponse for a report without figures."""
    metrics = {window: report.object("metrics") for window, report in reports.items()}
    newest = metrics[LONGEST_WINDOW]
    if newest.number("total_users") is None:
        raise InvalidResponse(
            "backend /user-engagement returned a report without total_users; expected a number"
        )
    return Engagement(
        users=newest.number("total_users"),
        active={w: n for w, m in metrics.items() if (n := m.number("active_users")) is not None},
        interactions={
            (kind, w): n for w, m in metrics.items() for kind, n in m.numbers("interactions_by_type").items()
        },
        positive={w: n for w, m in metrics.items() if (n := m.number("positive_interactions")) is not None},
        # the backend reports 0 when it knows of no session
        session_seconds=newest.number("avg_session_duration_seconds") or None,
    )


def limit_interaction_types(interactions: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """The most frequent types by name, the others together."""
    weights: dict[str, float] = defaultdict(float)
    for (kind, _), count in interactions.items():
        weights[kind] += count
    names = label_by_rank(weights, MAX_TYPES)
    kept: dict[tuple[str, str], float] = defaultdict(float)
    for (kind, window), count in interactions.items():
        kept[names[kind], window] += count
    return kept


OBJECTS = Gauge("ops_engagement_objects", "Resources, annotations and collections.", ("object",))
CREATED_OBJECTS = Gauge(
    "ops_engagement_created",
    "Resources, annotations and collections created in the window.",
    ("object", "window"),
)
CREATED_METRICS = (OBJECTS, CREATED_OBJECTS)


async def read_created(sources: Sources) -> Iterable[Metric]:
    """Counts of rows; a table that this version of the backend does not have is left out."""
    created = await sources.database.created.get()
    return (
        OBJECTS.family(created.rows.items()),
        CREATED_OBJECTS.family((*key, count) for key, count in created.created.items()),
    )


SEARCHES = Counter(
    "ops_engagement_searches_total",
    "Successful requests to the search module, without health checks.",
)
SEARCHES_METRICS = (SEARCHES,)


async def read_searches(sources: Sources) -> Iterable[Metric]:
    """Each search is a request. No table stores searches, and not every version emits an event for them."""
    totals = await sources.backend.totals.get()
    searched = totals.requests.get(("search", "2xx"), 0.0)
    is_module = any(module.name == "search" for module in sources.settings.modules)
    return (SEARCHES.single(searched if is_module and totals.counts_requests else None),)


ENGAGEMENT = Collector(
    "engagement",
    "total and active users, interactions, searches, what was created",
    (
        Part("users", read_users, USERS_METRICS),
        Part("created", read_created, CREATED_METRICS),
        Part("searches", read_searches, SEARCHES_METRICS),
    ),
)
