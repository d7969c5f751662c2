"""However alerts fire, are suppressed and end, and whatever is restarted: each once, with its end."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.ingestion_api.alerts.histories import Interval, Json, World, flaws, now, world
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

# in each pair the cause inhibits the effect
ALERTS = tuple(f"{role} {pair}" for pair in (1, 2, 3) for role in ("effect", "cause"))
NUMBERS = itertools.count(1)
SPAN = 20.0  # seconds within which the service must know


class Histories(RuleBasedStateMachine):
    """One history: alerts of which some inhibit others, silences, restarts."""

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self.run = str(next(NUMBERS))
        self.intervals: dict[str, list[Interval]] = {alert: [] for alert in ALERTS}
        self.silences: dict[str, str] = {}

    def labels(self, alert: str) -> Json:
        """The labels of an alert of this history."""
        role, pair = alert.split()
        return {"alertname": "Drawn", "role": role, "pair": pair, "run": self.run}

    def fires(self, alert: str) -> bool:
        """Whether an alert fires."""
        its = self.intervals[alert]
        return bool(its) and its[-1].end is None

    @rule(alert=st.sampled_from(ALERTS))
    def fire_or_resolve(self, alert: str) -> None:
        its = self.intervals[alert]
        if self.fires(alert):
            its[-1].end = now()
        else:
            its.append(Interval(now()))
        self.world.sender.set(self.labels(alert), its[-1])

    @rule(alert=st.sampled_from(ALERTS))
    def fire_for_a_moment(self, alert: str) -> None:
        if not self.fires(alert):
            self.fire_or_resolve(alert)
            self.fire_or_resolve(alert)

    @precondition(lambda self: self.world.alertmanager.running)
    @rule(alert=st.sampled_from(ALERTS))
    def silence_or_not(self, alert: str) -> None:
        if alert in self.silences:
            self.world.unsilence(self.silences.pop(alert))
        else:
            self.silences[alert] = self.world.silence(self.labels(alert))

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
        for alert in ALERTS:
            if self.fires(alert):
                self.intervals[alert][-1].restarts.append(now())
                self.world.sender.set(self.labels(alert), self.intervals[alert][-1])

    @precondition(lambda self: self.world.alertmanager.running and self.world.service.running)
    @rule()
    def wait_until_known(self) -> None:
        self.check()
        for its in self.intervals.values():
            for it in its:
                it.must_be_known |= it.end is None

    def check(self) -> None:
        """Wait until the service has nothing wrong."""
        try:
            eventually(lambda: not self.flaws(), within=SPAN)
        except AssertionError:
            raise AssertionError("\n".join(self.flaws())) from None

    def flaws(self) -> list[str]:
        """What the service has wrong."""
        by_alert: dict[str, list[Json]] = {alert: [] for alert in ALERTS}
        for it in self.world.incidents(self.run):
            by_alert[f"{it['labels']['role']} {it['labels']['pair']}"].append(it)
        up_since = self.world.up_since
        return [
            flaw for alert, its in self.intervals.items() for flaw in flaws(its, by_alert[alert], up_since)
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
        stateful_step_count=30 if wide else 12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        # a shorter history would take as long again
        phases=(Phase.generate,),
    )
    run_state_machine_as_test(Histories, settings=how)
