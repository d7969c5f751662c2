"""Selects a public key by its fingerprint from a file of OpenPGP keys (RFC 4880, version 4 keys)."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

PUBLIC_KEY = 6
ARMOR = re.compile(
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----\s*?\n(?:[^\n]*:[^\n]*\n)*\s*?\n(.*?)\n(?:=\S{4}\s*?\n)?"
    rb"-----END PGP PUBLIC KEY BLOCK-----",
    re.DOTALL,
)


def select_key(fingerprint: str, file: bytes) -> bytes:
    """The packets of the key with this fingerprint, as a binary keyring.

    Raises ValueError with what the file has instead.
    """
    keys = list(split_keys(file.replace(b"\r\n", b"\n")))
    chosen = b"".join(packets for name, packets in keys if name == fingerprint)
    if not chosen:
        found = ", ".join(name for name, _ in keys)
        raise ValueError(f"the fingerprint {found}" if found else "no fingerprint, since it holds no key")
    return chosen


def split_keys(file: bytes) -> Iterator[tuple[str, bytes]]:
    """Fingerprint and packets of each key; an armored file may hold several blocks."""
    for block in map(dearmor, ARMOR.findall(file)) if b"-----BEGIN" in file else [file]:
        fingerprint, packets = "", b""
        for tag, body, raw in split_packets(block):
            if tag == PUBLIC_KEY:
                if fingerprint:
                    yield fingerprint, packets
                fingerprint, packets = key_fingerprint(body), b""
            packets += raw
        if fingerprint:
            yield fingerprint, packets


def dearmor(armored: bytes) -> bytes:
    """The bytes of an armored block; empty if the block is broken."""
    try:
        return base64.b64decode(armored)
    except binascii.Error:
        return b""


def key_fingerprint(body: bytes) -> str:
    """The fingerprint of a public key packet of version 4; empty for other versions."""
    if body[:1] != b"\x04":
        return ""
    # RFC 4880 defines the fingerprint by SHA-1; a second preimage of it is infeasible
    return hashlib.sha1(b"\x99" + len(body).to_bytes(2) + body).hexdigest().upper()  # noqa: S324


def split_packets(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Tag, body and bytes of each packet, up to the first one of unknown length."""
    at = 0
    while at < len(data):
        try:
            tag, begin, length = read_header(data, at)
        except (IndexError, ValueError):
            return
        end = begin + length
        if end > len(data):
            return
        yield tag, data[begin:end], data[at:end]
        at = end


def read_header(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, start and length of the body. Raises ValueError: no packet, or one of unknown length."""
    first = data[at]
    if first & 0xC0 == 0xC0:
        begin, length = read_new_length(data, at + 1)
        return first & 0x3F, begin, length
    size = 1 << (first & 3)
    if not first & 0x80 or size == 8:
        raise ValueError("no packet of a known length")
    begin = at + 1 + size
    return first >> 2 & 0xF, begin, int.from_bytes(data[at + 1 : begin])


def read_new_length(data: bytes, at: int) -> tuple[int, int]:
    """Start and length of the body of a packet in the new format. Raises ValueError."""
    first = data[at]
    if first < 192:
        return at + 1, first
    if first < 224:
        return at + 2, (first - 192 << 8) + data[at + 1] + 192
    if first == 255:
        return at + 5, int.from_bytes(data[at + 1 : at + 5])
    raise ValueError("a packet of unknown length")
