"""Find or add the row of labels and words that an incident shares with others of its alert."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from typing import Any

from sqlalchemy import Connection

from ingestion_api.batching import batches
from ingestion_api.store.bulk import find_rows, insert_rows, new_ids
from ingestion_api.store.tables.alert_texts import LABEL_LENGTH, AlertLabel, AlertText
from ingestion_api.store.tables.alerts import severity_rank

MAX_TEXT = 2000  # characters that are searched
MASK = "#"
LABELS_AT_ONCE = 5_000
_NUMBER = re.compile(r"\d[\d.,]*")
# tried at the beginnings of words alone, so that a long text without any takes no longer
_WORD_WITH_DIGIT = re.compile(r"(?<!\S)[^\s\d]*\d\S*")
_EDGES = ".,;:!?()[]{}<>\"'“”"
_SEARCHED = ("summary", "description")
LabelPairs = Mapping[str, Any]


def text_ids(connection: Connection, alerts: Iterable[tuple[LabelPairs, LabelPairs]]) -> list[int]:
    """The id of each alert's row, given its labels and annotations; rows that are new are added.

    Call it in a transaction that has the lock of the alerts."""
    shared = [_Shared.of(labels, annotations) for labels, annotations in alerts]
    wanted = {it.digest: it for it in shared}
    known = _known(connection, wanted)
    known |= _add(connection, [it for digest, it in wanted.items() if digest not in known])
    return [known[it.digest] for it in shared]


def with_text_ids(connection: Connection, alerts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of incidents, each with the id of what it shares; see `text_ids`."""
    found = text_ids(connection, [(row["labels"], row["annotations"]) for row in alerts])
    return [row | {"text_id": text_id} for row, text_id in zip(alerts, found, strict=True)]


@dataclass(frozen=True)
class _Shared:
    """What incidents share: labels, and words without numbers; and the digest of both."""

    labels: LabelPairs
    pairs: Sequence[tuple[str, str]]
    said: str
    digest: str

    @classmethod
    def of(cls, labels: LabelPairs, annotations: LabelPairs) -> "_Shared":
        said = masked(labels, " ".join(str(annotations.get(name, "")) for name in _SEARCHED))
        pairs = sorted((str(name), str(value)) for name, value in labels.items())
        digest = blake2b(f"{pairs}{said}".encode(), digest_size=16).hexdigest()
        return cls(labels, pairs, said, digest)

    def row(self, text_id: int) -> dict[str, Any]:
        name = _name(self.labels)
        text = " ".join([name, *(f"{label}={value}" for label, value in self.pairs), self.said])
        return {
            "id": text_id,
            "digest": self.digest,
            "name": name,
            "severity_rank": severity_rank(str(self.labels.get("severity", "none"))),
            "module": str(self.labels.get("module", ""))[:LABEL_LENGTH],
            "signal": str(self.labels.get("signal", ""))[:LABEL_LENGTH],
            "text": text.lower()[:MAX_TEXT],
        }

    def label_rows(self, text_id: int) -> Iterator[dict[str, Any]]:
        for name, value in {(name[:LABEL_LENGTH], value[:LABEL_LENGTH]) for name, value in self.pairs}:
            yield {"name": name, "value": value, "text_id": text_id}


def _name(labels: LabelPairs) -> str:
    return str(labels.get("alertname", "unnamed"))[:LABEL_LENGTH]


def masked(labels: LabelPairs, said: str) -> str:
    """The text without the numbers that no label carries: they differ each time."""
    # whoever writes alerts has no say in how long this takes: no more is compared than is searched
    words = " ".join(said[:MAX_TEXT].split())
    carried = [str(value)[:LABEL_LENGTH] for value in labels.values()]
    return _WORD_WITH_DIGIT.sub(lambda found: _masked_word(found[0], carried), words)


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
    found = find_rows(connection, (AlertText.digest, AlertText.id), [{"digest": each} for each in digests])
    return {row.digest: row.id for row in found}


def _add(connection: Connection, shared: Sequence[_Shared]) -> dict[str, int]:
    if not shared:
        return {}
    numbered = [*zip(new_ids(connection, AlertText, len(shared)), shared, strict=True)]
    insert_rows(connection, AlertText, [it.row(text_id) for text_id, it in numbered])
    labels = chain.from_iterable(it.label_rows(text_id) for text_id, it in numbered)
    for some in batches(labels, LABELS_AT_ONCE):
        insert_rows(connection, AlertLabel, some)
    return {it.digest: text_id for text_id, it in numbered}
