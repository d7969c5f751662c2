"""How many incidents there are, by state, severity and module: counted by the database."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Executable, func, select
from sqlalchemy.orm import Session

from ingestion_api.alerts.filters import SEVERITY_WORDS, AlertFilter
from ingestion_api.store.tables import Alert, AlertText

STATES = ("firing", "resolved")


@dataclass(frozen=True)
class AlertCount:
    """How many incidents of one state, severity and module, and how many of them are acknowledged."""

    status: str
    severity: str
    module: str
    number: int
    acknowledged: int


@dataclass(frozen=True)
class AlertCounts:
    """How many there are in all, and of each kind; states and severities are always all there."""

    total: int
    by_status: Mapping[str, int]
    by_severity: Mapping[str, int]
    by_module: Mapping[str, int]
    firing_acknowledged: int


def count_alerts(session: Session, wanted: AlertFilter) -> AlertCounts:
    """The counts of what the filter chooses."""
    return _sum(wanted, _groups(session, wanted), ())


def count_choices(session: Session, wanted: AlertFilter) -> AlertCounts:
    """What each choice of state, severity or module would give, beside all else that the filter says."""
    groups = _groups(session, replace(wanted, status=None, severities=(), modules=()))
    return _sum(wanted, groups, ("status", "severities", "modules"))


def _groups(session: Session, wanted: AlertFilter) -> list[AlertCount]:
    query = _by_text(wanted) if wanted.asks_texts else _by_kind(wanted)
    return [
        AlertCount(status, SEVERITY_WORDS[rank], module, int(number), int(taken))
        for status, rank, module, number, taken in session.execute(query)
    ]


def _by_kind(wanted: AlertFilter) -> Executable:
    # an index has the incidents in the order of these groups
    kind = (Alert.status, Alert.severity_rank, Alert.module)
    query = select(*kind, func.count(), func.count(Alert.acknowledged_at))
    return query.where(*wanted.own_conditions(), *wanted.kind_conditions(Alert)).group_by(*kind)


def _by_text(wanted: AlertFilter) -> Executable:
    # another has them in the order of what they share, so that this is looked at once for all of them
    number, taken = func.count().label("number"), func.count(Alert.acknowledged_at).label("taken")
    each = select(Alert.text_id, Alert.status, number, taken)
    # written so that no index by status is read, which has another order
    own = wanted.own_conditions(Alert.status.concat(""))
    few = each.where(*own).group_by(Alert.text_id, Alert.status).subquery()
    kind = (few.c.status, AlertText.severity_rank, AlertText.module)
    query = select(*kind, func.sum(few.c.number), func.sum(few.c.taken))
    query = query.join(AlertText, AlertText.id == few.c.text_id)
    return query.where(*wanted.kind_conditions(AlertText), *wanted.text_conditions()).group_by(*kind)


def _sum(wanted: AlertFilter, groups: list[AlertCount], free: tuple[str, ...]) -> AlertCounts:
    def chosen(count: AlertCount, *unless: str) -> bool:
        return all(name in unless or _is_chosen(wanted, name, count) for name in free)

    def by(key: Callable[[AlertCount], str], unless: str) -> Counter[str]:
        found: Counter[str] = Counter()
        for it in groups:
            if chosen(it, unless):
                found[key(it)] += it.number
        return found

    return AlertCounts(
        sum(it.number for it in groups if chosen(it)),
        {**dict.fromkeys(STATES, 0), **by(lambda it: it.status, "status")},
        {**dict.fromkeys(SEVERITY_WORDS, 0), **by(lambda it: it.severity, "severities")},
        dict(by(lambda it: it.module, "modules").most_common()),
        sum(it.acknowledged for it in groups if chosen(it, "status") and it.status == "firing"),
    )


def _is_chosen(wanted: AlertFilter, name: str, count: AlertCount) -> bool:
    if name == "status":
        return wanted.status in (None, count.status)
    if name == "severities":
        return not wanted.severities or count.severity in wanted.severities
    return not wanted.modules or count.module in wanted.modules
