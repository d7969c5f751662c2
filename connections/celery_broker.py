"""A Redis URL in kombu's dialect: the URL, the TLS options and the transport options of one broker."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connections.redis_clients import sentinel_login
from connections.redis_url import RedisUrl


@dataclass(frozen=True)
class CeleryBroker:
    """Celery's broker_url, broker_use_ssl and what belongs into its broker_transport_options."""

    url: str
    use_ssl: dict[str, Any] | None
    transport_options: dict[str, Any]


def celery_broker(url: RedisUrl) -> CeleryBroker:
    """The broker as Celery must be told of it."""
    options: dict[str, Any] = {}
    if url.sentinel is not None:
        options = {"master_name": url.sentinel.master_name, "sentinel_kwargs": sentinel_login(url)}
    return CeleryBroker(kombu_url(url), url.tls.arguments() if url.tls else None, options)


def kombu_url(url: RedisUrl) -> str:
    """One URL for each server, with `;` between them."""
    user = quote(url.username or "", safe="")
    login = f"{user}:{quote(url.password or '', safe='')}@" if user or url.password else ""
    if url.path:
        return f"redis+socket://{login}{quote(url.path)}?virtual_host={url.database}"
    scheme = "sentinel" if url.sentinel else "rediss" if url.tls else "redis"
    servers = (f"{bracket_ipv6(host)}:{port}" for host, port in url.servers)
    return ";".join(f"{scheme}://{login}{server}/{url.database}" for server in servers)


def bracket_ipv6(host: str) -> str:
    """An IPv6 address in the brackets that a URL needs."""
    return f"[{host}]" if ":" in host else quote(host, safe="")
