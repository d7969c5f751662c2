"""What is unusual: each watched signal, the band in which it was expected, and which way it left it."""

from grafana.grafana_json import Query, query
from grafana.queries.series import (
    change,
    leading,
    least,
    most,
    own,
    recorded,
)
from prometheus.panel_rules import STRONG

CHOSEN, ONE = 'module=~"$module"', 'module="$module"'
SHOWN = ('signal="$signal"', 'part="$part"')
# what is told of a module, the most alarming with the greatest number: its signal, and which way that went
MARKS = {
    6: ("module_error_ratio", 1),
    5: ("module_response_time", 1),
    4: ("module_requests", -1),
    3: ("module_requests", 1),
    2: ("module_response_time", -1),
    1: ("module_error_ratio", -1),
}
MODULE_SIGNALS = ("module_error_ratio", "module_response_time", "module_requests")
LEARNING = -1
# a mark in the place of a trend
FAR = 10


def marks(matcher: str) -> str:
    """What is most unusual in modules, as the number of its mark."""
    parts = [mark_of(matcher, signal) for signal in MODULE_SIGNALS]
    # of a signal that is as usual, 0; of one of which too little is known yet, -1
    among = f'signal=~"{"|".join(MODULE_SIGNALS)}"'
    others = f"{LEARNING} * {own('ops_anomaly_state', matcher, among, state='learning')}"
    return " or ".join([*parts, others])


def mark_of(matcher: str, signal: str) -> str:
    """The mark of one signal where it is unusual: a line through its marks at -1 and at 1."""
    low, high = (next(it for it, of in MARKS.items() if of == (signal, way)) for way in (-1, 1))
    unusual = f"({own('ops_anomaly_direction', matcher, signal=signal)} != 0)"
    return f"{(high - low) / 2:g} * {unusual} + {(high + low) / 2:g}"


def trend(signal: str) -> Query:
    """Whether a signal is unusually high (10) or low (-10); else its trend of an hour."""
    unusual = f"{FAR} * max({own('ops_anomaly_direction', signal=signal)} != 0)"
    return query(f"{unusual} or {change(signal, '1h').expr}", "trend")


def value() -> Query:
    """The chosen part of the chosen signal."""
    return query(most(own("ops_anomaly_value", *SHOWN)), "value")


def upper() -> Query:
    """The upper end of its band."""
    return query(most(own("ops_anomaly_upper", *SHOWN)), "usually below")


def lower() -> Query:
    """The lower end of its band."""
    return query(least(own("ops_anomaly_lower", *SHOWN)), "usually above")


def score() -> Query:
    """How far outside of it the value is."""
    return query(most(own("ops_anomaly_score", *SHOWN)), "score")


def number() -> Query:
    """How many signals are unusual now."""
    return query(
        f"count({most(own('ops_anomaly_direction'), 'signal', 'part')} != 0) or 0 * {WATCHED}", "now"
    )


def watched() -> Query:
    """How many are watched."""
    return query(WATCHED, "watched")


WATCHED = most(own("ops_anomaly_watched_series"))


def count() -> Query:
    """How many signals are strongly unusual now."""
    return query(f"count({most(own('ops_anomaly_direction'), 'signal', 'part')} != 0) or 0 * {WATCHED}")


def left_out() -> Query:
    """Signals that are not watched, since there are more than the settings allow."""
    return query(most(own("ops_anomaly_left_out_series")))


def graded(grade: int, legend: str) -> Query:
    """The chosen signal while it is unusual in this grade: 1 weakly, 2 strongly."""
    there = most(own("ops_anomaly_grade", *SHOWN))
    return query(f"{most(own('ops_anomaly_value', *SHOWN))} and on () ({there} == {grade})", legend)


def longest() -> Query:
    """What was strongly unusual, while it was; of the range the fourteen that were so longest."""
    ways = recorded(STRONG)
    ranked = most(f"count_over_time({ways}[$__range] @ end())", "signal", "part")
    return query(leading(14, "signal, part", most(ways, "signal", "part"), ranked), "{{signal}} {{part}}")
