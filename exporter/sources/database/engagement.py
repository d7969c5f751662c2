"""User activity, from the backend's tables."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, DateTime, case, column, distinct, func, select, table

from exporter.sources.database.schema import read_schema
from exporter.sources.database.time_windows import LONGEST_WINDOW, WINDOWS, counts_by_window, is_in_window

USERS = table("users", column("id"))
PROFILES = table("user_profiles", column("avg_session_duration"))
INTERACTIONS = table(
    "user_interactions",
    column("user_id"),
    column("interaction_type"),
    column("is_positive"),
    column("interaction_timestamp", DateTime),
)
CREATED_TABLES = ("resources", "annotations", "collections")


@dataclass(frozen=True)
class Engagement:
    """All users, active users and interactions by window (1d, 7d, 30d); unknown values are absent.

    `interactions` is by (interaction type, window); `session_seconds` is the mean over users who have one.
    """

    users: float | None
    active: Mapping[str, float]
    interactions: Mapping[tuple[str, str], float]
    positive: Mapping[str, float]
    session_seconds: float | None


@dataclass(frozen=True)
class CreatedCounts:
    """Rows by subject (resources, annotations, collections), those created by (subject, window)."""

    rows: Mapping[str, float]
    created: Mapping[tuple[str, str], float]


def read_engagement(connection: Connection) -> Engagement:
    """Counts from users, user_profiles and user_interactions; missing tables are left out."""
    schema = read_schema(connection)
    users = session = None
    active: dict[str, float] = {}
    interactions: dict[tuple[str, str], float] = {}
    positive: dict[str, float] = {}
    if schema.has("users", "id"):
        users = float(connection.execute(select(func.count()).select_from(USERS)).scalar_one())
    if schema.has("user_profiles", "avg_session_duration"):
        session = read_session_seconds(connection)
    if schema.has("user_interactions", "user_id", "interaction_type", "interaction_timestamp", "is_positive"):
        active = read_active(connection)
        interactions, positive = read_interactions(connection)
    return Engagement(users, active, interactions, positive, session)


def read_session_seconds(connection: Connection) -> float | None:
    """The mean session; NULL and 0 in a profile mean that it has none."""
    seconds = PROFILES.c.avg_session_duration
    found = connection.execute(select(func.avg(seconds)).where(seconds > 0)).scalar()
    return None if found is None else float(found)


def read_active(connection: Connection) -> dict[str, float]:
    """Users with an interaction in each window."""
    at = INTERACTIONS.c.interaction_timestamp
    counts = [func.count(distinct(case((is_in_window(at, w), INTERACTIONS.c.user_id)))) for w in WINDOWS]
    row = connection.execute(select(*counts).where(is_in_window(at, LONGEST_WINDOW))).one()
    return dict(zip(WINDOWS, map(float, row), strict=True))


def read_interactions(connection: Connection) -> tuple[dict[tuple[str, str], float], dict[str, float]]:
    """Interactions by (type, window), and positive ones by window."""
    at = INTERACTIONS.c.interaction_timestamp
    good = case((INTERACTIONS.c.is_positive == 1, 1), else_=0)
    query = (
        select(INTERACTIONS.c.interaction_type, good, *counts_by_window(at))
        .where(is_in_window(at, LONGEST_WINDOW))
        .group_by(INTERACTIONS.c.interaction_type, good)
        .limit(1000)
    )
    interactions: dict[tuple[str, str], float] = {}
    positive = dict.fromkeys(WINDOWS, 0.0)
    for kind, is_good, *counts in connection.execute(query):
        for window, count in zip(WINDOWS, counts, strict=True):
            key = (str(kind), window)
            interactions[key] = interactions.get(key, 0.0) + float(count)
            positive[window] += float(count) * is_good
    return interactions, positive


def read_created(connection: Connection) -> CreatedCounts:
    """Counts from resources, annotations and collections; missing tables are left out."""
    schema = read_schema(connection)
    rows: dict[str, float] = {}
    created: dict[tuple[str, str], float] = {}
    for subject in CREATED_TABLES:
        if not schema.has(subject, "created_at"):
            continue
        at = column("created_at", DateTime)
        query = select(func.count(), *counts_by_window(at)).select_from(table(subject))
        total, *counts = connection.execute(query).one()
        rows[subject] = float(total)
        created |= {(subject, w): float(n) for w, n in zip(WINDOWS, counts, strict=True)}
    return CreatedCounts(rows, created)
