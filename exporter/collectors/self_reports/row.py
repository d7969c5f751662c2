"""One row of the table: what the backend reports of a subject, and what is observed of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from exporter.collectors.self_reports.sight import ComparisonInput
from exporter.question import Question
from exporter.status import DEGRADED, DOWN, UNKNOWN

TROUBLE = {DEGRADED, DOWN}


class Comparison(NamedTuple):
    """A report and an observation of one subject, each in one word, and the question that the report answers.

    Without a question report and observation are of the same moment.
    """

    subject: str
    reported: str
    observed: str
    report: Question[Any] | None = None

    @property
    def known(self) -> bool:
        """Whether there is both a report and an observation."""
        return UNKNOWN not in (self.reported, self.observed)

    @property
    def disagrees(self) -> bool:
        """Whether the report is wrong; two words for trouble differ in grade only, and mislead nobody."""
        return self.reported != self.observed and not {self.reported, self.observed} <= TROUBLE


@dataclass(frozen=True)
class Check:
    """One way in which a backend's report was seen to be wrong; `number` is its row in the truth table."""

    number: int
    about: str
    compare: Callable[[ComparisonInput], Iterable[Comparison]]
