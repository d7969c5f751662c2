"""What a page of any exporter has: type and label names of each family, under the name on the page."""

import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence

from tests.servers.ports import free_port
from tests.servers.waiting import eventually

SERIES = re.compile(r"^([a-zA-Z_:][\w:]*)(?:{(.*)})? ", re.MULTILINE)
LABEL = re.compile(r'(\w+)="(?:[^"\\]|\\.)*"')
OF_A_HISTOGRAM = re.compile("_(bucket|sum|count)$")
OF_THE_PROCESS = ("go_", "process_", "promhttp_")
Described = dict[str, dict[str, object]]


def scrape_peer(command: Sequence[str], **environment: str) -> str:
    """One scrape of a peer, which this command starts; `{address}` in it is where the peer is to listen."""
    address = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [word.format(address=address) for word in command],
        env={**os.environ, **environment},
        stderr=subprocess.DEVNULL,
    )
    try:
        return str(eventually(lambda: scrape(address), within=10))
    finally:
        process.terminate()
        process.wait()


def scrape(address: str) -> str | None:
    """The page, None before the peer listens."""
    try:
        with urllib.request.urlopen(f"http://{address}/metrics") as answer:
            return str(answer.read().decode())
    except urllib.error.URLError:
        return None


def described(*pages: str) -> Described:
    """The families of these pages by name, without those of the exporter's own process."""
    return {name: it for page in pages for name, it in _described(page).items()}


def _described(page: str) -> Described:
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
