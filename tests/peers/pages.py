"""What a page of any exporter has: type and label names of each family, under the name on the page."""

import json
import re

SERIES = re.compile(r"^([a-zA-Z_:][\w:]*)(?:{(.*)})? ", re.MULTILINE)
LABEL = re.compile(r'(\w+)="(?:[^"\\]|\\.)*"')
OF_A_HISTOGRAM = re.compile("_(bucket|sum|count)$")
OF_THE_PROCESS = ("go_", "process_", "promhttp_")
Described = dict[str, dict[str, object]]


def described(page: str) -> Described:
    """The families by name, without those of the exporter's own process."""
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))
    labels: dict[str, set[str]] = {}
    for name, text in SERIES.findall(page):
        family = name if name in types else OF_A_HISTOGRAM.sub("", name)
        labels.setdefault(family, set()).update(LABEL.findall(text))
    return {
        name: {"type": types[name], "labels": sorted(found - {"le", "quantile"})}
        for name, found in labels.items()
        if not name.startswith(OF_THE_PROCESS)
    }


def one_a_line(found: Described) -> str:
    """The families as JSON, sorted, one in each line."""
    lines = (f"{json.dumps(name)}: {json.dumps(found[name])}" for name in sorted(found))
    return "{\n" + ",\n".join(lines) + "\n}\n"
