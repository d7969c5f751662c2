"""Recommendations: feedback from the table recommendation_feedback, model quality from model_versions."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
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
from exporter.sources.database.time_windows import (
    LONGEST_WINDOW,
    WINDOWS,
    counts_by_window,
    is_in_window,
    to_unix_time,
    utc,
)
from exporter.sources.json_object import JsonObject

FEEDBACK = table(
    "recommendation_feedback", column("feedback_type"), column("context"), column("created_at", DateTime)
)
UNKNOWN = "unknown"
# SQLSTATEs for a JSON escape that the database's encoding cannot represent
INVALID_TEXT_CODES = ("0A000", "22P05", "22P02", "22021")
ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
TRUE, FALSE = ("true", "1", "yes"), ("false", "0", "no")
MODEL_VERSIONS = table(
    "model_versions", column("model_name"), column("metrics"), column("is_active"), column("created_at")
)
TIME_FIELDS = ("evaluated_at", "evaluation_timestamp", "evaluation_date", "timestamp")


@dataclass(frozen=True)
class RecommendationStats:
    """Impressions and clicks; of the clicks, how many were rated and how many were rated useful."""

    impressions: float = 0.0
    clicks: float = 0.0
    rated: float = 0.0
    useful: float = 0.0

    def merge(self, other: "RecommendationStats") -> "RecommendationStats":
        """The sum of both."""
        return RecommendationStats(
            self.impressions + other.impressions,
            self.clicks + other.clicks,
            self.rated + other.rated,
            self.useful + other.useful,
        )

    @property
    def click_through(self) -> float | None:
        """Clicks per impression; None if impressions are missing."""
        return self.clicks / self.impressions if self.impressions >= max(self.clicks, 1) else None

    @property
    def satisfaction(self) -> float | None:
        """The share of ratings that are useful."""
        return self.useful / self.rated if self.rated else None


@dataclass(frozen=True)
class Feedback:
    """Statistics by (strategy, window) and rows by (feedback type, window); windows are 1d, 7d, 30d."""

    stats: Mapping[tuple[str, str], RecommendationStats]
    by_type: Mapping[tuple[str, str], float]


def read_feedback(connection: Connection) -> Feedback | None:
    """Counts of the last 30 days; None if the backend has no such table."""
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
    """Counts of rows in each window, by feedback type and these fields."""
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
    """The field of the JSON context in SQL; NULL if the database cannot parse the context."""
    kind = ""
    if schema.has("recommendation_feedback", "context"):
        kind = schema.tables["recommendation_feedback"]["context"]
    if connection.dialect.name == "sqlite" and kind:
        # a row with invalid JSON would fail the whole statement
        sound = case((func.json_valid(FEEDBACK.c.context) == 1, FEEDBACK.c.context))
        return func.json_extract(sound, f"$.{name}")
    if kind in ("json", "jsonb"):
        return FEEDBACK.c.context.op("->>")(literal_column(f"'{name}'"))
    return null()


def escaped_field(name: str) -> ColumnElement[Any]:
    """The same on PostgreSQL, if the database cannot represent a character of the context."""
    return literal_column(rf"(replace(context::text, '\u', '\\u')::json ->> '{name}')")


def sum_groups(rows: Any) -> Feedback:
    """Sum the groups of the query."""
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
    """Decode the escapes that `escaped_field` kept; unpaired surrogates are replaced."""
    characters = ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return characters.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def group_stats(kind: str, clicked: bool | None, useful: bool | None, count: float) -> RecommendationStats:
    """The statistics of `count` equal rows: one row per impression, and one per click."""
    is_click = kind == "click" or clicked is True
    is_shown = kind == "view" or (kind != "click" and clicked is not None)
    is_rated = is_click and useful is not None
    return RecommendationStats(
        impressions=count * is_shown,
        clicks=count * is_click,
        rated=count * is_rated,
        useful=count * (is_rated and useful is True),
    )


def parse_boolean(value: object) -> bool | None:
    """A field of the context as a boolean; None if it is neither."""
    word = str(value).lower()
    return True if word in TRUE else False if word in FALSE else None


@dataclass(frozen=True)
class ModelEvaluation:
    """One model: precision and recall (0..1) and the Unix time of the evaluation; None if unknown."""

    model: str
    precision: float | None
    recall: float | None
    at: float | None


def read_evaluations(connection: Connection) -> tuple[ModelEvaluation, ...]:
    """The newest active and evaluated version of each model."""
    schema = read_schema(connection)
    if not schema.has("model_versions", "model_name", "metrics", "is_active", "created_at"):
        return ()
    c = MODEL_VERSIONS.c
    query = (
        select(c.model_name, c.metrics, utc(c.created_at), c.is_active)
        .order_by(utc(c.created_at).desc())
        .limit(500)
    )
    found: dict[str, ModelEvaluation] = {}
    for name, metrics, created, active in connection.execute(query):
        if active and name not in found:
            found[name] = parse_evaluation(str(name), metrics, to_unix_time(created))
    return tuple(e for e in found.values() if e.precision is not None or e.recall is not None)


def parse_evaluation(model: str, metrics: object, created: float | None) -> ModelEvaluation:
    """The evaluation in the metrics of a version; invalid metrics are ignored."""
    document = parse_metrics(metrics)
    at = next((t for name in TIME_FIELDS if (t := document.timestamp(name)) is not None), created)
    return ModelEvaluation(model, find_share(document, "precision"), find_share(document, "recall"), at)


def find_share(document: JsonObject, name: str) -> float | None:
    """The field of this name, or the first that begins with it (precision_at_10), if it is a share of 1."""
    names = [name, *sorted(key for key in document.keys() if key.startswith(name))]  # noqa: SIM118  (no mapping)
    return first_share(document.number(key) for key in names)


def first_share(values: Iterable[float | None]) -> float | None:
    """The first that lies between 0 and 1."""
    return next((value for value in values if value is not None and 0 <= value <= 1), None)


def parse_metrics(value: object) -> JsonObject:
    """The JSON object in a column, as text or parsed by the driver; empty if it is none."""
    try:
        body = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        body = None
    return JsonObject(body if isinstance(body, dict) else {}, "model_versions.metrics")
