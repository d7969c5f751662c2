"""The subscription to events: cut, silent, gone, and back."""

import pytest
from redis import Redis

from tests.exporter.exporter_page import Page, Watched, watching
from tests.exporter.worker_events import counts, hearing, heartbeat, life, seen, tell, wrapped
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually


def cut(redis: Redis) -> None:
    """Close every subscription, as Redis does to readers that are too slow."""
    redis.client_kill_filter(_type="pubsub")


def test_a_cut_is_noticed_counted_and_mended(redis_server: RedisServer) -> None:
    redis_server.flush()
    with (
        redis_server.client() as redis,
        watching(celery={"broker_url": redis_server.url, "newborn": 0}) as exporter,
    ):
        hearing(exporter)
        tell(redis, life())
        seen(exporter, 4)
        cut(redis)
        eventually(lambda: exporter.page("workers.up").value("ops_event_stream_cuts_total") == 1)
        hearing(exporter)
        tell(redis, life())
        seen(exporter, 8)
        assert counts(exporter).value("celery_task_succeeded_total", name="app.index") == 2


def test_tasks_told_of_while_nobody_listened_are_missed(redis_server: RedisServer) -> None:
    redis_server.flush()
    with (
        redis_server.client() as redis,
        watching(celery={"broker_url": redis_server.url, "newborn": 0}) as exporter,
    ):
        hearing(exporter)
        tell(redis, [heartbeat(processed=5), *life(), heartbeat(processed=6), heartbeat(processed=6)])
        seen(exporter, 7)
        assert exporter.page("workers.up").value("ops_events_missed_total") == 0
        # 40 more tasks whose events never came; only the second heartbeat makes it certain
        tell(redis, [heartbeat(processed=46), heartbeat(processed=46), heartbeat(processed=46)])
        seen(exporter, 10)
        assert exporter.page("workers.up").value("ops_events_missed_total") == 40
        # a worker that starts anew begins to count anew
        tell(redis, [heartbeat(processed=0), heartbeat(processed=0)])
        seen(exporter, 12)
        assert exporter.page("workers.up").value("ops_events_missed_total") == 40


def test_a_frozen_broker_costs_its_own_families_and_heals(own_redis_server: RedisServer) -> None:
    server = own_redis_server
    with (
        server.client() as redis,
        watching(celery={"broker_url": server.url, "timeout": 0.5, "newborn": 0}) as exporter,
    ):
        hearing(exporter)
        tell(redis, [heartbeat(), *life()])
        seen(exporter, 5)
        assert exporter.page("workers").value("celery_worker_up", hostname="one@here") == 1
        server.freeze()
        page = page_on_which(exporter, "ops_broker_up", 0)
        assert page.seconds < 2
        # a moment later no answer from before the freeze is fresh any more
        eventually(lambda: exporter.page("workers").series("celery_queue_length") == [])
        assert exporter.page("workers").value("ops_collector_success", collector="workers") == 0
        page_on_which(exporter, "ops_event_stream_connected", 0)
        deaf = exporter.page("workers")
        assert deaf.series("celery_worker_up") == []
        assert deaf.series("celery_task_sent_total") == []
        server.thaw()
        hearing(exporter)
        eventually(lambda: exporter.page("workers").value("celery_queue_length", queue_name="urgent") == 0)
        page = page_on_which(exporter, "ops_broker_up", 1)
        page = counts(exporter)
        assert page.value("celery_task_sent_total", name="app.index") == 1


def page_on_which(exporter: Watched, name: str, value: float) -> Page:
    """The first page on which this metric has this value."""

    def found() -> Page | None:
        page = exporter.page("workers")
        return page if page.value(name) == value else None

    page = eventually(found, within=8)
    assert page is not None
    return page


def test_a_broker_that_stops_and_starts_is_heard_again(own_redis_server: RedisServer) -> None:
    with watching(celery={"broker_url": own_redis_server.url}) as exporter:
        hearing(exporter)
        own_redis_server.kill()
        page_on_which(exporter, "ops_event_stream_connected", 0)
        page_on_which(exporter, "ops_broker_up", 0)
        own_redis_server.start()
        hearing(exporter)
        with own_redis_server.client() as redis:
            tell(redis, life())
        seen(exporter, 4)
        assert exporter.page("workers.up").value("ops_event_stream_cuts_total") == 1


def test_an_exporter_started_before_its_broker_hears_it_later(own_redis_server: RedisServer) -> None:
    own_redis_server.stop()
    with watching(celery={"broker_url": own_redis_server.url}) as exporter:
        page = exporter.page("workers")
        assert page.value("ops_event_stream_connected") == 0
        assert page.value("ops_event_stream_cuts_total") == 0
        own_redis_server.start()
        hearing(exporter)


def test_without_a_broker_there_are_no_workers() -> None:
    with watching() as exporter:
        page = exporter.page("workers.up", "workers.queues", "workers.tasks", "workers.results")
        assert "celery" not in page.text
        assert page.series("ops_collector_success") == []


@pytest.mark.parametrize(
    ("prefix", "channel"), [("", "/3.celeryev"), ("neo*", "neo*/3.celeryev/worker.heartbeat")]
)
def test_the_channel_follows_database_and_prefix(
    redis_server: RedisServer, prefix: str, channel: str
) -> None:
    celery = {"broker_url": redis_server.database(3), "key_prefix": prefix}
    with redis_server.client() as redis, watching(celery=celery) as exporter:
        hearing(exporter)
        redis.publish(f"other{channel}", wrapped(heartbeat("stranger@there")))
        redis.publish(channel, wrapped(heartbeat()))
        seen(exporter, 1)
        assert exporter.page("workers.up").value("celery_worker_up") == 1
