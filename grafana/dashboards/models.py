"""ML models: which work, who says so, how fast they are, what they cost."""

from grafana import annotations, levels, mappings
from grafana.dashboard import Dashboard
from grafana.dashboards.freshness import data_and_alerts
from grafana.grafana_json import Panel
from grafana.graphs import graph, timeline
from grafana.grid import top
from grafana.palette import GREEN, GREY, RED
from grafana.panels import PanelOptions
from grafana.queries import models
from grafana.sizes import Size
from grafana.steps import shown_from_one
from grafana.strips import count, states, word
from grafana.tables import AGE, NOT_TOLD, Column, table

NONE = "the backend reports no model"
QUIET = "no model ran in this time"
CHECKS = {"verified": GREEN, "unverified": GREY, "failed": RED}
VERDICT = {"0": ("✔ verified", GREEN), "1": ("? unverified", GREY), "2": ("✖ failed", RED)}
CALM = {**VERDICT, "0": ("✔ verified", mappings.TEXT)}
QUARTER = Size(6, 8)
WAS = {
    "Models by check": "Models",
    "Self-report": "Backend says",
    "Data and alerts": "Alerts on this",
    "Inference duration": "Time of an inference",
    "Error ratio": "Errors",
}


def board() -> Dashboard:
    """From which work down to their files."""
    return Dashboard(
        "models",
        "ML models",
        "Which models work, who says so, how fast are they and what do they cost?",
        (
            top(
                checks(), self_report(), course(), data_and_alerts("models", "models"), every_model(),
                *over_time(),
            ),
        ),
        marks=annotations.of_signals(levels.signals_of("models")),
        was=WAS,
    )  # fmt: skip


def checks() -> Panel:
    """How many work."""
    about = {
        "verified": "Models that worked when a check really ran them.",
        "unverified": "Models that no check has run: reported as available proves nothing.",
        "failed": "Models that failed when a check really ran them.",
    }
    cells = (
        count(name.capitalize(), models.number(name), about[name], shown_from_one(colour))
        for name, colour in CHECKS.items()
    )
    return states("Models by check", Size(8, 4), *cells)


def self_report() -> Panel:
    """What the backend says of them."""
    about = "What /health/ml reports; unknown where it says that it does not apply."
    return states("Self-report", Size(4, 4), word("Reported", models.reported(), about, mappings.status()))


def course() -> Panel:
    """What checks found over time."""
    about = "What checks found over time. Failed after a deployment: the file is missing or broken."
    words = mappings.words(VERDICT)
    return timeline("Checks over time", Size(6, 4), PanelOptions(about, NONE), models.course(), words=words)


def every_model() -> Panel:
    """Each model with all that is known of it."""
    about = "Reported is what the backend says; checked is what a check that really ran found."
    columns = [
        Column("model", "Model"),
        Column("A", "Reported", 120, words=mappings.unless_good("available", "missing")),
        Column("B", "Checked", 130, words=mappings.words(CALM), sort="greatest first"),
        Column("J", "Level", 110, words=mappings.levels(good=mappings.TEXT)),
        Column("C", "Duration", 90, "s"),
        Column("D", "Last inference", 140, AGE, NOT_TOLD),
        Column("E", "Inferences", 105, "short"),
        Column("F", "Errors", 80, "short"),
        Column("G", "Memory", 95, "bytes"),
        Column("H", "File", 95, "bytes"),
        Column("I", "Written", 140, AGE, NOT_TOLD),
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
        models.levels(),
    )
    return table("All models", Size(24, 7), PanelOptions(about, NONE), asked, columns)


def over_time() -> tuple[Panel, ...]:
    """Models over time."""
    rate = "Inferences a second by model. None at a busy hour: callers give up, or fall back."
    errors = "Share of each model's inferences that fail, with the levels in force."
    memory = "Memory of the loaded models."
    ratio = PanelOptions(errors, QUIET, signal="model_error_ratio")
    return (
        graph("Inferences", QUARTER, PanelOptions(rate, QUIET, "ops"), models.inferences()),
        graph(
            "Inference duration", QUARTER, PanelOptions("Time of each model's last inference.", QUIET, "s"),
            models.seconds(),
        ),
        graph("Error ratio", QUARTER, ratio, models.error_ratio()),
        graph("Memory", QUARTER, PanelOptions(memory, "no model tells its memory", "bytes"), models.memory()),
    )  # fmt: skip
