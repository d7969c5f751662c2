"""The queries of a Grafana dashboard (JSON) or of a rule file (YAML), with the place of each."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import yaml

ALERT, RECORDING, PANEL, VARIABLE, ANNOTATION = "alert", "recording rule", "panel", "variable", "annotation"
# a variable's query: label_values(SERIES, label), query_result(EXPRESSION)
LABEL_VALUES = re.compile(r"\s*label_values\(\s*(.+)\s*,\s*[\w$]+\s*\)\s*", re.DOTALL)
QUERY_RESULT = re.compile(r"\s*query_result\(\s*(.+)\s*\)\s*", re.DOTALL)
# variables whose values stand in the dashboard itself
FIXED = ("constant", "custom", "interval", "textbox")
OURS = "prometheus"
# no dashboard and no rule file has so many; aliases of YAML count wherever they stand
MOST_BYTES, MOST_NODES, MOST_LEVELS = 10_000_000, 500_000, 100
TOO_DEEP = "its content is nested too deeply"


class UnreadableFile(Exception):
    """The file is neither a dashboard nor a rule file; the text is one sentence."""


@dataclass(frozen=True)
class Query:
    """A PromQL expression and where it stands."""

    kind: str
    place: str
    expression: str


@dataclass
class QueryFile:
    """The queries of a file, the values of its variables, and the names that its rules record."""

    queries: list[Query] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    recorded: set[str] = field(default_factory=set)


def read_queries(file: Path) -> QueryFile:
    """The queries of the file. Raises UnreadableFile."""
    content = load(file)
    board = content.get("dashboard", content)
    groups = mapping(content.get("spec", content)).get("groups")
    if isinstance(groups, list):
        return rules(groups)
    if isinstance(board, dict) and any(it in board for it in ("panels", "rows", "elements")):
        return dashboard(board)
    raise UnreadableFile(f"{file} has neither panels nor groups; expected a dashboard or a rule file")


def load(file: Path) -> dict[str, Any]:
    """The mapping in the file. Raises UnreadableFile."""
    try:
        if file.is_file() and file.stat().st_size > MOST_BYTES:
            raise UnreadableFile(f"{file} has {file.stat().st_size} bytes; expected at most {MOST_BYTES}")
        text = file.read_text(encoding="utf-8-sig")
        content = json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UnreadableFile(f"{file} cannot be read: {reason}") from None
    except RecursionError:
        raise UnreadableFile(f"{file} cannot be read: {TOO_DEEP}") from None
    check_size(file, content)
    if not isinstance(content, dict):
        raise UnreadableFile(f"{file} holds no mapping; expected a dashboard or a rule file")
    return content


def check_size(file: Path, content: Any) -> None:
    """Raises UnreadableFile where the content is too deep or, as aliases of YAML can make it, too much."""
    level, nodes = [content], 0
    for _ in range(MOST_LEVELS):
        children = (
            it.values() if isinstance(it, dict) else it for it in level if isinstance(it, dict | list)
        )
        level = list(islice(chain.from_iterable(children), MOST_NODES))
        nodes += len(level)
        if nodes >= MOST_NODES:
            raise UnreadableFile(f"{file} has over {MOST_NODES} values; expected a dashboard or a rule file")
    if level:
        raise UnreadableFile(f"{file} cannot be read: {TOO_DEEP}")


def rules(groups: list[Any]) -> QueryFile:
    """The rules of these groups."""
    found = QueryFile()
    for group in mappings(groups):
        for rule in mappings(group.get("rules")):
            kind, name = (ALERT, rule["alert"]) if "alert" in rule else (RECORDING, rule.get("record", "?"))
            found.queries.append(Query(kind, str(name), str(rule.get("expr", ""))))
            if kind == RECORDING:
                found.recorded.add(str(name))
    return found


def dashboard(board: Mapping[str, Any]) -> QueryFile:
    """The queries of its panels, variables and annotations."""
    found = QueryFile()
    for it in mappings(mapping(board.get("templating")).get("list")):
        if it.get("type") in FIXED:
            found.variables[str(it.get("name"))] = fixed_value(it)
        elif it.get("type") == "query" and is_ours(it.get("datasource")):
            found.queries += variable_queries(it)
    for it in mappings(mapping(board.get("annotations")).get("list")):
        if isinstance(it.get("expr"), str) and is_ours(it.get("datasource")):
            found.queries.append(Query(ANNOTATION, str(it.get("name", "?")), it["expr"]))
    for part in ("panels", "rows", "elements"):
        found.queries += panel_queries(board.get(part), "", None)
    return found


def panel_queries(node: Any, place: str, source: Any) -> Iterator[Query]:
    """The queries below this node, which stands in the panel of this title and has this data source."""
    if isinstance(node, list):
        for it in node:
            yield from panel_queries(it, place, source)
    elif isinstance(node, dict):
        title, source = node.get("title"), node.get("datasource") or source
        place = title if isinstance(title, str) and title else place
        if isinstance(node.get("expr"), str) and node["expr"].strip() and is_ours(source):
            yield Query(PANEL, place or "?", node["expr"])
        for it in node.values():
            yield from panel_queries(it, place, source)


def variable_queries(variable: Mapping[str, Any]) -> Iterator[Query]:
    """What a variable asks of Prometheus; a list of all values of a label asks for no metric."""
    query = variable.get("query")
    text = query.get("query", "") if isinstance(query, dict) else query
    for form in (LABEL_VALUES, QUERY_RESULT):
        if match := form.fullmatch(str(text or "")):
            yield Query(VARIABLE, str(variable.get("name")), match[1])


def fixed_value(variable: Mapping[str, Any]) -> str:
    """The value with which a variable begins that is asked of nobody."""
    current = variable.get("current")
    value = current.get("value") if isinstance(current, dict) else None
    value = value[0] if isinstance(value, list) and value else value
    return str(value or variable.get("query") or "")


def is_ours(source: Any) -> bool:
    """Whether a data source is a Prometheus; one that is not named is."""
    name = source.get("type", OURS) if isinstance(source, dict) else source
    text = str(name or OURS).lower()
    return OURS in text or not re.search(r"loki|tempo|pyroscope|influx|elastic|mysql|postgres|grafana", text)


def mapping(value: Any) -> dict[str, Any]:
    """The mapping, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings of a list."""
    return [it for it in value if isinstance(it, dict)] if isinstance(value, list) else []
