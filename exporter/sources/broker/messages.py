"""kombu's messages as they lie in Redis: an envelope in JSON around a body, most often in base64."""

import json
from binascii import a2b_base64
from dataclasses import dataclass
from typing import Any

from exporter.sources.json_object import JsonObject, unix_seconds

BODY_PREFIX = b'{"body": "'
BASE64_FIELD = b'"body_encoding": "base64"'
decode = json.JSONDecoder().raw_decode


def parse_body(message: bytes) -> Any:
    """The JSON in the body. Raises ValueError or another of Python's errors for anything else."""
    if message.startswith(BODY_PREFIX):
        end = message.index(b'"', len(BODY_PREFIX))
        if message.find(BASE64_FIELD, end) > 0:
            # the envelope around the body is not parsed at all: this is done for every event
            return decode(a2b_base64(message[len(BODY_PREFIX) : end]).decode())[0]
    envelope = json.loads(message)
    body = envelope["body"]
    if not isinstance(body, str):
        return body
    packed = envelope["properties"].get("body_encoding") == "base64"
    return json.loads(a2b_base64(body) if packed else body)


@dataclass(frozen=True)
class QueuedMessage:
    """A task message that lies in a queue."""

    tag: str  # tells this message from the next
    task_id: str | None
    task: str | None
    published: float | None  # Unix seconds, where the publisher wrote them down

    @classmethod
    def parse(cls, message: str, headers: tuple[str, ...]) -> "QueuedMessage":
        """The message without its body, which may be large; `headers` are those that may hold the time."""
        rest = JsonObject(parse_envelope(message), "a message in a queue")
        head, properties = rest.object("headers"), rest.object("properties")
        times = [unix_seconds(properties.at("timestamp")), *(unix_seconds(head.at(name)) for name in headers)]
        return cls(
            tag=properties.text("delivery_tag") or message[-200:],
            task_id=head.text("id") or properties.text("correlation_id"),
            task=head.text("task"),
            published=next((time for time in times if time is not None), None),
        )


def parse_envelope(message: str) -> dict[str, Any]:
    """The envelope's other fields; empty when it is none of kombu's."""
    try:
        if message.startswith('{"body": "'):
            end = message.index('", ', len(BODY_PREFIX))
            found = json.loads("{" + message[end + 3 :])
        else:
            found = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
