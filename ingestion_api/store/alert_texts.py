"""Find or add the row of labels and words that an incident shares with others of its alert."""

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, insert, select

from ingestion_api.batching import batches
from ingestion_api.store.tables.alert_texts import LABEL_LENGTH, AlertLabel, AlertText
from ingestion_api.store.tables.alerts import severity_rank

MAX_TEXT = 2000  # characters that are searched
MASK = "#"
AT_ONCE = 400  # fewer parameters than any SQLite takes
_NUMBER = re.compile(r"\d[\d.,]*")
_DIGIT = re.compile(r"\d")
_EDGES = ".,;:!?()[]{}<>\"'“”"
_SEARCHED = ("summary", "description")
LabelPairs = Mapping[str, Any]


def text_ids(connection: Connection, alerts: Iterable[tuple[LabelPairs, LabelPairs]]) -> list[int]:
    """The id of each alert's row, given its labels and annotations; rows that are new are added.

    Call it in a transaction that has the lock of the alerts."""
    rows = [_row(labels, annotations) for labels, annotations in alerts]
    wanted = {row["digest"]: (row, labels) for row, labels in rows}
    known = _known(connection, wanted)
    new = [pair for digest, pair in wanted.items() if digest not in known]
    for some in batches(new, AT_ONCE):
        known |= _add(connection, some)
    return [known[row["digest"]] for row, _ in rows]


def with_text_ids(connection: Connection, alerts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of incidents, each with the id of what it shares; see `text_ids`."""
    found = text_ids(connection, [(row["labels"], row["annotations"]) for row in alerts])
    return [row | {"text_id": text_id} for row, text_id in zip(alerts, found, strict=True)]


def _row(labels: LabelPairs, annotations: LabelPairs) -> tuple[dict[str, Any], LabelPairs]:
    said = masked(labels, " ".join(str(annotations.get(name, "")) for name in _SEARCHED))
    pairs = sorted((str(name), str(value)) for name, value in labels.items())
    digest = blake2b(f"{pairs}{said}".encode(), digest_size=16).hexdigest()
    named = {name: str(labels.get(name, ""))[:LABEL_LENGTH] for name in ("module", "signal")}
    text = " ".join([_name(labels), *(f"{name}={value}" for name, value in pairs), said])
    row = {"digest": digest, "name": _name(labels), **named, "text": text.lower()[:MAX_TEXT]}
    return row | {"severity_rank": severity_rank(str(labels.get("severity", "none")))}, labels


def _name(labels: LabelPairs) -> str:
    return str(labels.get("alertname", "unnamed"))[:LABEL_LENGTH]


def masked(labels: LabelPairs, said: str) -> str:
    """The text without the numbers that no label carries: they differ each time."""
    # whoever writes alerts has no say in how long this takes: no more is compared than is searched
    carried = [str(value)[:LABEL_LENGTH] for value in labels.values()]
    words = said[:MAX_TEXT].split()
    return " ".join(_masked_word(word, carried) if _DIGIT.search(word) else word for word in words)


def _masked_word(word: str, carried: Sequence[str]) -> str:
    core = word.strip(_EDGES)
    # "5" is no part of "host-5", while "host-5" is one of "host-5:9200"
    is_name = any(each.isalpha() for each in core)
    for value in carried:
        if core == value or (is_name and (core in value or (len(value) > 1 and value in core))):
            return word
    return mask_numbers(word)


def mask_numbers(word: str) -> str:
    """The word with a mark in place of each number."""
    return _NUMBER.sub(MASK, word)


def _known(connection: Connection, digests: Iterable[str]) -> dict[str, int]:
    known: dict[str, int] = {}
    for some in batches(digests, AT_ONCE):
        query = select(AlertText.digest, AlertText.id).where(AlertText.digest.in_(some))
        known |= {row.digest: row.id for row in connection.execute(query)}
    return known


def _add(connection: Connection, pairs: Sequence[tuple[dict[str, Any], LabelPairs]]) -> dict[str, int]:
    # inserted and looked up: many rows that return their ids take longer
    connection.execute(insert(AlertText), [row for row, _ in pairs])
    ids = _known(connection, [row["digest"] for row, _ in pairs])
    labels = [
        {"name": name, "value": value, "text_id": ids[row["digest"]]}
        for row, its in pairs
        for name, value in _cut(its)
    ]
    if labels:
        connection.execute(insert(AlertLabel), labels)
    return ids


def _cut(labels: LabelPairs) -> set[tuple[str, str]]:
    return {(str(name)[:LABEL_LENGTH], str(value)[:LABEL_LENGTH]) for name, value in labels.items()}
