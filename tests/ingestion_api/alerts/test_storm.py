"""A storm of alerts, the service killed in the middle and Alertmanager restarted: each once, each ended."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.ingestion_api.alerts.histories import Interval, Json, World, flaws, now, world
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

WITHIN = 300.0


def is_wide() -> bool:
    """Whether `make fuzz` runs this."""
    return settings.default is not None and settings.default.max_examples > 1_000


@pytest.fixture
def running_world(tmp_path: Path, redis_server: RedisServer) -> Iterator[World]:
    """A service, an Alertmanager and a sender; a thousand alerts come in ten calls, a hundred in as many."""
    with world(tmp_path, redis_server.url, "tenth" if is_wide() else "...") as it:
        yield it


def labels(number: int) -> Json:
    """One alert of the storm."""
    return {
        "alertname": "Storm",
        "severity": "warning",
        "part": str(number),
        "tenth": str(number % 10),
        "run": "storm",
    }


@pytest.mark.hypothesis
@pytest.mark.timeout(1500)
def test_a_storm_is_kept_whole(running_world: World) -> None:
    """A hundred here, a thousand in `make fuzz`."""
    count = 1000 if is_wide() else 100
    it = running_world
    intervals = [Interval(now(), must_be_known=True) for _ in range(count)]
    storm = {tuple(labels(n).values()): (labels(n), each) for n, each in enumerate(intervals)}
    it.sender.alerts |= storm
    it.sender.send()
    _interrupt(it, lambda found: len(found) > count // 10)
    it.alertmanager.stop()
    it.start_all()
    eventually(lambda: len(it.incidents("storm")) == count, within=WITHIN)
    for each in intervals:
        each.end = now()
    it.sender.send()
    _interrupt(it, lambda found: sum(one["status"] == "resolved" for one in found) > count // 10)
    it.start_all()
    eventually(lambda: all(one["status"] == "resolved" for one in it.incidents("storm")), within=WITHIN)
    found = it.incidents("storm")
    assert len(found) == count
    by_part = {one["labels"]["part"]: one for one in found}
    problems = [flaws([each], [by_part[str(n)]], it.up_since) for n, each in enumerate(intervals)]
    assert [each for each in problems if each] == []


def _interrupt(it: World, is_middle: object) -> None:
    """Kill the service once part of the storm has come."""
    assert callable(is_middle)
    eventually(lambda: is_middle(it.incidents("storm")), within=WITHIN)
    it.service.kill()
