"""The demo that all tests of this process share."""

from collections.abc import Iterator

import pytest

from tests.demo.running_demo import RunningDemo


@pytest.fixture(scope="session")
def shared_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """One running demo, with a pool that gives up soon."""
    demo = RunningDemo(tmp_path_factory.mktemp("demo"), DEMO_POOL_TIMEOUT="0.3")
    demo.start()
    yield demo
    demo.stop()


@pytest.fixture
def demo(shared_demo: RunningDemo) -> Iterator[RunningDemo]:
    """The running demo, left without faults."""
    yield shared_demo
    shared_demo.control.delete("/faults")
