"""Users and what they did in the last days: from the backend's report if it works, else from its tables."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from prometheus_client import Metric

from exporter.bounds import named
from exporter.errors import BadAnswer, NotConfigured, SourceError
from exporter.metrics import Gauge, States
from exporter.sources import Sources
from exporter.sources.database.engagement import Engagement
from exporter.sources.database.time_windows import LONGEST_WINDOW
from exporter.sources.document import Document

SOURCE = States(
    "ops_engagement_source",
    "Where the figures come from: the backend's own report (api) or its tables (sql).",
    ("source",),
    states=("api", "sql"),
)
USERS = Gauge("ops_engagement_users", "Users in all.")
ACTIVE_USERS = Gauge("ops_engagement_active_users", "Users with an interaction in the window.", ("window",))
INTERACTIONS = Gauge(
    "ops_engagement_interactions",
    "Interactions of the window by type; one that is repeated on the same resource is counted once.",
    ("interaction", "window"),
)
POSITIVE_INTERACTIONS = Gauge(
    "ops_engagement_positive_interactions", "Positive interactions of the window.", ("window",)
)
MEAN_SESSION = Gauge("ops_engagement_session_seconds", "Mean session of the users whose sessions are known.")
USERS_METRICS = (SOURCE, USERS, ACTIVE_USERS, INTERACTIONS, POSITIVE_INTERACTIONS, MEAN_SESSION)
MAX_TYPES = 20


async def read_users(sources: Sources) -> Iterable[Metric]:
    """The figures, and which source they come from."""
    try:
        source, use = "api", reported_engagement(await sources.backend.engagement.answer())
    except SourceError as error:
        source, use = "sql", await engagement_from_tables(sources, error)
    return (
        SOURCE.of_states([(source,)]),
        USERS.one(use.users),
        ACTIVE_USERS.of(use.active.items()),
        INTERACTIONS.of((*key, count) for key, count in limit_interaction_types(use.interactions).items()),
        POSITIVE_INTERACTIONS.of(use.positive.items()),
        MEAN_SESSION.one(use.session_seconds),
    )


async def engagement_from_tables(sources: Sources, report: SourceError) -> Engagement:
    """The figures from the tables; without a database the failure of the report is the one to tell."""
    try:
        return await sources.database.use.answer()
    except NotConfigured:
        raise report from None


def reported_engagement(reports: Mapping[str, Document]) -> Engagement:
    """The figures of the backend's report. Raises BadAnswer for one without any."""
    metrics = {window: report.part("metrics") for window, report in reports.items()}
    newest = metrics[LONGEST_WINDOW]
    if newest.number("total_users") is None:
        raise BadAnswer("backend /user-engagement answered without total_users; expected a number")
    return Engagement(
        users=newest.number("total_users"),
        active={w: n for w, m in metrics.items() if (n := m.number("active_users")) is not None},
        interactions={
            (kind, w): n for w, m in metrics.items() for kind, n in m.numbers("interactions_by_type").items()
        },
        positive={w: n for w, m in metrics.items() if (n := m.number("positive_interactions")) is not None},
        # 0 is what the backend says when it knows of no session
        session_seconds=newest.number("avg_session_duration_seconds") or None,
    )


def limit_interaction_types(interactions: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """The most frequent types by name, the others together."""
    weights: dict[str, float] = defaultdict(float)
    for (kind, _), count in interactions.items():
        weights[kind] += count
    names = named(weights, MAX_TYPES)
    kept: dict[tuple[str, str], float] = defaultdict(float)
    for (kind, window), count in interactions.items():
        kept[names[kind], window] += count
    return kept
