"""requirements.txt holds what pyproject.toml asks for, and no addresses."""

import re
import tomllib
from importlib.metadata import version
from itertools import chain

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from stack.settings import ROOT

LOCK = (ROOT / "requirements.txt").read_text()
PINS = {
    canonicalize_name(name): pin for name, pin in re.findall(r"^([\w.-]+)==([^\s;]+)", LOCK, re.MULTILINE)
}


def requirements() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = project["dependencies"] + [*chain(*(extras[name] for name in ("stack", "dev")))]
    found = map(Requirement, lines)
    return [it for it in found if canonicalize_name(it.name) != project["name"]]


def test_every_requirement_is_pinned_to_a_version_it_accepts() -> None:
    wrong = [
        str(it) for it in requirements() if PINS.get(canonicalize_name(it.name), "none") not in it.specifier
    ]
    assert wrong == [], "run `make lock`"


def test_every_pin_has_hashes_and_none_an_address() -> None:
    entries = re.split(r"\n(?=[\w.-]+==)", LOCK)[1:]
    assert len(entries) == len(re.findall("==", re.sub(r";[^\n]*", "", LOCK)))
    assert [it for it in entries if "--hash=sha256:" not in it] == []
    assert not re.search(r"://|--(extra-)?index-url|--find-links|file:| @ ", LOCK)


def test_the_environment_is_the_locked_one() -> None:
    here = {name: version(name) for name in ("fastapi", "celery", "sqlalchemy", "redis", "pytest", "ruff")}
    assert here == {name: PINS[canonicalize_name(name)] for name in here}


def test_the_header_names_the_command() -> None:
    assert "make lock" in LOCK.splitlines()[1]
