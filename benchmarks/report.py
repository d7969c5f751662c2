"""The measured tables, written between their marks in benchmarks/README.md."""

import os
import platform
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from docs.markdown import table

README = Path(__file__).parent / "README.md"
Row = tuple[str, ...]


def write(name: str, command: str, tables: Iterable[tuple[str, Row, list[Row]]]) -> str:
    """Put the tables in place of those of the same name, and return them as text."""
    parts = [f"Measured by `{command}` on {today()}, {machine()}.\n"]
    parts += [f"\n{title}\n\n{table(head, rows)}" for title, head, rows in tables]
    text = "".join(parts)
    begin, end = f"<!-- {name}: written by {command} -->\n", f"<!-- end of {name} -->"
    whole = README.read_text()
    README.write_text(
        re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: begin + text + end, whole, flags=re.DOTALL)
    )
    return text


def today() -> str:
    """The date in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d")


def machine() -> str:
    """Processor, cores, system, Python, and how busy the machine was with other things."""
    with Path("/proc/cpuinfo").open() as lines:
        model = next(
            (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
        )
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    place = f"{os.cpu_count()} cores ({model}), {system}, Python {platform.python_version()}"
    return f"{place}; load of the machine {os.getloadavg()[1]:.1f}, niceness {os.nice(0)}"
