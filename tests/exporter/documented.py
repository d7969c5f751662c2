"""Lines of the documentation that tests follow to the letter."""

import re
from pathlib import Path

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def acl_rules() -> list[str]:
    """The rules of the Redis user that docs/operations.md describes, without its password."""
    found = re.search(
        r"^ACL SETUSER reader on >\.\.\. (.*?)^```", OPERATIONS.read_text(), re.MULTILINE | re.DOTALL
    )
    assert found is not None
    return found[1].replace("\\\n", " ").split()


def grants() -> list[str]:
    """The statements of the PostgreSQL role that docs/operations.md describes, after its CREATE ROLE."""
    found = re.search(r"^CREATE ROLE reader.*?\n(.*?)^```", OPERATIONS.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    return [it.strip() for it in re.sub(r"--.*", "", found[1]).split(";") if it.strip()]
