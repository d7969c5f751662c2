"""Configuration files: YAML that refuses a duplicate key, and models that refuse an unknown one."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict


class ConfigModel(BaseModel):
    """A part of a file; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ConfigFileError(Exception):
    """The file is missing or no valid YAML; the text is one sentence."""


class UniqueKeyLoader(yaml.SafeLoader):
    """The safe loader of YAML, but a duplicate key is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """The mapping. Raises a YAML error that names the duplicate key."""
        seen: set[Any] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # a list or a mapping, which the safe loader refuses as a key
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, f"has {key.value!r} twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(file: Path) -> Any:
    """The content of a YAML file. Raises ConfigFileError with one sentence."""
    try:
        return yaml.load(file.read_text(), UniqueKeyLoader)  # noqa: S506  (it derives from the safe loader)
    except OSError as error:
        raise ConfigFileError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigFileError(f"{file.name} is no UTF-8") from None
    except yaml.constructor.ConstructorError as error:
        raise ConfigFileError(f"{file.name} {error.problem} (line {line_number(error)})") from None
    except yaml.YAMLError as error:
        raise ConfigFileError(f"{file.name} is no YAML at line {line_number(error)}") from None


def line_number(error: Exception) -> int:
    """The line of the error, counted from 1."""
    mark = getattr(error, "problem_mark", None)
    return getattr(mark, "line", 0) + 1


def error_sentence(file: str, error: Any, shows_value: bool = True) -> str:
    """One sentence with the key and what was expected; without the value where it may be a secret."""
    place = ".".join(str(step) for step in error["loc"])
    if error["type"] == "value_error":
        return f"{file}: {place} {error['ctx']['error']}".replace(":  ", ": ")
    if error["type"] == "missing":
        return f"{file}: {place} is missing"
    if error["type"] == "extra_forbidden":
        return f"{file}: {place} is not a key that is known here"
    expected = str(error["msg"]).replace("Input should be", "expected")
    expected = expected.replace("String should", "expected to").replace("Tuple should", "expected to")
    value = repr(error["input"]) if shows_value else "wrong"
    return f"{file}: {place or 'the file'} is {value}; {expected}"
