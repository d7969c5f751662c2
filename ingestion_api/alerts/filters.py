"""Which incidents a list, a count or an export holds, as conditions of SQL."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from ingestion_api.errors import BadRequest
from ingestion_api.store.alert_texts import mask_numbers
from ingestion_api.store.tables import Alert, AlertLabel, AlertText
from ingestion_api.store.tables.alert_texts import LABEL_LENGTH
from ingestion_api.store.tables.alerts import SEVERITIES
from ingestion_api.store.tables.expressions import checked

OTHER = "other"
SEVERITY_WORDS = (*SEVERITIES, OTHER)  # the index of each is its rank
MAX_WORDS = 8  # of a text
# a text is searched in so many of the newest sets of labels and words
MAX_TEXTS = 20_000


@dataclass(frozen=True)
class AlertFilter:
    """Which incidents; a severity, module, signal or label may have one of several values.

    `since` and `until` choose what fired at some moment between them. Each word of `text` is part of the
    name, the labels, the summary or the description; a number that no label carries stands for any number.
    """

    status: str | None = None
    severities: Sequence[str] = ()
    modules: Sequence[str] = ()
    signals: Sequence[str] = ()
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    acknowledged: bool | None = None

    def __post_init__(self) -> None:
        """Refuse what nothing can match, with BadRequest."""
        if self.since and self.until and self.since > self.until:
            raise BadRequest(f"since is {self.since}; expected a moment before until, {self.until}.")
        if len(self.text.split()) > MAX_WORDS:
            raise BadRequest(f"text has {len(self.text.split())} words; expected {MAX_WORDS} at most.")

    @property
    def asks_texts(self) -> bool:
        """Whether anything is asked of labels or words."""
        return bool(self.signals or self.labels or self.text)

    @property
    def asks_kinds_only(self) -> bool:
        """Whether nothing but state, severity and module is asked."""
        more = (self.signals, self.labels, self.text, self.since, self.until)
        return self.acknowledged is None and not any(more)

    def shared_conditions(self) -> list[ColumnElement[bool]]:
        """Those on texts: on severity and module, on labels and words, which incidents share."""
        return [*self.kind_conditions(AlertText), *self._shared()]

    def own_conditions(self, *, by_status: bool = False) -> list[ColumnElement[bool]]:
        """Those on what may differ between the incidents of one alert.

        No index is read for them, which would have another order than what is asked for; unless one
        `by_status` is of use.
        """
        return [*self._own(by_status=by_status)]

    def _own(self, *, by_status: bool) -> Iterator[ColumnElement[bool]]:
        if self.status is not None:
            has_status = Alert.status == self.status
            yield has_status if by_status else checked(has_status)
        if self.acknowledged is not None:
            yield Alert.acknowledged_at.is_not(None) if self.acknowledged else Alert.acknowledged_at.is_(None)
        if self.until is not None:
            yield checked(Alert.starts_at <= self.until)
        if self.since is not None:
            yield checked(or_(Alert.ends_at >= self.since, Alert.ends_at.is_(None)))

    def kind_conditions(self, table: type[Alert] | type[AlertText]) -> list[ColumnElement[bool]]:
        """Those on severity and module, which both tables have."""
        found: list[ColumnElement[bool]] = []
        if self.severities:
            found.append(table.severity_rank.in_([SEVERITY_WORDS.index(word) for word in self.severities]))
        if self.modules:
            found.append(table.module.in_(self.modules))
        return found

    def _shared(self) -> Iterator[ColumnElement[bool]]:
        if self.signals:
            yield AlertText.signal.in_(self.signals)
        for name, values in self.labels.items():
            yield _has_label(name, values)
        if self.text:
            yield AlertText.id > _oldest_searched()
        for word in self.text.lower().split():
            yield _says(word)


def _has_label(name: str, values: Sequence[str]) -> ColumnElement[bool]:
    cut = [value[:LABEL_LENGTH] for value in values]
    one_of = select(AlertLabel.text_id).where(AlertLabel.name == name[:LABEL_LENGTH])
    return AlertText.id.in_(one_of.where(AlertLabel.value.in_(cut)))


def _says(word: str) -> ColumnElement[bool]:
    masked = mask_numbers(word)
    exactly = AlertText.text.contains(word, autoescape=True)
    return exactly if masked == word else or_(exactly, AlertText.text.contains(masked, autoescape=True))


def _oldest_searched() -> ColumnElement[Any]:
    beyond = select(AlertText.id).order_by(AlertText.id.desc()).offset(MAX_TEXTS).limit(1)
    return func.coalesce(beyond.scalar_subquery(), 0)


def is_search_partial(session: Session, wanted: AlertFilter) -> bool:
    """Whether there are more texts than a search reads."""
    if not wanted.text:
        return False
    beyond: Select[Any] = select(AlertText.id).order_by(AlertText.id.desc()).offset(MAX_TEXTS).limit(1)
    return session.scalar(beyond) is not None
