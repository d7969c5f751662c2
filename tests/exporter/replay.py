"""Recorded answers of a backend, told again by the double: one folder, one scenario."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.exporter.backend_double import BackendDouble
from tests.exporter.exporter_page import Page, Watched, watching
from tests.servers.waiting import eventually

LONGEST = 5.0  # an answer that took longer than this is no answer to any client of ours
STARTED = re.compile(rb"(?m)^(process_start_time_seconds )1\.7.*$")
OUR_FAULT = re.compile(r"\w+ at [\w/]+\.py:\d+")
Labels = Mapping[str, str]
Value = tuple[str, Labels, float | None]
State = tuple[str, Labels, str | None]


@dataclass(frozen=True)
class Scenario:
    """What the page must hold: values (None for no such series) and states in force."""

    folder: str
    values: tuple[Value, ...] = ()
    states: tuple[State, ...] = ()
    disagrees: tuple[tuple[str, str, str], ...] = ()  # subject, reported, observed
    agrees: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.folder


def replay(backend: BackendDouble, folder: Path) -> None:
    """Answer every route as it is recorded in this folder; a recorded silence is a silence again."""
    for name, said in json.loads((folder / "_index.json").read_text()).items():
        if said["http_status"] is None or said["seconds"] > LONGEST:
            backend.hangs(said["path"])
            continue
        # what is the same in every scenario is recorded once, beside their folders
        body = next(
            file for place in (folder, folder.parent) for file in place.glob(f"{name}.*")
        ).read_bytes()
        if said["path"] == "/metrics":
            body = STARTED.sub(b"\\g<1>%d" % time.time(), body)  # a process that is counted from its birth
        backend.says(said["path"], body, said["http_status"])


def hold(scenario: Scenario, page: Page) -> bool:
    """Whether the page is as the scenario wants it; raises AssertionError where it is not."""
    for name, labels, value in scenario.values:
        wanted = value if value is None else pytest.approx(value)
        assert page.value(name, **labels) == wanted, (name, labels)
    for name, labels, state in scenario.states:
        assert page.state(name, **labels) == state, (name, labels)
    found = {
        (labels["subject"], labels["reported"], labels["observed"]): value
        for labels, value in page.series("ops_self_report_disagrees")
    }
    for words in scenario.disagrees:
        assert found.get(words) == 1, (words, found)
    for subject in scenario.agrees:
        assert [value for key, value in found.items() if key[0] == subject] == [0], (subject, found)
    return True


def check(scenario: Scenario, backend: BackendDouble, folder: Path, log: pytest.LogCaptureFixture) -> None:
    """Replay the folder and wait until the page is right; nothing of ours may have failed meanwhile."""
    replay(backend, folder)
    # on a slow machine a round of all requests, one after the other, takes some seconds: it must not be stale
    periods = {"period": 3.0, "blocking_timeout": 1.0, "blocking_period": 0.5}
    own = {"url": backend.url, "time_zone": "UTC", **periods}
    with watching(backend=own, **scenario.settings) as exporter:
        eventually(lambda: hold(scenario, scrape(exporter)), within=60)
    assert [line for line in log.messages if OUR_FAULT.search(line)] == []


def scrape(exporter: Watched) -> Page:
    """The whole page."""
    return exporter.page()
