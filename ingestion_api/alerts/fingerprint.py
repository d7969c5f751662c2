"""The fingerprint that Alertmanager gives to an alert: FNV-1a of its sorted labels, 64 bits."""

from collections.abc import Mapping

OFFSET, PRIME, MASK = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF
SEPARATOR = b"\xff"


def fingerprint(labels: Mapping[str, str]) -> str:
    """The fingerprint of these labels, as 16 hexadecimal digits."""
    value = OFFSET
    for name, text in sorted(labels.items()):
        for byte in name.encode() + SEPARATOR + text.encode() + SEPARATOR:
            value = ((value ^ byte) * PRIME) & MASK
    return f"{value:016x}"
