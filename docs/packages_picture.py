"""The picture of the packages in architecture.md: who imports whom, read from the code itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "exporter", "ingestion_api", "connections", "prometheus", "alertmanager", "grafana", "demo", "stack",
    "docs",
)  # fmt: skip
# what flows between running parts, which no import shows
FLOWS = (
    ("watched", "exporter", "probes and polls"),
    ("exporter", "prometheus_server", "scrape"),
    ("prometheus_server", "alertmanager_server", "alerts"),
    ("alertmanager_server", "ingestion_api", "webhook"),
    ("prometheus_server", "grafana_server", "queries"),
    ("ingestion_api", "prometheus_server", "levels in force"),
)
SERVERS = {
    "watched": "watched backend, its database, Redis and workers",
    "prometheus_server": "Prometheus",
    "alertmanager_server": "Alertmanager",
    "grafana_server": "Grafana",
}
PAGE = Path(__file__).parent / "architecture.md"
BEGIN, END = "<!-- packages: written by `make docs` -->", "<!-- end of packages -->"


def architecture_page() -> str:
    """architecture.md with the picture of today's packages between its marks."""
    picture = f"{BEGIN}\n```mermaid\n{diagram()}```\n{END}"
    return re.sub(
        f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: picture, PAGE.read_text(), flags=re.DOTALL
    )


def diagram() -> str:
    """A Mermaid flowchart: solid arrows are data at run time, dotted ones imports."""
    lines = ["flowchart LR"]
    lines += [f'  {name}(["{text}"])' for name, text in SERVERS.items()]
    lines += [f"  {name}[{name}/]" for name in PACKAGES]
    lines += [f'  {source} -- "{text}" --> {target}' for source, target, text in FLOWS]
    lines += [f"  {importer} -.-> {imported}" for importer, imported in sorted(set(imports()))]
    return "\n".join(lines) + "\n"


def imports() -> Iterator[tuple[str, str]]:
    """Each pair of a package and another that it imports."""
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            for module in imported_modules(file):
                other = module.partition(".")[0]
                if other in PACKAGES and other != package:
                    yield package, other


def imported_modules(file: Path) -> Iterator[str]:
    """The modules that a file imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (it.name for it in node.names)
