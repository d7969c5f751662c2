"""However alerts fire, are suppressed and end, and whatever is restarted: each incident once, with its end."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.ingestion_api.alerts.histories import Interval, Json, World, flaws, now, world
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

ROLES = ("effect", "cause")
NUMBERS = itertools.count(1)
SPAN = 20.0  # seconds within which the service must know


class Histories(RuleBasedStateMachine):
    """One history: two alerts of which one inhibits the other, silences, restarts."""

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self.run = str(next(NUMBERS))
        self.intervals: dict[str, list[Interval]] = {role: [] for role in ROLES}
        self.silences: dict[str, str] = {}

    def labels(self, role: str) -> Json:
        """The labels of an alert of this history."""
        return {"alertname": "Drawn", "severity": "warning", "role": role, "run": self.run}

    def fires(self, role: str) -> bool:
        """Whether an alert fires."""
        its = self.intervals[role]
        return bool(its) and its[-1].end is None

    @rule(role=st.sampled_from(ROLES))
    def fire_or_resolve(self, role: str) -> None:
        its = self.intervals[role]
        if self.fires(role):
            its[-1].end = now()
        else:
            its.append(Interval(now()))
        self.world.sender.set(self.labels(role), its[-1])

    @rule(role=st.sampled_from(ROLES))
    def fire_for_a_moment(self, role: str) -> None:
        if not self.fires(role):
            self.fire_or_resolve(role)
            self.fire_or_resolve(role)

    @precondition(lambda self: self.world.alertmanager.running)
    @rule(role=st.sampled_from(ROLES))
    def silence_or_not(self, role: str) -> None:
        if role in self.silences:
            self.world.unsilence(self.silences.pop(role))
        else:
            self.silences[role] = self.world.silence(self.labels(role))

    @rule(kill=st.booleans())
    def stop_or_start_the_service(self, *, kill: bool) -> None:
        service = self.world.service
        if service.running:
            service.kill() if kill else service.stop()
        else:
            self.world.start_all()

    @rule()
    def stop_or_start_alertmanager(self) -> None:
        # a kill would also lose the silences
        if self.world.alertmanager.running:
            self.world.alertmanager.stop()
        else:
            self.world.alertmanager.start()
            self.world.up_since = now()
            self.world.sender.send()

    @rule()
    def restart_the_sender(self) -> None:
        for role in ROLES:
            if self.fires(role):
                self.intervals[role][-1].restarts.append(now())
                self.world.sender.set(self.labels(role), self.intervals[role][-1])

    @precondition(lambda self: self.world.alertmanager.running and self.world.service.running)
    @rule()
    def wait_until_known(self) -> None:
        self.check()
        for its in self.intervals.values():
            for it in its:
                it.must_be_known |= it.end is None

    def check(self) -> None:
        """Wait until the service has nothing wrong."""
        if not eventually(lambda: not self.flaws(), within=SPAN):
            raise AssertionError("\n".join(self.flaws()))

    def flaws(self) -> list[str]:
        """What the service has wrong."""
        incidents = self.world.incidents(self.run)
        return [
            flaw
            for role, its in self.intervals.items()
            for flaw in flaws(
                its, [it for it in incidents if it["labels"]["role"] == role], self.world.up_since
            )
        ]

    def teardown(self) -> None:
        """Start everything and compare, then leave nothing behind."""
        try:
            self.world.start_all()
            self.check()
        finally:
            self.world.sender.forget()
            for silence in self.silences.values():
                self.world.unsilence(silence)


@pytest.fixture
def running_world(tmp_path: Path, redis_server: RedisServer) -> Iterator[World]:
    """What the histories share."""
    with world(tmp_path, redis_server.url) as it:
        yield it


@pytest.mark.hypothesis
@pytest.mark.timeout(7200)
def test_no_incident_has_a_wrong_end_after_random_histories(running_world: World) -> None:
    """Five here, a hundred in `make fuzz`."""
    Histories.world = running_world
    wide = settings.default is not None and settings.default.max_examples > 1_000
    how = settings(
        max_examples=100 if wide else 5,
        stateful_step_count=20 if wide else 10,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    run_state_machine_as_test(Histories, settings=how)
