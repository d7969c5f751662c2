"""The types of which settings are made."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0, le=3600)]
Port = Annotated[int, Field(ge=0, le=65535)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s@]+$")]


class Section(BaseModel):
    """A part of the settings; a field that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
