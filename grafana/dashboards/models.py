"""ML models: which work, who says so, how fast they are, what they cost."""

from grafana.dashboard import Dashboard
from grafana.dashboards import old_freshness as freshness
from grafana.grafana_json import Panel
from grafana.old_grid import Band, row
from grafana.old_panels import Says, history, status_says, timeseries, words
from grafana.old_tables import Column, table
from grafana.palette import GREEN, GREY, RED, count_overrides
from grafana.palette import words as words_of
from grafana.queries import models

NONE = "the backend reports no model"
CHECKS = {"verified": GREEN, "unverified": GREY, "failed": RED}
VERDICT = {
    "mappings": words_of({"0": ("✔ verified", GREEN), "1": ("? never checked", GREY), "2": ("✖ fails", RED)})
}


def board() -> Dashboard:
    """From which work down to their files."""
    return Dashboard(
        "models",
        "ML models",
        "Which models work, who says so, how fast are they and what do they cost?",
        (freshness.fresh("models", "models"), now(), each(), courses()),
    )


def now() -> Band:
    """How many work."""
    about = "Models by what a check that really ran found. Reported as available proves nothing."
    counts = words("Models", *map(models.number, CHECKS), says=Says(about, NONE, "none"))
    counts.overrides = count_overrides(CHECKS)
    said = status_says("What /health/ml says of itself; unknown where it says that it does not apply.", NONE)
    course = "What checks found over time. Failed after a deployment: the file is missing or broken."
    return row(
        "Which work?",
        counts,
        words("Backend says", models.reported(), says=said),
        history("Checks over time", models.course(), says=Says(course, NONE, "none", more=VERDICT)),
        height=6,
    )


def each() -> Band:
    """Model by model."""
    return row("Model by model", listed(), height=8)


def listed() -> Panel:
    """Each model with all that is known of it."""
    about = "Available is what the backend reports; checked is what a check that really ran found."
    columns = [
        Column("model", "Model"),
        Column("A", "Reported", more=freshness.works("available", "missing")),
        Column("B", "Checked", more=VERDICT),
        Column("C", "Last inference took", "s", "never ran"),
        Column("D", "Last inference", "dateTimeFromNow", "never"),
        Column("E", "Inferences", "short"),
        Column("F", "Errors", "short"),
        Column("G", "Memory", "bytes", "not loaded"),
        Column("H", "File", "bytes", "no file"),
        Column("I", "Written", "dateTimeFromNow", "no file"),
    ]
    asked = (
        models.available(),
        models.verified(),
        models.fact("ops_model_inference_seconds"),
        models.when("ops_model_last_inference_timestamp_seconds"),
        models.fact("ops_model_inferences_total"),
        models.fact("ops_model_errors_total"),
        models.fact("ops_model_memory_bytes"),
        models.fact("ops_model_file_bytes"),
        models.when("ops_model_modified_timestamp_seconds"),
    )
    return table("All models", *asked, says=Says(about, NONE, "none"), columns=columns, sort="Checked")


def courses() -> Band:
    """Models over time."""
    quiet = "no model ran in this time"
    rate = "Inferences a second by model. None at a busy hour: callers give up, or fall back."
    seconds = "Time of each model's last inference."
    errors = "Share of each model's inferences that fail."
    memory = "Memory of the loaded models."
    return row(
        "Over time",
        timeseries("Inferences", models.inferences(), says=Says(rate, quiet, "ops")),
        timeseries("Time of an inference", models.seconds(), says=Says(seconds, quiet, "s")),
        timeseries("Errors", models.error_ratio(), says=Says(errors, quiet, "percentunit")),
        timeseries("Memory", models.memory(), says=Says(memory, "no model tells its memory", "bytes")),
    )
