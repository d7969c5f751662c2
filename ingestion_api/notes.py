"""A short text that an operator leaves with a change, for whoever comes next."""

from typing import Annotated

from pydantic import StringConstraints

MAX_NOTE_LENGTH = 500
Note = Annotated[str, StringConstraints(max_length=MAX_NOTE_LENGTH, pattern=r"^[^\x00-\x1f\x7f]*$")]


def to_one_line(text: str) -> str:
    """The text without line breaks and control characters, and no longer than a note may be."""
    line = " ".join(text.split())
    return "".join(each for each in line if each.isprintable())[:MAX_NOTE_LENGTH]
