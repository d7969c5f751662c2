"""The ML models: as reported, as verified, what they do and what they cost."""

from grafana.grafana_json import Query, query
from grafana.queries.series import moment, most, own, per, rate, severity, state, total

CHECKS = ("verified", "unverified", "failed")


def available() -> Query:
    """Whether the backend reports each model to be there, in rows."""
    return query(most(own("ops_model_reported_available"), "model"), rows=True)


def verified() -> Query:
    """What a check that really ran says of each model, as a number, in rows."""
    return query(verdict(), rows=True)


def course() -> Query:
    """What checks said of each model over time."""
    return query(verdict(), "{{model}}")


def verdict() -> str:
    """0 verified, 1 unverified, 2 failed."""
    parts = (f"{weight} * {own('ops_model_verified', verified=name)}" for weight, name in enumerate(CHECKS))
    return most(" or ".join(parts), "model")


def number(check: str) -> Query:
    """How many models a check found so."""
    return query(total(most(own("ops_model_verified", verified=check), "model")), check)


def fact(metric: str) -> Query:
    """A fact of each model, in rows."""
    return query(most(own(metric), "model"), rows=True)


def when(metric: str) -> Query:
    """A time of each model, in rows."""
    return query(moment(most(own(metric), "model")), rows=True)


def inferences() -> Query:
    """Inferences a second by model."""
    return query(total(rate("ops_model_inferences_total"), "model"), "{{model}}")


def seconds() -> Query:
    """Time of the last inference by model."""
    return query(most(own("ops_model_inference_seconds"), "model"), "{{model}}")


def error_ratio() -> Query:
    """Share of the inferences that fail, by model."""
    errors, runs = (total(rate(f"ops_model_{name}_total"), "model") for name in ("errors", "inferences"))
    return query(per(errors, runs), "{{model}}")


def memory() -> Query:
    """Memory of the loaded models."""
    return query(most(own("ops_model_memory_bytes"), "model"), "{{model}}")


def reported() -> Query:
    """What /health/ml says."""
    return query(state("ops_ml_health_reported_status"), "reported")


def levels() -> Query:
    """How grave each model's check and errors are by the levels in force."""
    return query(severity("model_failed", "model_error_ratio", by=["model"]))
