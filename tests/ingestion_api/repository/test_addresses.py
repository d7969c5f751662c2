"""Which addresses a host may resolve to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_api.repository import (
    RepositoryUnreachable,
    RepositoryUrlRefused,
    UrlRules,
    check_addresses,
    check_url,
)
from ingestion_api.repository.addresses import is_public

PUBLIC = ("140.82.121.4", "1.1.1.1", "2606:4700::1111", "2a01:4f8::1")
NOT_PUBLIC = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 - an address to refuse, nothing is bound to it
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_known(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_lead_inside_are_known(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(network="127.0.0.0/8") | st.ip_addresses(network="10.0.0.0/8"))
def test_no_inside_address_passes_when_wrapped(address: object) -> None:
    assert not is_public(f"::ffff:{address}")


def rules_with(*addresses: str, trusted: str = "") -> UrlRules:
    return UrlRules(resolve=lambda _host, _port: list(addresses), trusted_hosts=frozenset({trusted}))


def test_one_inside_address_among_public_ones_refuses_the_host() -> None:
    rules = rules_with("1.1.1.1", "169.254.169.254")
    with pytest.raises(
        RepositoryUrlRefused, match=r"'a\.example' resolves to 169\.254\.169\.254, which is not"
    ):
        check_addresses(check_url("https://a.example/b", rules), rules)


def test_an_address_in_the_url_is_checked_without_asking_a_resolver() -> None:
    rules = rules_with()
    with pytest.raises(RepositoryUrlRefused, match="not a public address"):
        check_addresses(check_url("https://[::1]/b", rules), rules)


def test_a_trusted_host_may_be_inside() -> None:
    rules = rules_with("10.0.0.7", trusted="git.tower.internal")
    assert check_addresses(check_url("https://git.tower.internal/b", rules), rules) == ["10.0.0.7"]


def test_an_unknown_host_is_worth_another_try() -> None:
    rules = rules_with()
    with pytest.raises(RepositoryUnreachable, match=r"'a\.example' is not known"):
        check_addresses(check_url("https://a.example/b", rules), rules)
