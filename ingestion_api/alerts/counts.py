"""How many incidents there are, by state, severity and module: counted by the database."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ingestion_api.alerts.chosen_texts import ChosenTexts
from ingestion_api.alerts.count_queries import FIRING, RESOLVED, STATES, count_rows
from ingestion_api.alerts.filters import SEVERITY_WORDS, AlertFilter
from ingestion_api.cached_value import CachedValue
from ingestion_api.store import Store


@dataclass(frozen=True)
class AlertCount:
    """How many incidents of one state, severity and module, and how many are acknowledged if they fire."""

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


class AlertCounter:
    """Counts incidents; what ended long ago is not counted again for each request.

    What fires is counted as it is. Where counting all that has ended takes over 10 ms, its counts may be as
    old as `CachedValue` allows: at 100 000 incidents about a second.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ended = CachedValue[Sequence[AlertCount]]()

    def count_alerts(self, wanted: AlertFilter) -> AlertCounts:
        """The counts of what the filter chooses; raises the database's errors."""
        return _sum(wanted, self._groups(wanted), ())

    def count_choices(self, wanted: AlertFilter, texts: ChosenTexts | None = None) -> AlertCounts:
        """What each choice of state, severity or module would give, beside all else that the filter says.

        `texts` are those that the filter chooses, where they are known."""
        free = replace(wanted, status=None, severities=(), modules=())
        same = texts if not (wanted.severities or wanted.modules) else None
        return _sum(wanted, self._groups(free, same), ("status", "severities", "modules"))

    def _groups(self, wanted: AlertFilter, texts: ChosenTexts | None = None) -> Sequence[AlertCount]:
        if wanted.status is not None or not wanted.asks_kinds_only:
            return self._read(wanted, texts)
        ended = self._ended.get(lambda: self._read(AlertFilter(status=RESOLVED)))
        chosen = [
            it for it in ended if all(_is_chosen(wanted, name, it) for name in ("severities", "modules"))
        ]
        return [*self._read(replace(wanted, status=FIRING)), *chosen]

    def _read(self, wanted: AlertFilter, texts: ChosenTexts | None = None) -> Sequence[AlertCount]:
        with self._store.read() as session:
            rows = count_rows(session, wanted, texts)
            return [
                AlertCount(status, SEVERITY_WORDS[rank], module, number, taken)
                for status, rank, module, number, taken in rows
            ]


def _sum(wanted: AlertFilter, groups: Sequence[AlertCount], free: tuple[str, ...]) -> AlertCounts:
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
