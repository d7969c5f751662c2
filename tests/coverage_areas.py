"""Coverage is recorded only in tests of the measured packages: it slows all Python by a third."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage

TESTS = Path(__file__).parent
MEASURED = tuple(TESTS / name for name in ("connections", "exporter", "ingestion_api"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Stop recording during a test of another area."""
    recorder = Coverage.current()
    if recorder is None or any(map(item.path.is_relative_to, MEASURED)):
        return (yield)
    recorder.stop()
    try:
        return (yield)
    finally:
        recorder.start()
