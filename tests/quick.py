"""`pytest --quick`: only tests that start no process. `make test-quick` runs them."""

from collections.abc import Iterator
from types import ModuleType

import pytest

# what starts a process, by the module that defines it
STARTERS = ("subprocess", "multiprocessing", "playwright", "selenium", "honcho")
MARKER = "starts_process"
# fixtures that stand beside those of servers
NO_STARTERS = ("free_port", "eventually")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--quick", action="store_true", help="only tests that start no process")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", f"{MARKER}: the tested code itself starts a process")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect all tests that may start a process."""
    if not config.getoption("--quick"):
        return
    finder = StarterFinder()
    slow = [
        item
        for item in items
        if item.get_closest_marker(MARKER) or any(map(finder.is_starter, modules_of(item)))
    ]
    config.hook.pytest_deselected(items=slow)
    chosen = set(items) - set(slow)
    items[:] = [item for item in items if item in chosen]


def modules_of(item: pytest.Item) -> Iterator[str]:
    """The modules of a test and of all fixtures that it uses."""
    if isinstance(item, pytest.Function):
        yield item.module.__name__
        for name, fixtures in item._fixtureinfo.name2fixturedefs.items():
            modules = [fixture.func.__module__ for fixture in fixtures if name not in NO_STARTERS]
            yield from (module for module in modules if module.startswith("tests."))


class StarterFinder:
    """Finds the modules of the tests that use, themselves or through others, what starts a process."""

    def __init__(self) -> None:
        self._known: dict[str, bool] = {}

    def is_starter(self, name: str) -> bool:
        """Whether a module may start a process."""
        if name not in self._known:
            self._known[name] = False  # until known, for modules that import each other
            self._known[name] = any(map(self._leads_to_starter, used_modules(name)))
        return self._known[name]

    def _leads_to_starter(self, used: str) -> bool:
        if used.partition(".")[0] in STARTERS:
            return True
        return used.startswith("tests.") and self.is_starter(used)


def used_modules(name: str) -> Iterator[str]:
    """The modules whose functions, classes or contents a loaded module names."""
    for value in vars(loaded(name)).values():
        if isinstance(value, ModuleType):
            yield value.__name__
        elif isinstance(module := getattr(value, "__module__", None), str) and module != name:
            yield module


def loaded(name: str) -> ModuleType:
    """A module that is loaded."""
    return __import__(name, fromlist=["_"])
