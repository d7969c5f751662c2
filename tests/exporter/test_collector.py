"""What a scrape may take, and which collectors it gets by the names that it gives."""

from collections.abc import Iterable

import pytest
from prometheus_client import Metric

from exporter.collector import Collector, Part, UnknownCollector, scrape_budget, select_collectors
from exporter.sources import Sources


async def nothing(_: Sources) -> Iterable[Metric]:
    """A part without families."""
    return ()


SIZES = Part("sizes", nothing, (), on_request=True)
CACHE = Collector("cache", "a cache", (Part("ping", nothing, ()), SIZES))
QUEUES = Collector("queues", "queues", (Part("length", nothing, ()),))
SECOND = Collector("second", "another cache", (Part("ping", nothing, ()),), alone=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 1.5), ("", 1.5), ("soon", 1.5), ("nan", 1.5), ("0", 1.5), ("-4", 1.5),
        ("10", 1.5), ("inf", 1.5), ("1", 0.9), ("0.5", 0.45),
    ],
)  # fmt: skip
def test_a_scrape_ends_a_tenth_before_prometheus_gives_up(header: str | None, seconds: float) -> None:
    assert scrape_budget(header, 1.5) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("names", "selected"),
    [
        ([], {"cache": ["ping"], "queues": ["length"]}),
        (["cache"], {"cache": ["ping", "sizes"]}),
        (["cache.sizes"], {"cache.sizes": ["sizes"]}),
        (["cache.ping", "cache.sizes"], {"cache.ping": ["ping"], "cache.sizes": ["sizes"]}),
        (["cache.ping", "cache"], {"cache": ["ping", "sizes"]}),
        (["cache.ping", "queues"], {"cache.ping": ["ping"], "queues": ["length"]}),
        (["queues", "cache", "queues"], {"cache": ["ping", "sizes"], "queues": ["length"]}),
        (["second"], {"second": ["ping"]}),
        (["second", "second.ping"], {"second": ["ping"]}),
    ],
)
def test_names_select_collectors_and_their_parts(names: list[str], selected: dict[str, list[str]]) -> None:
    found = select_collectors((CACHE, QUEUES, SECOND), names)
    assert [(it.name, [part.name for part in it.parts]) for it in found] == [*selected.items()]


@pytest.mark.parametrize(
    ("names", "error"),
    [
        (["stock"], "collect[] names 'stock'; expected one of cache, cache.ping, cache.sizes, queues, "),
        (["cache.stock"], "collect[] names 'cache.stock'; expected one of "),
        (["cache."], "collect[] names 'cache.'; expected one of "),
        (["x" * 65], f"collect[] names {'x' * 64!r}; expected one of "),
        (["second", "queues"], "collect[] names 'second' beside others; expected it alone"),
        (["cache", "second.ping"], "collect[] names 'second.ping' beside others; expected it alone"),
    ],
)
def test_names_that_select_nothing_are_refused(names: list[str], error: str) -> None:
    with pytest.raises(UnknownCollector) as refused:
        select_collectors((CACHE, QUEUES, SECOND), names)
    assert str(refused.value).startswith(error)
