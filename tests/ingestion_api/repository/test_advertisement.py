"""The first line that a host says of its references tells what HEAD names."""

from io import BytesIO

import pytest

from ingestion_api.repository.advertisement import Head, HeadState, read_head

START = b"001e# service=git-upload-pack\n0000"
SHA1, SHA256 = b"1" * 40, b"2" * 64


def packet(line: bytes) -> bytes:
    """A line as git frames it."""
    return b"%04x" % (len(line) + 4) + line


@pytest.mark.parametrize(
    ("said", "head"),
    [
        (START + packet(SHA1 + b" HEAD\0symref=HEAD:refs/heads/main\n"), Head(HeadState.COMMIT)),
        (START + packet(SHA256 + b" HEAD\0object-format=sha256\n"), Head(HeadState.COMMIT, 64)),
        (START + packet(SHA1 + b" refs/heads/main\0agent=git\n"), Head(HeadState.MISSING)),
        (START + packet(b"0" * 40 + b" capabilities^{}\0agent=git\n") + b"0000", Head(HeadState.EMPTY)),
        (START + b"0000", Head(HeadState.EMPTY)),
        (packet(SHA1 + b" HEAD\0\n"), Head(HeadState.COMMIT)),
        (START + packet(b"version 2\n"), Head()),
        (START + packet(b"ERR not now\n"), Head()),
        (START + b"00ff" + SHA1 + b" HE", Head()),
        (START, Head()),
        (START + b"0001", Head()),
        (START + b"+020", Head()),
        (b"<html>", Head()),
        (b"", Head()),
    ],
)
def test_what_head_names(said: bytes, head: Head) -> None:
    assert read_head(BytesIO(said)) == head
