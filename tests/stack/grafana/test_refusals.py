"""What is wrong with a repository is named; "cannot be reached" is said of nothing that was reached."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from email.utils import formatdate
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from threading import Thread

import pytest

from stack.grafana.apt_failures import failure_sentence
from stack.grafana.package import ADVICE
from stack.grafana.repository import Repository, read_repository
from tests.servers.tls import certificate
from tests.stack.grafana.conftest import no_key_yet
from tests.stack.grafana.refusal import refusal
from tests.stack.grafana.repository import FileServer, SignedRepository

DAY = 86400
RELEASE = "the file dists/stable/InRelease of {uri} is malformed"
PACKAGES = "the file Packages of {uri} "
STRONG = "expected SHA256 or stronger"
# what is replaced by what, and what is told of it
WRONG_RELEASES = (
    ((r"(?s).*", "<html>sign in</html>"), RELEASE + "; expected fields like 'Date: ...'"),
    ((r"(?s)SHA256:.*", ""), RELEASE + " or names no index by a strong hash; " + STRONG),
    ((r"SHA256:\n \S+", f"MD5Sum:\n {'0' * 32}"), RELEASE + " or names no index by a strong hash; " + STRONG),
    ((r": stable", ": testing"), "{uri} says that it is the suite 'testing'; expected 'stable'"),
    ((r"(Suite|Codename): .*\n", ""), "{uri} says that it is the suite ''; expected 'stable'"),
)
WRONG_INDEXES = (
    ((r"(?s)(.{60}).*", r"\1"), PACKAGES + "is malformed or cut short; expected entries that begin with "),
    (
        (r"Size: .*", "Size: large"),
        PACKAGES + "names no size of grafana=12.4.*; expected 'Size: ' and a number",
    ),
    ((r"Filename: .*\n", ""), PACKAGES + "names no file of grafana=12.4.*; expected 'Filename: ' and a path"),
    ((r"SHA256: .*\n", ""), PACKAGES + "names grafana=12.4.* by no strong hash; " + STRONG),
    ((r"SHA256: .*", f"MD5sum: {'0' * 32}"), PACKAGES + "names grafana=12.4.* by no strong hash; " + STRONG),
    # the server finds the package there all the same
    (("pool/", "../pool/"), "the index of {uri} names the file '../pool/grafana_12.4.3_all.deb'; expected "),
    (("pool/", "pool/../../../etc/"), "the index of {uri} names the file 'pool/../../../etc/grafana_12.4.3_"),
    (
        (r"\.deb", ".rpm"),
        "the index of {uri} names the file 'pool/grafana_12.4.3_all.rpm'; expected the path",
    ),
)


def reason(wanted: Repository, cache: Path) -> str:
    """Why Grafana was refused or is missing, which it was not for being away."""
    sentence = refusal(wanted, cache)
    assert "cannot be reached" not in sentence
    return sentence.removesuffix(f"; {ADVICE}")


@pytest.mark.parametrize(("change", "expected"), WRONG_RELEASES)
def test_a_wrong_list_of_indexes_is_refused(
    repository: SignedRepository, wanted: Repository, cache: Path, change: tuple[str, str], expected: str
) -> None:
    repository.change_release(*change)
    assert reason(wanted, cache).startswith(f"Grafana was refused: {expected.format(uri=wanted.uri)}")


@pytest.mark.parametrize("name", ["Suite", "Codename"])
def test_a_suite_by_one_of_its_names_is_accepted(
    repository: SignedRepository, wanted: Repository, cache: Path, name: str
) -> None:
    repository.change_release(f"{name}: stable", f"{name}: other")
    repository.change_index("12.4.3", "12.5.3")
    repository.change_release(f"{name}: stable", f"{name}: other")
    assert reason(wanted, cache) == f"Grafana is missing: {wanted.uri} has no grafana=12.4.*"


def test_a_list_of_the_future_is_refused(
    repository: SignedRepository, wanted: Repository, cache: Path
) -> None:
    repository.change_release("Date: .*", f"Date: {formatdate(time.time() + 3 * DAY, usegmt=True)}")
    sentence = reason(wanted, cache)
    assert sentence.startswith(
        f"Grafana was refused: the index of {wanted.uri} is not valid yet (invalid for another 2d 23h "
    )
    assert f"; expected one in force at {time.strftime('%Y-%m-%d', time.gmtime())} " in sentence


@pytest.mark.parametrize(("change", "expected"), WRONG_INDEXES)
def test_a_wrong_index_is_refused(
    repository: SignedRepository, wanted: Repository, cache: Path, change: tuple[str, str], expected: str
) -> None:
    repository.change_index(*change)
    assert reason(wanted, cache).startswith(f"Grafana was refused: {expected.format(uri=wanted.uri)}")


def test_what_was_cut_on_its_way_is_refused_with_its_size(
    repository: SignedRepository, wanted: Repository, cache: Path
) -> None:
    [index] = repository.root.rglob("Packages")
    size = index.stat().st_size
    index.write_text(index.read_text()[:50])
    told = f"is not what its signed index names: it has 50 bytes; expected {size}"
    assert reason(wanted, cache).endswith(f"/Packages {told}")


def test_what_was_changed_is_refused_with_its_hash(
    repository: SignedRepository, wanted: Repository, cache: Path
) -> None:
    repository.package.write_bytes(bytes(repository.package.stat().st_size))
    told = r"/pool/grafana_12.4.3_all.deb is not what its signed index names: its hash is SHA256:"
    before, _, values = reason(wanted, cache).partition(told)
    got, _, wished = values.partition("...; expected SHA256:")
    [index] = repository.root.rglob("Packages")
    assert before == f"Grafana was refused: {wanted.uri}"
    assert f"SHA256: {wished.removesuffix('...')}" in index.read_text()
    assert got != wished.removesuffix("...")


def test_a_signature_of_a_weak_digest_is_refused(
    repository: SignedRepository, wanted: Repository, cache: Path
) -> None:
    repository.change_release("", "", "--digest-algo", "SHA1")
    told = f"the signature of {wanted.uri} is by a weak digest; expected SHA-256 or stronger"
    assert reason(wanted, cache) == f"Grafana was refused: {told}"


@pytest.mark.skipif(Path("/usr/bin/sqv").exists(), reason="apt 3 takes what a key signed before it expired")
def test_an_expired_key_is_refused(repository: SignedRepository, wanted: Repository, cache: Path) -> None:
    with no_key_yet() as old:
        old.make("--faked-system-time", "20200101T000000!", lasts="seconds=86400")
        repository.signer = old
        repository.change_release("", "", "--faked-system-time", "20200101T120000!")
        (repository.root / "key").write_bytes(old.public())
        expired = wanted.model_copy(update={"fingerprint": old.fingerprint()})
        told = f"is signed by the key {expired.fingerprint}, which has expired; expected a key in force"
        assert reason(expired, cache) == f"Grafana was refused: {wanted.uri} {told}"


@pytest.mark.parametrize(
    "content", ["<html>Please sign in to this network</html>", "", "-----BEGIN PGP SIGNED"]
)
def test_a_page_in_place_of_the_signed_list_is_refused(
    repository: SignedRepository, wanted: Repository, cache: Path, content: str
) -> None:
    repository.release.with_name("InRelease").write_text(content)
    assert reason(wanted, cache).startswith(
        f"Grafana was refused: {wanted.uri}/dists/stable/InRelease is not a whole signed file; expected "
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [("/key", 404), ("/key", 500), ("InRelease", 403), ("InRelease", 500), ("InRelease", 503),
     ("Packages", 404), ("Packages", 500), (".deb", 404), (".deb", 500)],
)  # fmt: skip
def test_an_error_is_told_with_its_status(
    wanted: Repository, server: FileServer, cache: Path, path: str, status: int
) -> None:
    server.errors[path] = status
    sentence = reason(wanted, cache)
    assert sentence.startswith(f"Grafana cannot be downloaded: {server.url}/")
    assert f"{path} returned {status} Not Now; expected 200" in sentence


def test_a_suite_that_is_not_there_is_missing(wanted: Repository, cache: Path) -> None:
    other = wanted.model_copy(update={"suite": "beta"})
    told = f"{wanted.uri} has no suite beta; expected a file dists/beta/InRelease"
    assert reason(other, cache) == f"Grafana is missing: {told}"


# what apt wrote where no test can bring it about: other versions of it, and machines in disorder
RECORDED = (
    (
        "W: OpenPGP signature verification failed: http://host stable InRelease: Sub-process "
        "/usr/bin/sqv returned an error code (1), error message is: Missing key 47484E50656D16C7, which is "
        "needed to verify signature.\n"
        "E: The repository 'http://host stable InRelease' is not signed.\n",
        "Grafana was refused: http://host is not signed by the key {key} (Sub-process /usr/bin/sqv returned",
    ),
    (
        "W: GPG error: http://host stable InRelease: Couldn't execute /usr/bin/apt-key to check InRelease\n"
        "E: The repository 'http://host stable InRelease' is not signed.\n",
        "Grafana cannot be downloaded: apt on this machine is incomplete (Couldn't execute /usr/bin/apt-key ",
    ),
    (
        "E: The method driver /usr/lib/apt/methods/http could not be found.\n"
        "E: Failed to fetch http://host/dists/stable/InRelease  \n"
        "E: Some index files failed to download. They have been ignored, or old ones used instead.\n",
        "Grafana cannot be downloaded: apt fails at http://host (The method driver /usr/lib/apt/methods",
    ),
    (
        "E: You don't have enough free space in /run/cache/.\n",
        "Grafana cannot be downloaded: this machine's disk is full; expected room",
    ),
    ("", "Grafana cannot be downloaded: apt fails at http://host and gives no reason"),
)


@pytest.mark.parametrize(("output", "expected"), RECORDED)
def test_what_apt_wrote_elsewhere_is_told_by_its_cause(
    wanted: Repository, output: str, expected: str
) -> None:
    sentence = failure_sentence(output, "http://host", wanted)
    assert sentence.startswith(expected.format(key=wanted.fingerprint))


def test_a_connection_that_ends_early_is_one_that_cannot_be_reached(
    repository: SignedRepository, wanted: Repository, cache: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=hang_up, args=(server,), daemon=True).start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        sentence = refusal(wanted.model_copy(update={"uri": address}), cache)
    assert sentence.startswith(f"Grafana cannot be downloaded: {address} cannot be reached (")


def hang_up(server: socket.socket) -> None:
    """End each connection without a response, until the server is closed."""
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)


@pytest.fixture
def self_signed(repository: SignedRepository, tmp_path: Path) -> Iterator[str]:
    """The address of the repository behind a certificate that nobody knows."""
    shown = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.file, shown.key)
    server = HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_an_unknown_certificate_is_refused(
    repository: SignedRepository, self_signed: str, tmp_path: Path, cache: Path
) -> None:
    wanted = read_repository(repository.described(tmp_path / "tls.yml", self_signed))
    assert reason(wanted, cache).startswith(
        f"Grafana was refused: the certificate of {self_signed}/key is not trusted (Certificate verif"
    )
