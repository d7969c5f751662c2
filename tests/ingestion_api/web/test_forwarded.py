"""Where a request came from, behind proxies."""

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ingestion_api.app import create_app
from ingestion_api.networks import client_network
from ingestion_api.settings import Settings
from ingestion_api.settings_load import SettingsError, load_settings
from tests.ingestion_api.processes import AUTHORIZED

INGEST = "/api/v1/ingestion/ingest/https://git.example/keeper/lamp"


def told(settings: Callable[..., Settings], said: str, **changes: object) -> str:
    """The address in the audit log, for a request of 192.0.2.1 with this X-Forwarded-For."""
    app = create_app(settings(**changes))
    with TestClient(app, headers=AUTHORIZED, client=("192.0.2.1", 50_000)) as client:
        client.post(INGEST, headers={"X-Forwarded-For": said})
        address: str = client.get("/api/v1/audit").json()["changes"][0]["address"]
    return address


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("198.51.100.7, 192.0.2.9", "198.51.100.7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("x" * 5_000, "192.0.2.1"),
        ("198.51.100.7, unknown", "192.0.2.1"),
        ("198.51.100.7, " + "192.0.2.9, " * 1_000 + "192.0.2.9", "192.0.2.9"),
        ("", "192.0.2.1"),
    ],
)
def test_a_trusted_proxy_is_believed_what_can_be_an_address(
    settings: Callable[..., Settings], said: str, address: str
) -> None:
    """The last one that is no proxy of ours; of twenty at most."""
    assert told(settings, said, proxies=("192.0.2.0/24",)) == address


def test_nobody_else_is_believed(settings: Callable[..., Settings]) -> None:
    """It is a header that anybody can write."""
    assert told(settings, "198.51.100.7") == "192.0.2.1"
    assert told(settings, "198.51.100.7", proxies=("203.0.113.1",)) == "192.0.2.1"


def test_a_proxy_is_an_address_or_a_network(tmp_path: Path) -> None:
    """Whatever else would never be the one that asks."""
    file = tmp_path / "service.yml"
    file.write_text("proxies: [10.0.0.0/8, gateway]")
    with pytest.raises(SettingsError, match="proxies: holds 'gateway'; expected IP addresses or networks"):
        load_settings(file)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:1:aaaa::1", "2001:db8:0:1::/64"),
        ("2001:db8:0:1::2%eth0", "2001:db8:0:1::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unknown", "unknown"),
    ],
)
def test_ipv6_clients_are_counted_by_their_network(address: str, network: str) -> None:
    """A provider gives each customer at least a /64."""
    assert client_network(address) == network


def test_wrong_tokens_are_counted_by_network(settings: Callable[..., Settings]) -> None:
    """Else one customer could guess for ever, each time from another address."""
    app = create_app(settings(attempts=3, proxies=("192.0.2.1",)))
    with TestClient(app, client=("192.0.2.1", 50_000)) as client:
        codes = [
            client.get(
                "/api/v1/audit",
                headers={"Authorization": "Bearer guess", "X-Forwarded-For": f"2001:db8::{number}"},
            ).status_code
            for number in range(1, 6)
        ]
    assert codes == [401, 401, 401, 429, 429]
