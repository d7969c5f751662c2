"""Which repository URLs are let in, and what the others are told."""

import ipaddress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_api.repository import RepositoryUrlRefused, UrlRules, check_url
from ingestion_api.repository.urls import MAX_LENGTH

RULES = UrlRules(trusted_hosts=frozenset({"127.0.0.1:8095", "git.tower.internal"}))

ACCEPTED = {
    "https://github.com/owner/name": "https://github.com/owner/name",
    "https://github.com/owner/name.git": "https://github.com/owner/name.git",
    "https://github.com/owner/name/": "https://github.com/owner/name",
    "github.com/owner/name": "https://github.com/owner/name",
    "https:/github.com/owner/name": "https://github.com/owner/name",
    "HTTPS://GitHub.com:443/Owner/Name": "https://github.com/Owner/Name",
    "https://git.example.org:8443/a/b/c": "https://git.example.org:8443/a/b/c",
    "https://git.example.org./a/with%20space": "https://git.example.org/a/with%20space",
    "https://[2606:4700::1111]/a": "https://[2606:4700::1111]/a",
    "http://127.0.0.1:8095/watchroom.git": "http://127.0.0.1:8095/watchroom.git",
    "http://git.tower.internal:81/watchroom": "http://git.tower.internal:81/watchroom",
}

REFUSED = {
    "http://github.com/owner/name": "scheme is 'http'",
    "ssh://git@github.com/owner/name": "scheme is 'ssh'",
    "git@github.com:owner/name": "no repository URL",
    "file:///etc/passwd": "scheme is 'file'",
    "file:/etc/passwd": "scheme is 'file'",
    "ext::sh -c id": "control characters",
    "ext::id%20-u": "scheme is 'ext'",
    "--upload-pack=id": "starts with a dash",
    "-ohttps://github.com/a/b": "starts with a dash",
    "https://-oProxyCommand.example/a/b": "no host name",
    "https://user:secret-word@github.com/a/b": "has credentials",
    "https://user@github.com/a/b": "has credentials",
    "https://github.com/a/b\n": "control characters",
    "https://github.com/a\tb": "control characters",
    "https://github.com/a%0ab/c": "escaped control character",
    "https://github.com/a%00": "escaped control character",
    "https://github.com/a\x7f": "control characters",
    "https://github.com/../etc": "'.' or '..' step",
    "https://github.com/%2e%2e/etc": "'.' or '..' step",
    "https://github.com/a%5c..%5cb": "'.' or '..' step",
    "https://github.com\\@127.0.0.1/a": "backslash",
    "https://github.com/a?b=c": "query",
    "https://github.com/a#b": "fragment",
    "https://github.com": "names no repository",
    "https://github.com/": "names no repository",
    "https:///a/b": "no host name",
    "https://github.com:0/a": "port is 0",
    "https://github.com:99999/a": "cannot be read",
    "https://[::1/a": "cannot be read",
    "https://127.1/a": "is a number",
    "https://2130706433/a": "is a number",
    "https://0x7f000001/a": "is a number",
    "https://0177.0.0.1/a": "is a number",
    "https://github\u0301.com/a": "beyond ASCII",
    "http://127.0.0.1:8096/watchroom.git": "scheme is 'http'",
    "watchroom": "no repository URL",
    "": "no repository URL",
    "https://github.com/" + "a" * MAX_LENGTH: "2048 at most",
}


@pytest.mark.parametrize(("url", "canonical"), ACCEPTED.items())
def test_a_good_url_is_accepted_in_one_spelling(url: str, canonical: str) -> None:
    assert str(check_url(url, RULES)) == canonical


@pytest.mark.parametrize(("url", "reason"), REFUSED.items())
def test_a_bad_url_is_refused_with_its_reason(url: str, reason: str) -> None:
    with pytest.raises(RepositoryUrlRefused) as refused:
        check_url(url, RULES)
    assert reason in str(refused.value)
    assert "secret-word" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_spellings_of_one_repository_share_an_identity() -> None:
    spellings = ("https://github.com/a/b", "https://GITHUB.com:443/a/b.git", "github.com/a/b/")
    assert {check_url(url, RULES).identity for url in spellings} == {"https://github.com/a/b"}


def test_another_scheme_is_open_only_when_allowed() -> None:
    rules = UrlRules(schemes=frozenset({"https", "http"}))
    assert str(check_url("http://git.example.org/a", rules)) == "http://git.example.org/a"


URL_LIKE = st.from_regex(
    r"(https?|file|ext|HTTPS)?:?/{0,3}[\w.@:%\[\]-]{0,20}/[\w.%@?#/\\:-]{0,30}", fullmatch=True
)


@given(st.one_of(st.text(max_size=80), URL_LIKE, URL_LIKE.map(lambda url: f"https://{url}")))
def test_whatever_is_let_in_is_safe_and_stays_as_it_is(url: str) -> None:
    try:
        checked = check_url(url, RULES)
    except RepositoryUrlRefused:
        return
    text = str(checked)
    parts = urlsplit(text)
    assert check_url(text, RULES) == checked
    assert parts.hostname == checked.host
    assert parts.username is None
    assert text.startswith(("https://", "http://127.0.0.1:8095/", "http://git.tower.internal"))
    assert text.isascii()
    assert text.isprintable()
    assert not {".", ".."} & set(text.split("/"))


@given(st.ip_addresses(v=4).map(str), st.sampled_from(["https", "HTTPS"]))
def test_a_dotted_address_is_read_as_that_address(address: str, scheme: str) -> None:
    assert ipaddress.ip_address(check_url(f"{scheme}://{address}/a", RULES).host) == ipaddress.ip_address(
        address
    )


@given(st.text(alphabet=st.characters(max_codepoint=32), min_size=1, max_size=3), st.integers(0, 20))
def test_a_control_character_is_refused_anywhere(bad: str, place: int) -> None:
    url = "https://github.com/owner/name"
    with pytest.raises(RepositoryUrlRefused):
        check_url(url[:place] + bad + url[place:], RULES)
