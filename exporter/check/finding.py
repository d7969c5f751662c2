"""What the check found out about one thing that may be seen."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class FindingState(StrEnum):
    """Whether it can be seen; the value is the word in the table."""

    SEEN = "ok"
    HIDDEN = "NOT SEEN"  # it is configured, and cannot be seen
    ABSENT = "absent"  # the source does not have it, which is no fault
    NOT_SET = "not set"
    SKIPPED = "not tried"


@dataclass(frozen=True)
class Finding:
    """One thing of one source, in the words of the table; `advice` says what to do about it."""

    what: str
    state: FindingState
    detail: str = ""
    advice: str = ""


@dataclass(frozen=True)
class PollCost:
    """What one poll of a source cost: requests, transactions or commands, seconds, and polls a minute."""

    name: str
    a_minute: float
    operations: int
    seconds: float


@dataclass(frozen=True)
class ReportSection:
    """A source: its address without secrets, what was found, what its polls cost, and what is counted."""

    name: str
    address: str
    findings: tuple[Finding, ...]
    polls: tuple[PollCost, ...] = ()
    unit: str = "requests"

    @property
    def hidden(self) -> int:
        """How much is configured and cannot be seen."""
        return sum(finding.state is FindingState.HIDDEN for finding in self.findings)


def unset_section(name: str, setting: str, adds: str) -> ReportSection:
    """A source that no setting names, and what it would add."""
    return ReportSection(
        name, "", (Finding(setting, FindingState.NOT_SET, "", f"Set {setting} to see {adds}."),)
    )


def join_names(names: Iterable[str]) -> str:
    """The names in one sentence."""
    return ", ".join(names)
