"""The service looks for its messages among whatever lies in the queues."""

from ingestion_api.broker import Broker
from ingestion_api.settings import Settings
from tests.servers.redis_server import RedisServer

FOREIGN = (b"\xff", b"5", b"{}", b'{"headers": {"id": "lamp"}}', b"[" * 50_000)


def test_messages_of_others_are_passed_over(own_redis_server: RedisServer) -> None:
    broker = Broker.at(Settings(broker_url=own_redis_server.url))
    try:
        broker.publish("ingestion", 17, "job-17-0")
        with own_redis_server.client(0) as client:
            client.lpush("ingestion", *FOREIGN)
        assert broker.waiting_job_ids() == {17}
    finally:
        broker.close()
