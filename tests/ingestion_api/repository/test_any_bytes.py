"""Whatever bytes come from outside, they are read or refused with a sentence."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_api.repository import CloneLimits, RepositoryError, check_url
from ingestion_api.repository.addresses import PinnedConnection
from ingestion_api.repository.limits import CloneMonitor
from ingestion_api.repository.lookup import Head, locate, read_head
from ingestion_api.repository.snapshot import read_tree
from tests.ingestion_api.git_server import serving
from tests.ingestion_api.repository.clones import trusting
from tests.ingestion_api.slow_git_server import SlowGitServer

ADVERTISED = b"Content-Type: application/x-git-upload-pack-advertisement\r\n"
PARTS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: ",
        b"http://",
        b"[::1",
        b"]",
        b"/info/refs?service=git-upload-pack",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: ",
        ADVERTISED,
        b"\r\n",
        b"001e# service=git-upload-pack\n0000",
        b"003e" + b"1" * 40,
        b" HEAD\0",
        b"-5",
    ]
)
ANSWERS = st.lists(PARTS | st.binary(max_size=8), max_size=10).map(b"".join)
LINES = st.lists(
    st.tuples(
        st.sampled_from([b"100644", b"100755", b"120000", b"160000", b"10644", b"x"]),
        st.sampled_from([b"blob", b"commit", b"tree"]),
        st.sampled_from([b"7", b"-", b"BAD", b"0", b""]),
        st.lists(st.sampled_from([b"a", b"..", b".", b"", b"\xff", b"\n", b".git", b"\t"]), min_size=1).map(
            b"/".join
        ),
    ),
    max_size=8,
)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlowGitServer]:
    """A host whose answer to a look-up can be set."""
    with serving(SlowGitServer(tmp_path_factory.mktemp("served"), "look-up", 0.0)) as server:
        yield server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for one list after the other."""
    return tmp_path_factory.mktemp("list")


@given(answer=ANSWERS)
def test_any_answer_to_a_look_up_is_read_or_refused(host: SlowGitServer, answer: bytes) -> None:
    host.answer = answer
    rules = trusting(host.origin)
    said = "read"
    try:
        locate(check_url(f"{host.origin}/tower", rules), rules, PinnedConnection())
    except RepositoryError as error:
        said = str(error)
    assert said.isprintable()


@given(said=ANSWERS)
def test_any_first_line_says_something_of_head(said: bytes) -> None:
    assert isinstance(read_head(BytesIO(said)), Head)


@given(lines=LINES, end=st.sampled_from([b"\0", b""]))
def test_any_list_of_files_is_read_or_refused(
    folder: Path, lines: list[tuple[bytes, bytes, bytes, bytes]], end: bytes
) -> None:
    """Each path that comes of it can be stored, stays inside, and is there once."""
    whole = [b"%s %s %s %7s\t%s" % (mode, kind, b"1" * 40, size, path) for mode, kind, size, path in lines]
    (folder / "tree").write_bytes(b"\0".join(whole) + end)
    monitor = CloneMonitor(folder, CloneLimits(depth=3), float("inf"), lambda: None)
    try:
        files, left_out = read_tree(folder / "tree", monitor)
    except RepositoryError:
        return
    paths = [file.path for file in files]
    assert paths == sorted(set(paths))
    assert len(paths) + left_out.total() == len([line for line in whole if line])
    for path in paths:
        path.encode()
        assert {"", ".", ".."}.isdisjoint(path.split("/"))
        assert path.count("/") <= 3
