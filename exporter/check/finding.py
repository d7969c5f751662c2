"""Findings of the check, and advice for the errors of sources."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from exporter.errors import (
    InvalidResponse,
    RequestFailed,
    SourceError,
    SourceMisconfigured,
    SourceTimeout,
    SourceUnreachable,
)


class FindingState(StrEnum):
    """The state of a finding; the value is its text in the report."""

    SEEN = "ok"
    HIDDEN = "NOT SEEN"  # it is configured, and cannot be seen
    ABSENT = "absent"  # the source does not have it, which is no fault
    NOT_SET = "not set"
    SKIPPED = "not tried"


@dataclass(frozen=True)
class Finding:
    """One row of the report; `advice` is what to do about it."""

    what: str
    state: FindingState
    detail: str = ""
    advice: str = ""


@dataclass(frozen=True)
class PollCost:
    """The cost of one poll: requests, transactions or commands, seconds, and polls a minute."""

    name: str
    a_minute: float
    operations: int
    seconds: float


@dataclass(frozen=True)
class ReportSection:
    """A source: its address without secrets, its findings, the cost of its polls, and their unit."""

    name: str
    address: str
    findings: tuple[Finding, ...]
    polls: tuple[PollCost, ...] = ()
    unit: str = "requests"

    @property
    def hidden(self) -> int:
        """The number of findings that are configured and cannot be seen."""
        return sum(finding.state is FindingState.HIDDEN for finding in self.findings)


def unset_section(name: str, setting: str, adds: str) -> ReportSection:
    """The section of a source that is not configured, and what it would add."""
    return ReportSection(
        name, "", (Finding(setting, FindingState.NOT_SET, "", f"Set {setting} to see {adds}."),)
    )


def join_names(names: Iterable[str]) -> str:
    """The names in one sentence."""
    return ", ".join(names)


ADD_CREDENTIALS = "Set BACKEND_TOKEN_FILE (or BACKEND_TOKEN) to a token that the backend accepts."
RENEW_CREDENTIALS = "Replace the token: it is expired, revoked or of another kind than the backend expects."
# the beginning of a sentence of ours, and what helps
ADVICE_BY_ERROR = (
    ("database refused the user", "Correct user and password in DATABASE_URL."),
    ("database of this name", "Correct the database's name in DATABASE_URL."),
    ("database denies", "Grant it as docs/operations.md shows; the rows above name what is missing."),
    ("database has no connection left", "Raise max_connections, or let fewer sessions stay open."),
    ("database is locked", "Another process holds the file; it is tried again later."),
    ("database file", "Correct the file in DATABASE_URL, and let this user read it."),
)


def advice(error: SourceError, setting: str) -> str:
    """Advice for this error of the source that `setting` configures."""
    known = next((words for begins, words in ADVICE_BY_ERROR if str(error).startswith(begins)), "")
    if known or isinstance(error, SourceMisconfigured):
        return known or f"Correct {setting}; whether it responds is unknown."
    if isinstance(error, RequestFailed) and error.status is not None:
        return status_advice(error.status)
    if isinstance(error, SourceTimeout):
        return "It accepts connections and is frozen, blocked or too slow; check its own log and load."
    if isinstance(error, SourceUnreachable) or "cannot be reached" in str(error):
        return f"Start it, or correct {setting}; it must be reachable from this machine."
    if isinstance(error, InvalidResponse):
        return f"Check that {setting} names the right server; it responds with something else."
    return ""


def status_advice(status: int) -> str:
    """Advice for an HTTP status."""
    if status in (401, 403):
        return RENEW_CREDENTIALS
    if status >= 500:
        return "Read the backend's own log; the route fails there for every client."
    return "Check BACKEND_URL; the route responds with a status that is not expected."
