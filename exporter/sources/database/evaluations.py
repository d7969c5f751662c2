"""How good the models were found to be, from the table model_versions."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, column, select, table

from exporter.sources.database.schema import read_schema
from exporter.sources.database.time_windows import to_unix_time, utc
from exporter.sources.json_object import JsonObject

MODEL_VERSIONS = table(
    "model_versions", column("model_name"), column("metrics"), column("is_active"), column("created_at")
)
TIME_FIELDS = ("evaluated_at", "evaluation_timestamp", "evaluation_date", "timestamp")


@dataclass(frozen=True)
class ModelEvaluation:
    """One model: precision and recall (0..1) and the Unix time of the evaluation; None if unknown."""

    model: str
    precision: float | None
    recall: float | None
    at: float | None


def read_evaluations(connection: Connection) -> tuple[ModelEvaluation, ...]:
    """The newest active version of each model that has been evaluated."""
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
    """What the metrics of a version say; garbage says nothing."""
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
    """The JSON object in a column, as text or as the driver read it; an empty one of all else."""
    try:
        body = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        body = None
    return JsonObject(body if isinstance(body, dict) else {}, "model_versions.metrics")
