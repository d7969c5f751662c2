"""The report on a file: one line for each query, its reasons, and the sums."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from exporter.compatible.verdicts import ANSWERS, MISSING, SWITCH, Verdict

WIDTH = 96


def lines(verdicts: Sequence[Verdict], found: Mapping[str, bool]) -> Iterator[str]:
    """The report; `found` says of each selector whether Prometheus has a series of it, if it was asked."""
    for it in verdicts:
        # a terminal would obey control characters
        text = "".join(c if c.isprintable() else "?" for c in " ".join(it.query.expression.split()))
        short = text if len(text) <= WIDTH else f"{text[:WIDTH]}..."
        yield f"{it.status:<9}  {it.query.kind} {it.query.place!r}: {short}"
        yield from (f"           - {reason}" for reason in (*it.reasons, *silent(it, found)))
    yield from sums(verdicts, found)


def silent(verdict: Verdict, found: Mapping[str, bool]) -> Iterator[str]:
    """Selectors of which Prometheus has no series now."""
    for it in verdict.selectors:
        if found.get(it.text()) is False:
            yield f"Prometheus has no series {it.text()} now"


def sums(verdicts: Sequence[Verdict], found: Mapping[str, bool]) -> Iterator[str]:
    """How many queries answer."""
    counts = Counter(it.status for it in verdicts)
    yield f"{counts[ANSWERS]} of {len(verdicts)} queries find their metrics and labels as they are"
    if counts[SWITCH]:
        wanted = {reason for it in verdicts if it.status == SWITCH for reason in it.reasons}
        yield f"{counts[SWITCH]} do once this is switched on: {'; '.join(sorted(wanted))}"
    if counts[MISSING]:
        yield f"{counts[MISSING]} do not"
    if found:
        answering = sum(not [*silent(it, found)] for it in verdicts if it.selectors or it.status == ANSWERS)
        yield f"{answering} of {len(verdicts)} have all their series in this Prometheus now"
