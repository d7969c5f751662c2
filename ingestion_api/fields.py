"""Field types that several request bodies share."""

from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Strict, StringConstraints

MAX_NOTE_LENGTH = 500
Note = Annotated[str, StringConstraints(max_length=MAX_NOTE_LENGTH, pattern=r"^[^\x00-\x1f\x7f]*$")]


def _require_text(value: object) -> object:
    # pydantic would read a bare number as seconds since 1970
    if not isinstance(value, str):
        raise ValueError(  # noqa: TRY004 - pydantic asks for this kind
            "is no text; expected a moment as RFC 3339 writes it"
        )
    return value


Rfc3339Datetime = Annotated[AwareDatetime, Strict(False), BeforeValidator(_require_text)]


def require_number(value: object) -> object:
    """Refuse what pydantic would read as a number: true, and "5"."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"is {repr(value)[:40]}; expected a number")  # noqa: TRY004 - pydantic asks for this kind
    return value


def to_one_line(text: str) -> str:
    """The text without line breaks and control characters, and no longer than a note may be."""
    line = " ".join(text.split())
    return "".join(each for each in line if each.isprintable())[:MAX_NOTE_LENGTH]
