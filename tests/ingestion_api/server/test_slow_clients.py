"""Clients that send half a request, an endless one, or take no answer cost themselves and nobody else."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from tests.ingestion_api.processes import AUTHORIZED, TOKEN, ServiceProcess, environment
from tests.ingestion_api.server.clients import HEAD, answer, connected, crowd, is_open, peak, resident
from tests.servers.fixtures import started
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

WEBHOOK = b"POST /api/v1/alerts/webhook HTTP/1.1\r\nHost: service\r\nContent-Type: application/json\r\n"
SIGN_IN = b"POST /sign-in HTTP/1.1\r\nHost: service\r\nContent-Type: application/x-www-form-urlencoded\r\n"
MULTIPART = SIGN_IN.replace(b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x")
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[ServiceProcess]:
    """A service that waits for longer than any test lasts, and takes few connections."""
    folder = tmp_path_factory.mktemp("patient")
    env = environment(
        folder / "run",
        redis_server.database(6),
        head_seconds=600,
        body_seconds=600,
        connections=300,
        connections_per_address=250,
    )
    with started(ServiceProcess(folder / "service.log", env)) as service:
        yield service


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[ServiceProcess]:
    """A service that waits for a second."""
    folder = tmp_path_factory.mktemp("hasty")
    env = environment(
        folder / "run", redis_server.database(6), head_seconds=1, body_seconds=1, answer_seconds=1
    )
    with started(ServiceProcess(folder / "service.log", env)) as service:
        yield service


def quick(service: ServiceProcess) -> float:
    """Seconds for an answer that needs the database."""
    began = time.monotonic()
    with httpx2.Client(base_url=service.url, headers=AUTHORIZED, timeout=10.0) as client:
        assert client.get("/api/v1/ingestion/jobs").status_code == 200
    return time.monotonic() - began


@pytest.mark.parametrize(
    "half",
    [b"", HEAD, SIGN_IN + b"Content-Length: 9000\r\n\r\nform", WEBHOOK + b"Content-Length: 90\r\n\r\n"],
)
def test_a_thousand_half_requests_shut_nobody_out(patient: ServiceProcess, half: bytes) -> None:
    """Not even from their own address: who waits for longest has to go."""
    with crowd(patient, 1_100, half) as clients:
        assert quick(patient) < 5.0
        assert sum(map(is_open, clients)) <= 250
    eventually(lambda: quick(patient))


def test_nor_do_those_of_several_addresses(patient: ServiceProcess) -> None:
    """There is a ceiling for all of them together, under which the most crowded one gives way."""
    with crowd(patient, 200, HEAD, "127.0.0.2") as some, crowd(patient, 200, HEAD, "127.0.0.3") as others:
        assert quick(patient) < 5.0
        assert sum(map(is_open, [*some, *others])) <= 300


def test_nor_do_those_that_ask_and_take_no_answer(patient: ServiceProcess) -> None:
    """Some hold all turns of their address by not reading, the others wait for a turn."""
    asked = b"GET /docs HTTP/1.1\r\nHost: service\r\n\r\n" * 300
    with (
        crowd(patient, 200, asked, source="127.0.0.2", room=2_048),
        crowd(patient, 200, asked, source="127.0.0.3", room=2_048),
    ):
        for _ in range(10):
            assert quick(patient) < 5.0


def test_the_bodies_of_strangers_take_no_memory(patient: ServiceProcess) -> None:
    """Four hundred, each of a megabyte, each refused before it is read."""
    quick(patient)
    before = resident(patient.pid)
    request = WEBHOOK + b"Content-Length: %d\r\n\r\n" % MEGABYTE + b"x" * (MEGABYTE // 2)
    with crowd(patient, 200, request), crowd(patient, 200, SIGN_IN + request[len(WEBHOOK) :]):
        quick(patient)
    quick(patient)
    assert peak(patient.pid) - before < 60 * MEGABYTE
    assert resident(patient.pid) - before < 30 * MEGABYTE


def test_a_stranger_is_told_so_before_the_body_is_read(patient: ServiceProcess) -> None:
    """401, and the connection ends."""
    with connected(patient, WEBHOOK + b"Content-Length: 900000\r\n\r\n{") as client:
        told = answer(client)
    assert told.startswith(b"HTTP/1.1 401 ")
    assert b"A bearer token is missing" in told
    assert b"connection: close" in told.lower()


def test_a_stranger_is_told_so_after_sending_all_of_it(patient: ServiceProcess) -> None:
    """A client that first sends and then reads gets its answer, no reset."""
    with httpx2.Client(base_url=patient.url, timeout=10.0) as client:
        told = client.post("/api/v1/alerts/webhook", content=b"x" * (MEGABYTE - 1))
    assert (told.status_code, told.headers["connection"]) == (401, "close")


@pytest.mark.parametrize("dribble", [b"", b"X-A: b\r\n"])
def test_a_head_that_does_not_end_is_408(hasty: ServiceProcess, dribble: bytes) -> None:
    """Whether something still comes or not."""
    with connected(hasty, HEAD) as client:
        client.settimeout(0.1)
        began, told = time.monotonic(), b""
        while not told and time.monotonic() - began < 10:
            if dribble:
                client.send(dribble)
            try:
                told = client.recv(4096)
            except TimeoutError:
                continue
    assert told.startswith(b"HTTP/1.1 408 ")
    assert b"The head of the request did not come within 1 s." in told


def test_a_silent_connection_is_closed(hasty: ServiceProcess) -> None:
    """After the same time."""
    with connected(hasty, b"") as client:
        assert answer(client) == b""


def test_a_body_that_does_not_end_is_408(hasty: ServiceProcess) -> None:
    """Also when its sender has the token."""
    head = WEBHOOK + f"Authorization: Bearer {TOKEN}\r\nContent-Length: 90\r\n\r\n{{".encode()
    with connected(hasty, head) as client:
        told = answer(client)
    assert told.startswith(b"HTTP/1.1 408 ")
    assert b"The body did not come within 1 s." in told


def test_an_endless_body_of_a_request_that_needs_none_ends(hasty: ServiceProcess) -> None:
    """It is answered, then closed, however much still comes."""
    with connected(hasty, HEAD + b"Transfer-Encoding: chunked\r\n\r\n") as client:
        client.settimeout(0.1)
        began, told = time.monotonic(), b""
        while time.monotonic() - began < 20:
            try:
                client.send(b"1\r\nx\r\n")
                told += client.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                break
    assert told.startswith(b"HTTP/1.1 200 ")
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("head", [SIGN_IN, WEBHOOK, MULTIPART])
def test_an_endless_body_of_a_stranger_ends(patient: ServiceProcess, head: bytes) -> None:
    """At the limit or before it; without a pause, or the test would only see the time run out."""
    text = b"--x\r\nA: b\r\n\r\n" * 1_024
    part = b"%x\r\n%b\r\n" % (len(text), text)
    with connected(patient, head + b"Transfer-Encoding: chunked\r\n\r\n") as client:
        sent = 0
        with suppress(OSError):
            while sent < 100 * MEGABYTE:
                sent += client.send(part)
        told = answer(client)
    assert sent < 20 * MEGABYTE
    assert told[9:12] in (b"401", b"413", b"415", b"")


def test_a_body_of_two_lengths_is_refused(hasty: ServiceProcess) -> None:
    """A proxy in front may go by the other one, and take the rest for another client's request."""
    with connected(
        hasty, SIGN_IN + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ) as client:
        told = answer(client)
    assert told.startswith(b"HTTP/1.1 400 ")
    assert b"expected one of them" in told


def test_half_requests_do_not_hold_up_the_end(tmp_path: Path, redis_server: RedisServer) -> None:
    """Neither those without a head nor those without a body."""
    env = environment(tmp_path / "run", redis_server.database(6), head_seconds=600, body_seconds=600)
    with started(ServiceProcess(tmp_path / "service.log", env)) as service:
        half = SIGN_IN + b"Content-Length: 9000\r\n\r\nform"
        with crowd(service, 20, HEAD), crowd(service, 20, half):
            quick(service)
            began = time.monotonic()
            service.stop(within=60)
    assert time.monotonic() - began < 10


def test_no_client_fills_the_log(hasty: ServiceProcess) -> None:
    """With what is wrong about its requests."""
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n"
    for odd in (b"nothing\r\n\r\n", HEAD + b"Content-Length: x\r\n\r\n", HEAD + upgrade):
        before = len(hasty.output())
        with connected(hasty, odd) as client:
            answer(client)
        assert hasty.output()[before:] == ""


def test_an_idle_connection_that_begins_another_request_has_to_end_it(hasty: ServiceProcess) -> None:
    """The time for a head runs again with its first byte."""
    with connected(hasty, HEAD + b"\r\n" + HEAD) as client:
        told = answer(client)
    assert [line for line in told.split(b"\r\n") if b"HTTP/1.1" in line][-1].endswith(b"408 Request Timeout")


def test_what_is_no_http_is_400(hasty: ServiceProcess) -> None:
    """In the shape of all errors."""
    for nothing in (b"\x16\x03\x01\x02\x00\x01", b"GET /\r\n\r\n\r\n", HEAD + b"Content-Length: x\r\n\r\n"):
        with connected(hasty, nothing + b"\r\n\r\n") as client:
            told = answer(client)
        assert told.startswith(b"HTTP/1.1 400 "), (nothing, told)
        assert b'{"detail": "This is no HTTP request that can be read."}' in told


def test_who_takes_no_answer_is_left(hasty: ServiceProcess) -> None:
    """Answers are asked for again and again and none is read."""
    request = b"GET /openapi.json HTTP/1.1\r\nHost: service\r\n\r\n"
    with connected(hasty, request, room=4096) as client:
        client.settimeout(0.2)
        ended, began = False, time.monotonic()
        while not ended and time.monotonic() - began < 30:
            try:
                client.sendall(request * 20)
            except TimeoutError:
                continue
            except OSError:
                ended = True
    assert ended
