"""Alerts: what fires, what fired, how noisy it was, which levels are in force; and how signals move."""

from collections.abc import Sequence

from alertmanager.inhibitions import INHIBITOR
from grafana.grafana_json import Query, query
from grafana.levels import thresholds
from grafana.mappings import RECORDED
from grafana.queries.live import SCRAPED
from grafana.queries.series import leading, severity

FIRING = 'ALERTS{alertstate="firing",severity!="info"}'
WEIGHTS = {"info": 1, "warning": 2, "critical": 3}
REAL = f'alertname!~"Watchdog|{INHIBITOR}"'
# the labels that say what an alert is about; without one of them two alerts would be one row
SUBJECTS = (
    "module", "queue_name", "queue", "name", "hostname", "worker", "model", "subject", "datname", "strategy",
    "source", "integration", "rule_group", "collector", "job", "instance",
)  # fmt: skip
# what is left out of long ones: the path of a task, the file of a group of rules
LEFT_OUT = {"name": ".*[.]", "rule_group": ".*;"}
ONE_ALERT = ", ".join(("alertname", "signal", *SUBJECTS))
FIRES = 'alertstate="firing"'


def firing(severity: str) -> Query:
    """Alerts of this severity that fire, each once, without those that fire at a graver one as well."""
    graver = "|".join(name for name, weight in WEIGHTS.items() if weight > WEIGHTS[severity])
    fires = each_alert(REAL, FIRES, f'severity="{severity}"')
    if graver:
        hidden = each_alert(REAL, FIRES, f'severity=~"{graver}"')
        fires = f"({fires} unless {hidden})"
    return query(f"count({fires}) or vector(0)", severity)


def pending() -> Query:
    """Alerts whose condition holds, but not yet for long enough."""
    each = each_alert('alertstate="pending"')
    return query(f"count({each}) or vector(0)", "pending")


def each_alert(*matchers: str) -> str:
    """Each of these alerts once, whatever its severity."""
    return f"group by ({ONE_ALERT}) (ALERTS{{{','.join(matchers)}}})"


def weighed(*matchers: str, least: str = "info") -> str:
    """Alerts of this severity or a graver one, with its weight as their value."""
    graver = {name: weight for name, weight in WEIGHTS.items() if weight >= WEIGHTS[least]}
    selectors = (",".join([*matchers, f'severity="{name}"']) for name in graver)
    pairs = zip(graver.values(), selectors, strict=True)
    return " or ".join(f"{weight} * ALERTS{{{selector}}}" for weight, selector in pairs)


def noisiest() -> Query:
    """Alerts that fire, by name, over time."""
    return query(f"sum by (severity) ({FIRING})", "{{severity}}")


def value() -> Query:
    """The present value of each signal, in rows."""
    return query("max by (signal) (ops:signal)", rows=True)


def level(severity: str) -> Query:
    """The level in force of each signal, in rows."""
    return query(f'max by (signal) (ops:threshold{{severity="{severity}"}})', rows=True)


def overridden() -> Query:
    """Signals of which a level of the file is not in force, in rows: 1 overridden, 0 as in the file.

    An override adds no level, and a signal that is not watched has none in force.
    """
    return query(_overridden(), rows=True)


def _overridden(matchers: str = "") -> str:
    every = f"ops:threshold:file{matchers} * 0"
    same = f"ops:threshold{matchers} == on (signal, severity) ops:threshold:file"
    return f"max by (signal) ({every} + 1 unless on (signal, severity) ({same}) or {every})"


def chosen_levels(severity: str) -> Query:
    """A level in force of the chosen signal."""
    return query(f'max(ops:threshold{{signal="$signal",severity="{severity}"}})', f"level {severity}")


def wrong_course() -> Query:
    """Which reports were wrong over time."""
    return query(f"{ALL_REPORTS} == 1", "{{subject}}: says {{reported}}, is {{observed}}")


ALL_REPORTS = (
    'max by (subject, reported, observed) (ops_self_report_disagrees{job="$job",instance=~"$instance"})'
)


def notifications() -> Query:
    """Notices sent a minute, by how."""
    return query(
        "60 * sum by (integration) (rate(alertmanager_notifications_total[$__rate_interval]))",
        "{{integration}}",
    )


def undelivered() -> Query:
    """Notices a minute that failed."""
    failed = "rate(alertmanager_notifications_failed_total[$__rate_interval])"
    return query(f"60 * sum({failed})", "failed")


def about(expr: str) -> str:
    """The alerts with one label that says what each is about, in the place of many that are mostly empty."""
    for name, left_out in LEFT_OUT.items():
        expr = f'label_replace({expr}, "short_{name}", "$1", "{name}", "(?:{left_out})?(.*)")'
    labels = ", ".join(f'"short_{name}"' if name in LEFT_OUT else f'"{name}"' for name in SUBJECTS)
    return f'label_replace(label_join({expr}, "about", " ", {labels}), "about", "$1", "about", " *(.*?) *")'


def grave() -> Query:
    """Critical alerts and warnings that fire, each once; the value is the weight of the gravest severity."""
    return query(about(f"max by ({ONE_ALERT}) ({weighed(REAL, FIRES, least='warning')})"))


def hidden() -> Query:
    """How many alerts of other names each of them hides, as it is their cause."""
    # the milder ones of its own name, which it hides as well, are no news
    return query(about(f'max by ({ONE_ALERT}) (ops:alert:hides_others{{severity=~"warning|critical"}})'))


def firing_for() -> Query:
    """For how long each of them has been true."""
    fires = f'ALERTS{{{FIRES},severity=~"warning|critical"}}'
    true_since = f'min by ({ONE_ALERT}) (ALERTS_FOR_STATE{{severity=~"warning|critical"}})'
    return query(about(f"(time() - {true_since}) and on ({ONE_ALERT}) {fires}"))


def wrong() -> Query:
    """How many reports of the backend are wrong."""
    return query(f"count({ALL_REPORTS} == 1) or 0 * count({ALL_REPORTS})")


def compared() -> Query:
    """How many reports of the backend can be compared with what is observed."""
    return query(f"count({ALL_REPORTS})")


def wrong_reports_or_silence() -> Query:
    """Reports of the backend that are wrong; a row that says so where nobody knows."""
    silent = 'label_replace(vector(1), "subject", "nothing known: no report is compared", "", "")'
    known = f"({ALL_REPORTS} and on () ({SCRAPED}))"
    return query(f"({known} == 1) or ({silent} unless on () group({known}))")


def firing_and_pending() -> Query:
    """Each alert that fires or is about to, once; the value is the weight of its gravest severity."""
    return query(about(with_infos_told(f"max by ({ONE_ALERT}, alertstate) ({weighed(REAL)})")))


def with_infos_told(expr: str) -> str:
    """Weights of alerts, in which an info that fires has a state of its own, as it notifies nobody."""
    infos = f'label_replace({expr} == {WEIGHTS["info"]}, "alertstate", "{RECORDED}", "alertstate", "firing")'
    return f"{expr} > {WEIGHTS['info']} or {infos}"


def true_since() -> Query:
    """When each of them became true, in milliseconds as Grafana's units want it."""
    return query(about(f"1000 * min by ({ONE_ALERT}) (ALERTS_FOR_STATE{{{REAL}}})"))


def hides() -> Query:
    """How many other firing alerts each of them hides."""
    return query(about(f"max by ({ONE_ALERT}) (ops:alert:hides) > 0"))


def lanes() -> Query:
    """How grave each alert was while it fired, of a second as well; the fourteen that fired longest."""
    fired = (
        f'{weight} * max_over_time(ALERTS{{{REAL},{FIRES},severity="{name}"}}[$__interval])'
        for name, weight in WEIGHTS.items()
    )
    ranked = f"sum by (alertname) (count_over_time(ALERTS{{{REAL},{FIRES}}}[$__range] @ end()))"
    return query(
        leading(14, "alertname", f"max by (alertname) ({' or '.join(fired)})", ranked), "{{alertname}}"
    )


def became_true() -> Query:
    """How often each alert became true over the range, those of a second as well."""
    true = 'changes(ALERTS_FOR_STATE{severity!="info"}[$__range]) + 1'
    return query(f"sum by (alertname, severity) ({true})")


def fired_for() -> Query:
    """Seconds that each alert fired over the range: its samples, each worth the interval of its rules."""
    fast = "|".join(name for name, it in thresholds().signals.items() if it.lane == "fast")
    budgets = 'alertname=~".+BudgetBurns"'
    worth = {
        f'signal=~"{fast}"': 0.25,
        budgets: 30,
        f'signal!~"{fast}",{budgets.replace("=~", "!~")}': 15,
    }
    parts = (
        f'{seconds} * count_over_time(ALERTS{{{FIRES},severity!="info",{which}}}[$__range])'
        for which, seconds in worth.items()
    )
    return query(f"sum by (alertname, severity) ({' or '.join(parts)})")


def count_of_overridden() -> Query:
    """How many signals have a level in force that is not the file's."""
    return query(f"sum({overridden().expr})")


def in_force(signals: Sequence[str]) -> list[Query]:
    """Value, levels in force, severity and origin of the levels of these signals."""
    named = f'signal=~"{"|".join(signals)}"'
    levels = (f'max by (signal) (ops:threshold{{{named},severity="{it}"}})' for it in WEIGHTS)
    origin = _overridden(f"{{{named}}}")
    severity_now = severity(*signals, by=["signal"])
    return [query(expr) for expr in (worst(signals), *levels, severity_now, origin)]


def worst(signals: Sequence[str]) -> str:
    """The value of the worst part of each signal: the least where the alert is below a level."""
    known = thresholds().signals
    ways = {
        of: "|".join(name for name in signals if known[name].direction == way)
        for of, way in (("max", "above"), ("min", "below"))
    }
    return " or ".join(
        f'{of} by (signal) (ops:signal{{signal=~"{names}"}})' for of, names in ways.items() if names
    )
