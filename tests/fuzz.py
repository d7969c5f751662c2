"""`pytest --fuzz`: only what takes long, and has a shorter form in `make test`. `make fuzz` runs it."""

import pytest

MARKER = "fuzz"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--fuzz", action="store_true", help="only what `make test` leaves to `make fuzz`")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", f"{MARKER}: runs in `make fuzz`, not in `make test`")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what the other of the two verbs runs."""
    wanted = bool(config.getoption("--fuzz"))
    others = [item for item in items if (item.get_closest_marker(MARKER) is not None) != wanted]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if (item.get_closest_marker(MARKER) is not None) == wanted]
