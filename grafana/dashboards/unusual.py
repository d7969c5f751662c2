"""What is unusual, in words: a mark beside a number, and one signal beside its band. It never pages."""

from grafana import links
from grafana.grafana_json import Panel, Query
from grafana.old_grid import Band, row, wide
from grafana.old_panels import Says, history, timeseries, words
from grafana.old_tables import Column
from grafana.palette import BLUE, GREY, PURPLE, SKY, any_shows, override, trend
from grafana.palette import words as words_of
from grafana.queries import alerts, anomalies

NOT_WATCHED = "not watched: its exporter has no Prometheus set, or it says nothing now"
LEARNING = ("… learning", GREY)
AS_USUAL = ("as usual", GREY)
WAYS = {"1": ("≋ up", PURPLE), "-1": ("≋ down", SKY)}
MODULE = {
    "6": ("≋ errors up", PURPLE),
    "5": ("≋ response time up", PURPLE),
    "4": ("≋ traffic down", SKY),
    "3": ("≋ traffic up", PURPLE),
    "2": ("≋ response time down", SKY),
    "1": ("≋ errors down", SKY),
    "0": AS_USUAL,
    "-1": LEARNING,
}


def column(source: str) -> Column:
    """The mark of a module in a table."""
    more = links.board("alerts", "What is unusual")
    return Column(
        source, "Unusual", empty="not watched", more={"mappings": words_of(MODULE)}, links=(more,), width=170
    )


def marked_trend(panel: Panel) -> Panel:
    """The panel with its trend in words, or with what is unusual in the place of it."""
    marks = {"10": ("≋ unusually high", PURPLE), "-10": ("≋ unusually low", SKY)}
    mappings = trend()
    mappings[0]["options"] |= words_of(marks)[0]["options"]
    panel.overrides = [override("byName", "trend", {"mappings": mappings, "unit": "none"})]
    return panel


def of_module() -> Panel:
    """What is unusual in one module."""
    about = "Which numbers of this module lie outside of what they were lately. Unusual is not yet trouble."
    named = {
        "module_error_ratio": "errors",
        "module_response_time": "response time",
        "module_requests": "traffic",
    }
    says = Says(
        about,
        "… learning, or not watched",
        "none",
        (links.board("alerts", "What is unusual"),),
        {"mappings": words_of({**WAYS, "0": AS_USUAL})},
    )
    return words("Unusual", *(anomalies.of_module(*it) for it in named.items()), says=says)


def number() -> Panel:
    """How many signals are unusual."""
    about = "Signals outside of their bands, of those that are watched. Unusual: worth a look, never a page."
    panel = words(
        "Unusual signals", anomalies.number(), anomalies.watched(), says=Says(about, NOT_WATCHED, "none")
    )
    panel.overrides = [
        override("byName", "now", {"thresholds": any_shows(PURPLE), "color": {"mode": "thresholds"}})
    ]
    return panel


def bands() -> Band:
    """One signal against its levels and its band, how unusual it is, and all that was."""
    return row("Is it unusual?", wide(band(), 11), wide(score(), 5), lanes(), height=9)


def band() -> Panel:
    """The chosen signal in its band."""
    about = (
        "The chosen signal with its levels in force and the band in which it was expected: what it was in "
        "the last day, at this hour in the last week. Outside, yet below its level: unusual, not yet trouble."
    )
    lines = map(alerts.chosen_levels, ("info", "warning", "critical"))
    asked: tuple[Query, ...] = (anomalies.value(), anomalies.upper(), anomalies.lower())
    panel = timeseries("$signal", *asked, *lines, says=Says(about, NOT_WATCHED))
    edge = {"color": {"mode": "fixed", "fixedColor": GREY}, "custom.lineWidth": 1, "custom.fillOpacity": 15}
    panel.overrides += [
        override("byName", "usually below", {**edge, "custom.fillBelowTo": "usually above"}),
        override("byName", "usually above", {**edge, "custom.fillOpacity": 0}),
        override(
            "byName", "value", {"custom.fillOpacity": 0, "color": {"mode": "fixed", "fixedColor": BLUE}}
        ),
    ]
    return panel


def score() -> Panel:
    """How unusual the chosen signal is."""
    about = "How far outside of its band the signal is: 1 and more begins an anomaly, then it is 0 a while."
    return timeseries("Score", anomalies.score(), says=Says(about, "… learning, or not watched"))


def lanes() -> Panel:
    """Everything that was unusual, when."""
    about = (
        "Every signal while it was outside of its band, and which way. Several at once: look for one cause."
    )
    says = Says(about, "✔ nothing was unusual in this time", "none", more={"mappings": words_of(WAYS)})
    return history("Unusual over time", anomalies.course(), says=says)
