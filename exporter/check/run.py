"""The whole check: every source in turn, within a time, and the report of it."""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from exporter.check import cost, modules, table
from exporter.check.attempt import Meter, TimeLimit, metering
from exporter.check.backend import check_backend
from exporter.check.broker import check_broker, check_results
from exporter.check.database import check_database
from exporter.check.finding import Section
from exporter.check.others import prometheus, service
from exporter.check.redis_servers import check_cache, check_ingestion
from exporter.settings import Settings
from exporter.sources import Sources

SECONDS = 20.0  # for everything
CHECKS: tuple[Callable[[Sources, Meter, TimeLimit], Awaitable[Section]], ...] = (
    check_backend,
    check_database,
    check_cache,
    check_broker,
    check_results,
    check_ingestion,
    prometheus,
    service,
)
COST = "COST A MINUTE  as measured now, with the periods of these settings"


@dataclass(frozen=True)
class Result:
    """The sections, the proposed modules, the seconds that it took, and how much of a source is ours."""

    sections: tuple[Section, ...]
    proposal: str
    seconds: float
    share: float

    @property
    def hidden(self) -> int:
        """How much is configured and cannot be seen."""
        return sum(section.hidden for section in self.sections)


def main(settings: Settings) -> int:
    """Check and print; 0 where all that is configured can be seen, else 1."""
    result = asyncio.run(check(settings))
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    sys.stdout.write(text(result, shutil.get_terminal_size((80, 24)).columns, coloured))
    return int(result.hidden > 0)


async def check(settings: Settings, seconds: float = SECONDS) -> Result:
    """Try everything that these settings name, one thing after another."""
    began, limit = time.monotonic(), TimeLimit(seconds)
    sources = Sources.build(settings)
    own = sources.service.client
    try:
        with metering(sources.backend.client, *([own] if own else [])) as meter:
            sections = [await each(sources, meter, limit) for each in CHECKS]
            found, proposal = await modules.check_modules(settings, sources.backend, limit)
    finally:
        await sources.close()
    return Result(
        (sections[0], found, *sections[1:]), proposal, time.monotonic() - began, settings.limits.own_share
    )


def text(result: Result, width: int, coloured: bool = False) -> str:
    """The report, what watching costs, and the modules."""
    parts = [table.report(result.sections, width, coloured)]
    if rows := cost.rows(result.sections, result.share):
        parts.append(f"{COST}\n{table.columns(rows, width)}\n")
    if result.proposal:
        parts.append(f"{modules.HEADING}\n\n{result.proposal}")
    parts.append(f"Checked in {result.seconds:.1f} s: {conclusion(result.hidden)}.\n")
    return "\n".join(parts)


def conclusion(hidden: int) -> str:
    """The last sentence."""
    if not hidden:
        return "all that is configured can be seen"
    return f"{hidden} configured {'thing' if hidden == 1 else 'things'} cannot be seen (NOT SEEN above)"
