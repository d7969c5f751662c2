"""The page of a job for Redis has the names, types and labels of redis_exporter, on the same servers."""

import json

import pytest

from tests.exporter.exporter_page import Watched, watching
from tests.peers.list_redis_exporter import LIST, master_and_replica, peer_page
from tests.peers.pages import Described, described
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

# what is of the peer's own process, or wants a command that a user may be refused (CONFIG)
NOT_OURS = {
    "redis_config_io_threads": "wants CONFIG GET",
    "redis_exporter_build_info": "the peer's own",
    "redis_exporter_last_scrape_connect_time_seconds": "the peer connects anew for each scrape",
    "redis_target_scrape_request_errors_total": "we have no /scrape",
}


def our_page(server: RedisServer) -> str:
    """Our page for a job that takes the place of the peer's."""
    with watching(redis={"url": server.url, "server_period": 0.05}) as exporter:
        return eventually(lambda: whole_page(exporter))


def whole_page(exporter: Watched) -> str:
    """The page, once the keys were scanned."""
    page = exporter.page("redis")
    assert page.series("redis_last_key_groups_scrape_duration_milliseconds")
    assert page.series("redis_exporter_last_scrape_duration_seconds")
    return page.text


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Described, Described]:
    """The peer's families and ours."""
    with master_and_replica(tmp_path_factory.mktemp("peer")) as servers:
        return described(*map(peer_page, servers)), described(*map(our_page, servers))


def test_the_list_is_what_the_peer_exports(pages: tuple[Described, Described]) -> None:
    listed = json.loads(LIST.read_text())
    assert pages[0] == listed


def test_every_name_of_the_peer_has_its_type_and_labels(pages: tuple[Described, Described]) -> None:
    peer, ours = pages
    assert sorted(peer.keys() - ours.keys()) == sorted(NOT_OURS)
    assert {name: ours[name] for name in peer if name in ours and ours[name] != peer[name]} == {}


def test_no_family_is_on_the_page_twice(
    pages: tuple[Described, Described], redis_server: RedisServer
) -> None:
    names = [line.split()[2] for line in our_page(redis_server).splitlines() if line.startswith("# TYPE")]
    assert sorted(names) == sorted(set(names))
