"""Every dialect is one reading, or one sentence."""

import ssl
from pathlib import Path

import pytest

from connections.redis_clients import celery_broker
from connections.redis_url import parse_redis_url, with_database, with_master_name
from tests.servers.tls import certificate


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://host", "redis://host:6379/0"),
        ("redis://host:1/3", "redis://host:1/3"),
        ("redis:///3", "redis://localhost:6379/3"),
        ("redis://host?db=3", "redis://host:6379/3"),
        ("redis://host:1/3?virtual_host=3&socket_timeout=5", "redis://host:1/3"),
        ("REDIS://host/3", "redis://host:6379/3"),
        ("redis://[::1]:7/3", "redis://::1:7/3"),
        ("rediss://host/3", "rediss://host:6379/3"),
        ("redis://a:1/3;redis://b:2/3", "redis://a:1,b:2/3"),
        ("unix:///run/r.sock?db=3", "unix:///run/r.sock database 3"),
        ("redis+socket:///run/r.sock?virtual_host=3", "unix:///run/r.sock database 3"),
        ("sentinel://a/3?master_name=m", "sentinel://m@a:26379/3"),
        ("sentinel://a:1/3;sentinel://b:2?master_name=m", "sentinel://m@a:1,b:2/3"),
        ("sentinel://a:1/3?master_name=m;sentinel://b:2/3?master_name=m", "sentinel://m@a:1,b:2/3"),
    ],
)
def test_the_same_server_has_many_names(url: str, shown: str) -> None:
    assert parse_redis_url(url).shown == shown


@pytest.mark.parametrize("word", ["none", "CERT_NONE", "cert_none", "NONE"])
def test_both_libraries_words_for_no_verification(word: str) -> None:
    tls = parse_redis_url(f"rediss://host?ssl_cert_reqs={word}").tls
    assert tls is not None
    assert (tls.verify, tls.check_hostname) == (ssl.CERT_NONE, False)


def test_tls_verifies_unless_told_otherwise() -> None:
    tls = parse_redis_url("rediss://host").tls
    assert tls is not None
    assert (tls.verify, tls.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("host:6379", "no Redis URL"),
        ("amqp://host", "no Redis URL"),
        ("redis://host:port", "no Redis URL"),
        ("redis://host:99999", "no Redis URL"),
        ("redis://host:0", "no Redis URL"),
        (f"redis://{'a' * 70}.example/0", "no Redis URL"),
        ("redis://ho%00st/0", "no Redis URL"),
        ("redis://host\n/0", "expected %23"),
        ("redis://[::1/0", "no Redis URL"),
        ("redis://host/three", "expected a number"),
        ("redis://host/-1", "expected a number"),
        ("redis://host/1?db=2", "names two databases"),
        ("redis://host?ssl=true", "has the option 'ssl'"),
        ("redis://host?ssl_cert_reqs=none", "expected rediss://"),
        ("rediss://host?ssl_cert_reqs=maybe", "expected required, optional or none"),
        ("rediss://host?ssl_check_hostname=maybe", "expected true or false"),
        ("rediss://host?ssl_ca_certs=/nowhere.pem", "ssl_ca_certs /nowhere.pem, which cannot be read"),
        ("rediss://host?ssl_certfile=/nowhere.pem", "ssl_certfile /nowhere.pem, which cannot be read"),
        ("redis://host?db=1&db=2", "names an option twice"),
        ("redis://:pass#word@host/0", "expected %23"),
        ("redis://a/1;redis://b/2", "differ in more than host and port"),
        ("redis://:x@a/1;redis://:y@b/1", "differ in more than host and port"),
        ("redis://a;b", "no Redis URL"),
        ("redis://a;", "no Redis URL"),
        ("unix://run/r.sock", "without the path of a socket"),
        ("unix:///a;unix:///b", "differ in more than host and port"),
        ("redis+socket:///a?password=x", "has the option 'password'"),
        ("sentinel://a/0", "no master_name"),
        ("sentinel://a/0?master_name=", "no master_name"),
        ("sentinel://a?master_name=m;redis://b", "mixes sentinel://"),
        ("sentinel://a/0?master_name=m;sentinel://b/1", "differ in more than host and port"),
        ("sentinel://a?master_name=m;sentinel://b?master_name=n", "different master_names"),
        ("redis://host?master_name=m", "has the option 'master_name'"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(url: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r".+") as refused:
        parse_redis_url(url)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("url", ["redis://me:hunter2@h/x", "redis://:hunter2@h:p/0", "redis://:hunter2 @h/0"])
def test_no_sentence_tells_a_password(url: str) -> None:
    with pytest.raises(ValueError, match=r".+") as refused:
        parse_redis_url(url)
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in repr(parse_redis_url("redis://me:hunter2@h/0"))


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(ValueError, match=r"ca\.pem, which holds no certificate"):
        parse_redis_url(f"rediss://host?ssl_ca_certs={tmp_path}/ca.pem")
    made = certificate(tmp_path)
    assert parse_redis_url(f"rediss://host?ssl_ca_certs={made.file}").tls is not None


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://me:p%40ss%2F@h:1/3", "redis://me:p%40ss%2F@h:1/3"),
        ("redis://:word@h?db=3", "redis://:word@h:6379/3"),
        ("rediss://[::1]:1/3", "rediss://[::1]:1/3"),
        ("redis+socket://:w@/run/r.sock?virtual_host=3", "redis+socket://:w@/run/r.sock?virtual_host=3"),
        ("redis://a:1/3;redis://b:2/3", "redis://a:1/3;redis://b:2/3"),
        ("sentinel://a:1/3?master_name=m;sentinel://b:2", "sentinel://a:1/3;sentinel://b:2/3"),
    ],
)
def test_celery_is_told_in_its_own_dialect(url: str, told: str) -> None:
    assert celery_broker(parse_redis_url(url)).url == told


def test_celery_is_told_of_tls_and_sentinels_beside_the_url() -> None:
    secured = celery_broker(parse_redis_url("rediss://h?ssl_cert_reqs=none"))
    assert (secured.use_ssl or {})["ssl_cert_reqs"] == ssl.CERT_NONE
    guarded = celery_broker(parse_redis_url("sentinel://a?master_name=m&sentinel_password=s"))
    assert guarded.transport_options["master_name"] == "m"
    assert guarded.transport_options["sentinel_kwargs"]["password"] == "s"


def test_a_database_beside_is_of_the_same_server() -> None:
    assert with_database("rediss://:p@h:1/0?ssl_cert_reqs=none", 4) == "rediss://:p@h:1/4?ssl_cert_reqs=none"
    assert (
        parse_redis_url(
            with_database("unix:///r.sock?db=2&password=p", 4).replace("redis+socket", "unix")
        ).database
        == 4
    )


def test_a_name_for_sentinels_is_added_where_there_is_none() -> None:
    assert parse_redis_url(with_master_name("sentinel://a:1/2;sentinel://b:2/2", "m")).sentinel is not None
    assert with_master_name("sentinel://a?master_name=n", "m") == "sentinel://a?master_name=n"
    assert with_master_name("redis://a", "m") == "redis://a"
