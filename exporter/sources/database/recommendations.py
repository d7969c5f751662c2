"""What came of recommendations, from the table recommendation_feedback."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Select,
    case,
    column,
    func,
    literal_column,
    null,
    select,
    table,
)
from sqlalchemy.exc import DBAPIError

from exporter.sources.database.errors import error_code
from exporter.sources.database.schema import Schema, read_schema
from exporter.sources.database.time_windows import LONGEST_WINDOW, WINDOWS, counts_by_window, is_in_window

FEEDBACK = table(
    "recommendation_feedback", column("feedback_type"), column("context"), column("created_at", DateTime)
)
UNKNOWN = "unknown"
# SQLSTATEs of a JSON escape that stands for nothing in the database's encoding
INVALID_TEXT_CODES = ("0A000", "22P05", "22P02", "22021")
ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
TRUE, FALSE = ("true", "1", "yes"), ("false", "0", "no")


@dataclass(frozen=True)
class RecommendationStats:
    """Recommendations shown and followed; of those followed, how many were judged and found useful."""

    impressions: float = 0.0
    clicks: float = 0.0
    judged: float = 0.0
    useful: float = 0.0

    def merge(self, other: "RecommendationStats") -> "RecommendationStats":
        """Both together."""
        return RecommendationStats(
            self.impressions + other.impressions,
            self.clicks + other.clicks,
            self.judged + other.judged,
            self.useful + other.useful,
        )

    @property
    def click_through(self) -> float | None:
        """Clicks for each impression; None when not every impression can have been recorded."""
        return self.clicks / self.impressions if self.impressions >= max(self.clicks, 1) else None

    @property
    def satisfaction(self) -> float | None:
        """The share found useful of those that were judged."""
        return self.useful / self.judged if self.judged else None


@dataclass(frozen=True)
class Feedback:
    """Outcomes by (strategy, window) and rows by (feedback type, window); windows are 1d, 7d, 30d."""

    stats: Mapping[tuple[str, str], RecommendationStats]
    by_type: Mapping[tuple[str, str], float]


def read_feedback(connection: Connection) -> Feedback | None:
    """Counts of the last 30 days; None where the backend has no such table."""
    schema = read_schema(connection)
    if not schema.has("recommendation_feedback", "feedback_type", "created_at"):
        return None
    names = ("recommendation_strategy", "was_clicked", "was_useful")
    fields = [context_field(schema, connection, name) for name in names]
    if connection.dialect.name == "sqlite":
        return sum_groups(connection.execute(feedback_query(fields)).all())
    try:
        with connection.begin_nested():
            return sum_groups(connection.execute(feedback_query(fields)).all())
    except DBAPIError as error:
        if error.orig is None or error_code(error.orig) not in INVALID_TEXT_CODES:
            raise
    return sum_groups(connection.execute(feedback_query([escaped_field(name) for name in names])).all())


def feedback_query(fields: Sequence[ColumnElement[Any]]) -> Select[Any]:
    """Rows by feedback type and these fields: how many in each window."""
    at = FEEDBACK.c.created_at
    groups = [FEEDBACK.c.feedback_type, *(field.label(f"field_{n}") for n, field in enumerate(fields))]
    inner = select(*groups, at).where(is_in_window(at, LONGEST_WINDOW)).subquery()
    kind, strategy, clicked, useful, when = inner.c
    return (
        select(kind, strategy, clicked, useful, *counts_by_window(when))
        .group_by(kind, strategy, clicked, useful)
        .order_by(func.count().desc())
        .limit(5000)
    )


def context_field(schema: Schema, connection: Connection, name: str) -> ColumnElement[Any]:
    """The field of the JSON context as SQL; NULL where the context cannot be read by the database."""
    kind = ""
    if schema.has("recommendation_feedback", "context"):
        kind = schema.tables["recommendation_feedback"]["context"]
    if connection.dialect.name == "sqlite" and kind:
        # a row with broken JSON would make the whole statement fail
        sound = case((func.json_valid(FEEDBACK.c.context) == 1, FEEDBACK.c.context))
        return func.json_extract(sound, f"$.{name}")
    if kind in ("json", "jsonb"):
        return FEEDBACK.c.context.op("->>")(literal_column(f"'{name}'"))
    return null()


def escaped_field(name: str) -> ColumnElement[Any]:
    """The same on PostgreSQL where a character of the context is none that the database can hold."""
    return literal_column(rf"(replace(context::text, '\u', '\\u')::json ->> '{name}')")


def sum_groups(rows: Any) -> Feedback:
    """The groups of the query as outcomes."""
    outcomes: dict[tuple[str, str], RecommendationStats] = defaultdict(RecommendationStats)
    given: dict[tuple[str, str], float] = defaultdict(float)
    for kind, strategy, clicked, useful, *counts in rows:
        for window, count in zip(WINDOWS, counts, strict=True):
            given[str(kind), window] += float(count)
            key = (unescape(str(strategy or UNKNOWN)), window)
            outcomes[key] = outcomes[key].merge(
                group_stats(str(kind), parse_boolean(clicked), parse_boolean(useful), float(count))
            )
    return Feedback(dict(outcomes), dict(given))


def unescape(text: str) -> str:
    """The text with what `escaped` kept as an escape; halves of characters are replaced."""
    characters = ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return characters.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def group_stats(kind: str, clicked: bool | None, useful: bool | None, count: float) -> RecommendationStats:
    """What `count` equal rows say: one is written when a recommendation is shown, one when it is followed."""
    is_click = kind == "click" or clicked is True
    is_shown = kind == "view" or (kind != "click" and clicked is not None)
    is_judged = is_click and useful is not None
    return RecommendationStats(
        impressions=count * is_shown,
        clicks=count * is_click,
        judged=count * is_judged,
        useful=count * (is_judged and useful is True),
    )


def parse_boolean(value: object) -> bool | None:
    """Whether a field of the context says yes or no; None when it says neither."""
    word = str(value).lower()
    return True if word in TRUE else False if word in FALSE else None
