"""Tables that people take home as CSV."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from fastapi.responses import StreamingResponse


def csv_download(rows: Iterable[Sequence[object]], filename: str) -> StreamingResponse:
    """The rows as a file, sent line by line."""
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return StreamingResponse(csv_lines(rows), media_type="text/csv", headers=headers)


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Each row as a line of CSV."""
    for row in rows:
        out = io.StringIO()
        csv.writer(out).writerow([_harmless(cell) for cell in row])
        yield out.getvalue()


def _harmless(cell: object) -> object:
    """No spreadsheet takes a text of ours for a formula."""
    is_formula = isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{cell}" if is_formula else cell
