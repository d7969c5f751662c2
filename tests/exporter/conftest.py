"""What tests of the exporter may ask for."""

from collections.abc import Iterator

import pytest

from tests.exporter.backend_double import BackendDouble, backend_double


@pytest.fixture
def backend() -> Iterator[BackendDouble]:
    """A backend that answers as the test tells it to."""
    with backend_double() as double:
        yield double
