"""The event bus: what is emitted and delivered, how long handlers take, what fails."""

import math

from grafana.grafana_json import Query, query
from grafana.queries.series import (
    age,
    counted_of,
    leading,
    mean_rate,
    most,
    own,
    per,
    rate,
    recorded,
    risen_most,
    severity,
    total,
)

HANDLERS = "ops_event_bus_handler_duration_seconds"
EMISSIONS = "ops_event_bus_emission_duration_seconds"
BY_TYPE = "event:ops_event_bus_events:rate5m"


def emitted() -> Query:
    """Events emitted a second."""
    return query(total(rate("ops_event_bus_emitted_total")), "emitted")


def delivered() -> Query:
    """Runs of handlers a second that succeeded."""
    return query(total(rate("ops_event_bus_delivered_total")), "delivered")


def errors() -> Query:
    """Runs of handlers a second that raised."""
    return query(total(rate("ops_event_bus_handler_errors_total")), "handler errors")


def error_ratio() -> Query:
    """Share of the runs of handlers that raised."""
    failed, fine = (total(rate(f"ops_event_bus_{name}_total")) for name in ("handler_errors", "delivered"))
    return query(per(failed, f"({failed} + {fine})"), "failed")


def handlers(quantile: str) -> Query:
    """A quantile of the time that handlers take."""
    return query(most(own(HANDLERS, quantile=quantile)), f"p{float(quantile) * 100:g}")


def emissions(quantile: str) -> Query:
    """A quantile of the time that emitting takes, handlers included."""
    return query(most(own(EMISSIONS, quantile=quantile)), f"p{float(quantile) * 100:g}")


def mean_handler() -> Query:
    """Mean time of a handler."""
    return query(per(total(rate(f"{HANDLERS}_sum")), total(rate(f"{HANDLERS}_count"))), "mean")


def busiest() -> Query:
    """Events a second of the five types that were emitted most in the range."""
    return query(
        leading(5, "event", mean_rate(recorded(BY_TYPE), "event"), emitted_over_range()), "{{event}}"
    )


def emitted_over_range() -> str:
    """Events of each type over the whole range, by which types are ranked."""
    return risen_most(recorded(BY_TYPE), "event")


def lane(place: int) -> Query:
    """How busy the type is that is at this place of the range's busiest.

    0 is none, 1 less than one a minute, 2 less than one a second, 3 more.
    """
    ranked = emitted_over_range()
    before = f" unless topk({place - 1}, {ranked})" if place > 1 else ""
    shown = f"{mean_rate(recorded(BY_TYPE), 'event')} and on (event) (topk({place}, {ranked}){before})"
    # a step of the scale is sixty times as many
    return query(f"clamp(floor(ln(60 * ({shown})) / {math.log(60):.4f}) + 2, 0, 3)", "{{event}}")


def level() -> Query:
    """How grave latency and errors of the handlers are by the levels in force."""
    return query(severity("event_latency", "event_errors"))


def counted() -> Query:
    """Events of each type over the range."""
    return query(counted_of(recorded(BY_TYPE), "event"), rows=True)


def rates() -> Query:
    """Events a second of each type, now."""
    return query(total(f"rate({own('ops_event_bus_events_total')}[5m])", "event"), rows=True)


def newest() -> Query:
    """How long ago the newest event was."""
    return query(age(most(own("ops_event_bus_last_event_timestamp_seconds"))), "newest event")


def processes() -> Query:
    """Server processes whose event bus was seen lately."""
    return query(most(own("ops_event_bus_processes")), "processes")
