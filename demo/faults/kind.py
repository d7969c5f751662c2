"""What a fault is."""

from dataclasses import dataclass

from demo.faults.parameters import Nothing


@dataclass(frozen=True)
class Part:
    """Another fault that comes with one, and its parameters there."""

    name: str
    parameters: Nothing


@dataclass(frozen=True)
class Fault:
    """A fault that can be put in force."""

    name: str
    words: str
    lifting: str
    parameters: type[Nothing] = Nothing
    parts: tuple[Part, ...] = ()
