"""What the tests of cloning share: rules that trust a server, a clone read whole, an error."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from ingestion_api.repository import (
    CloneLimits,
    RepositoryError,
    Snapshot,
    UrlRules,
    check_url,
    clone,
    read_text_files,
)


def trusting(*origins: str) -> UrlRules:
    """Rules that let these hosts in."""
    return UrlRules(
        trusted_hosts=frozenset(origin.partition("//")[2] for origin in origins), connect_seconds=2
    )


@dataclass(frozen=True)
class Read:
    """A snapshot and its texts by path."""

    snapshot: Snapshot
    texts: dict[str, str]


def read(url: str, rules: UrlRules, scratch: Path, limits: CloneLimits | None = None) -> Read:
    """Clone a repository and read it to its end."""
    with clone(check_url(url, rules), rules, limits or CloneLimits(), scratch) as snapshot:
        return Read(snapshot, {file.path: file.text for file in read_text_files(snapshot)})


def refusal(url: str, rules: UrlRules, scratch: Path, limits: CloneLimits | None = None) -> RepositoryError:
    """The error of a clone, which leaves nothing behind."""
    with pytest.raises(RepositoryError) as error:
        read(url, rules, scratch, limits)
    assert not list(scratch.iterdir())
    return error.value
