"""Our page of a Redis server has the names, types and labels of redis_exporter, on the same servers."""

import json

import pytest

from tests.exporter.exporter_page import watching
from tests.peers.list_redis_exporter import LIST, Described, described, master_and_replica, peer_page
from tests.servers.redis_server import RedisServer

# what is of the peer's own process, or wants a command that a user may be refused (CONFIG)
NOT_OURS = {
    "redis_config_io_threads": "wants CONFIG GET",
    "redis_exporter_build_info": "the peer's own",
    "redis_exporter_last_scrape_connect_time_seconds": "the peer connects anew for each scrape",
    "redis_exporter_last_scrape_duration_seconds": "not yet",
    "redis_exporter_last_scrape_error": "not yet",
    "redis_exporter_scrape_duration_seconds": "not yet",
    "redis_exporter_scrapes_total": "not yet",
    "redis_last_key_groups_scrape_duration_milliseconds": "not yet",
    "redis_target_scrape_request_errors_total": "we have no /scrape",
}


def our_page(server: RedisServer) -> str:
    """The cache's part of our page."""
    with watching(redis={"url": server.url, "server_period": 0.05}) as exporter:
        return exporter.page("cache.ping", "cache.server", "cache.slow").text


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
