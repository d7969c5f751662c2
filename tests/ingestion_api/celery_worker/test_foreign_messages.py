"""What others write to the queue's Redis, or make of it, ends no worker."""

from tests.ingestion_api.celery_worker.test_consumer import Desk, desk
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

__all__ = ["desk"]  # the fixture

FOREIGN = (b"\xff lamp", b"", b"5", b"[]", b"{}", b'{"body": "e30=", "properties": 5}', b"[" * 50_000)


def test_what_is_no_message_is_dropped(desk: Desk, own_redis_server: RedisServer) -> None:
    with own_redis_server.client(0) as client:
        client.lpush("ingestion", *FOREIGN)
        eventually(lambda: client.llen("ingestion") == 0, within=20.0)
    desk.until(desk.ingest("lamp"), "complete")
    assert desk.hands.running
    assert "an invalid message was dropped" in desk.hands.output()


def test_a_queue_that_is_no_list_is_waited_for(desk: Desk, own_redis_server: RedisServer) -> None:
    with own_redis_server.client(0) as client:
        client.set("ingestion", "words")
        eventually(lambda: "Connection to broker lost" in desk.hands.output(), within=20.0)
        client.delete("ingestion")
    desk.until(desk.ingest("lamp"), "complete")
    assert desk.hands.running


def test_a_broker_that_becomes_a_replica_takes_no_worker_with_it(
    desk: Desk, own_redis_server: RedisServer
) -> None:
    """As in a failover; a job ends meanwhile, whose message cannot be acknowledged."""
    slow = desk.ingest("slow")
    desk.until(slow, "processing")
    with own_redis_server.client(0) as client:
        client.replicaof("127.0.0.1", "1")
        eventually(lambda: "Connection to broker lost" in desk.hands.output(), within=20.0)
        desk.git.gate.set()
        desk.until(slow, "complete")
        client.replicaof("NO", "ONE")
    desk.until(desk.ingest("lamp"), "complete")
    assert desk.hands.running
