"""Tables and lists that people take home as a file."""

import asyncio
import csv
import io
import time
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

Rows = Iterable[Sequence[object]]
# what a spreadsheet takes for a formula; in some languages the wide forms as well
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - they are meant


def csv_piece_download(pieces: Iterable[Rows], filename: str) -> StreamingResponse:
    """The rows as a file, sent in pieces: many lines one by one would take longer to send than to read."""
    return download(("".join(csv_lines(piece)) for piece in pieces), "text/csv", filename)


def json_download(name: str, pieces: Iterable[Iterable[str]], filename: str) -> StreamingResponse:
    """An object with one list, whose items are already JSON, sent in pieces."""
    return download(_json_list(name, pieces), "application/json", filename)


def download(parts: Iterable[str], media_type: str, filename: str) -> StreamingResponse:
    """The parts as a file."""
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return StreamingResponse(paced(iter(parts)), media_type=media_type, headers=headers)


async def paced(parts: Iterator[str]) -> AsyncGenerator[str, None]:
    """Each part, and after it a pause as long as it took: a long download leaves half of the time to others.

    In the pause the server also learns that the client has gone, before the next part is read for nobody.
    """
    while True:
        began = time.perf_counter()
        part = await run_in_threadpool(next, parts, None)
        if part is None:
            return
        took = time.perf_counter() - began
        yield part
        await asyncio.sleep(took)


def _json_list(name: str, pieces: Iterable[Iterable[str]]) -> Iterator[str]:
    before = f'{{"{name}": [\n'
    for piece in pieces:
        if text := ",\n".join(piece):
            yield before + text
            before = ",\n"
    yield "\n]}\n" if before == ",\n" else f"{before}]}}\n"


def csv_lines(rows: Rows) -> Iterator[str]:
    """Each row as a line of CSV."""
    for row in rows:
        out = io.StringIO()
        csv.writer(out).writerow([_harmless(cell) for cell in row])
        yield out.getvalue()


def _harmless(cell: object) -> object:
    """No spreadsheet takes a text of ours for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
