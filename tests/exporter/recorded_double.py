"""A Prometheus that answers from functions, for what a real one cannot be made to do: be late, or wild."""

import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from exporter.sources.prometheus.series import Labels
from tests.exporter.answering import Handler, answering

MATCHER = re.compile(r'([\w.]+)"?="((?:[^"\\]|\\.)*)"')


@dataclass
class RecordedDouble:
    """The series by their labels, and what was told of each."""

    url: str = ""
    series: dict[Labels, Callable[[float], float | str]] = field(default_factory=dict)
    told: dict[Labels, list[float]] = field(default_factory=lambda: defaultdict(list))
    silent_from: int | None = None  # the number of the next range query that gets no answer
    # the status of the response to a path, and what is made of its series
    status: Callable[[str], int] = lambda _: 200
    changed: Callable[[list[Any]], list[Any]] = lambda result: result
    released: threading.Event = field(default_factory=threading.Event)

    def answer(self, path: str) -> bytes | None:
        """What is said to this path; None for nothing."""
        query = {key: values[0] for key, values in parse_qs(urlsplit(path).query).items()}
        if "start" not in query:
            at = float(query["time"])
            rows = [
                (labels, {"value": [at, str(value(at))]}) for labels, value in self.matching(query["query"])
            ]
            return self.answered(rows, query["query"].startswith("group by (signal)"))
        if self.silent_from is not None:
            self.silent_from -= 1
            if self.silent_from < 0:
                return None
        begin, end, step = (float(query[key]) for key in ("start", "end", "step"))
        times = [begin + step * number for number in range(round((end - begin) / step) + 1)]
        found = self.matching(query["query"])
        for labels, _ in found:
            self.told[labels] += times
        rows = [(labels, {"values": [[at, str(value(at))] for at in times]}) for labels, value in found]
        return self.answered(rows)

    def matching(self, query: str) -> list[tuple[Labels, Callable[[float], float | str]]]:
        """The series that the selectors of this query name."""
        wanted = [dict(MATCHER.findall(part)) for part in query.split(" or ")]
        return [
            (labels, value)
            for labels, value in self.series.items()
            if any(all(dict(labels).get(key, "") == text for key, text in it.items()) for it in wanted)
        ]

    def answered(self, rows: list[tuple[Labels, dict[str, Any]]], by_signal: bool = False) -> bytes:
        """The JSON of these rows."""
        metrics = [({"__name__": "ops:watched", **dict(labels)}, said) for labels, said in rows]
        if by_signal:
            metrics = [({"signal": name}, rows[0][1]) for name in {metric["signal"] for metric, _ in metrics}]
        result = self.changed([{"metric": metric, **said} for metric, said in metrics])
        return json.dumps({"status": "success", "data": {"result": result}}).encode()


@contextmanager
def recorded_double() -> Iterator[RecordedDouble]:
    """A running server on a free port; it ends with the block."""
    double = RecordedDouble()

    class Answering(Handler, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            payload = double.answer(self.path)
            if payload is None:
                double.released.wait(30)
                payload = b"{}"
            self.send_response(double.status(self.path))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

    with answering(Answering, double.released) as double.url:
        yield double
