"""A mapping whose names are checked as its values are, and whose JSON schema says so."""

from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue


class CheckedKeys:
    """Put beside `dict[Text, Value]` in `Annotated`: the pattern of Text forbids all other names.

    Pydantic refuses a name that does not match, yet its schema has only `patternProperties`, which says
    nothing about the names that match no pattern.
    """

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core_schema)
        [(pattern, value)] = schema.pop("patternProperties").items()
        names = {**schema.get("propertyNames", {}), "pattern": pattern}
        return {**schema, "propertyNames": names, "additionalProperties": value}
