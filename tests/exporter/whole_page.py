"""A page on which nothing is missing because it was not read yet."""

from tests.exporter.exporter_page import Page, Watched
from tests.servers.waiting import eventually


def whole(exporter: Watched, *names: str) -> Page:
    """The page of these collectors once all of them succeed, which they must within some seconds."""

    def succeeds() -> Page:
        page = exporter.page(*names)
        successes = page.series("ops_collector_success")
        assert all(value for _, value in successes), successes
        return page

    return eventually(succeeds, within=10)
