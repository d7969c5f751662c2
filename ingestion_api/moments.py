"""A moment as clients write it."""

from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Strict


def _require_text(value: object) -> object:
    # a bare number would pass for seconds since 1970
    if not isinstance(value, str):
        raise ValueError(  # noqa: TRY004 - pydantic asks for this kind
            "is no text; expected a moment as RFC 3339 writes it"
        )
    return value


Rfc3339Datetime = Annotated[AwareDatetime, Strict(False), BeforeValidator(_require_text)]
