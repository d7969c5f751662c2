"""A backend that answers pings, and the clock of its tests."""

import pytest

from exporter.sources.backend.liveness import RESPONDING, Liveness
from tests.exporter.clock import Clock


@pytest.fixture
def times() -> Clock:
    """The clock of a test."""
    return Clock(100.0)


@pytest.fixture
def liveness(times: Clock) -> Liveness:
    """The state of a backend that has just answered a ping."""
    found = Liveness(times)
    assert (found.state, found.is_ping_due()) == (None, True)
    found.record_ping_response(times.now, 0.01)
    assert found.state == RESPONDING
    return found
