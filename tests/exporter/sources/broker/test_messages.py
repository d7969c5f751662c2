"""Messages and bindings of kombu, each read by itself."""

import json

import pytest

from exporter.sources.broker.kombu_layout import (
    QueuedMessage,
    detect_separator,
    escape_glob,
    parse_bindings,
    parse_body,
    parse_scan_reply,
    public_queues,
)
from tests.exporter.worker_events import wrapped


@pytest.mark.parametrize(
    "message",
    [
        wrapped({"a": 1}),
        json.dumps({"body": {"a": 1}}),
        json.dumps({"body": '{"a": 1}', "properties": {}}),
        json.dumps({"properties": {"body_encoding": "base64"}, "body": "eyJhIjogMX0="}),
        json.dumps(
            {"body": "eyJhIjogMX0=", "properties": {"body_encoding": "base64"}}, separators=(",", ":")
        ),
    ],
)
def test_a_body_is_read_from_each_form_of_an_envelope(message: str) -> None:
    assert parse_body(message.encode()) == {"a": 1}


@pytest.mark.parametrize(
    ("message", "read"),
    [
        (
            '{"body": "xx", "headers": {"id": "5", "task": "a", "sent": 9},'
            ' "properties": {"delivery_tag": "t"}}',
            QueuedMessage("t", "5", "a", 9.0),
        ),
        (
            '{"headers": {"late": 8, "sent": 9}, "properties": {"correlation_id": "6", "timestamp": 7}}',
            QueuedMessage(
                '{"headers": {"late": 8, "sent": 9}, "properties": {"correlation_id": "6", "timestamp": 7}}',
                "6",
                None,
                7.0,
            ),
        ),
        ('{"body": "xx"', QueuedMessage('{"body": "xx"', None, None, None)),
        ('{"body": "xx", [', QueuedMessage('{"body": "xx", [', None, None, None)),
        ("x" * 300, QueuedMessage("x" * 200, None, None, None)),
        ("[]", QueuedMessage("[]", None, None, None)),
    ],
)
def test_a_message_is_read_without_its_body(message: str, read: QueuedMessage) -> None:
    assert QueuedMessage.parse(message, ("sent", "late")) == read


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (["5", ["a", "b"]], ("5", ["a", "b"])),
        ((0, []), ("0", [])),
        (["5"], ("0", [])),
        (["5", [], []], ("0", [])),
        (None, ("0", [])),
    ],
)
def test_a_reply_that_is_no_part_of_a_scan_ends_it(reply: object, found: tuple[str, list[str]]) -> None:
    assert parse_scan_reply(reply) == found


def test_a_pattern_matches_its_text_alone() -> None:
    assert escape_glob("a*b?[c]\\") == "a\\*b\\?\\[c\\]\\\\"


@pytest.mark.parametrize(
    ("member", "separator"),
    [
        ("a||a", "|"),
        ("ab::::ab", "::"),
        ("a||b", None),
        ("a|a", None),
        ("||one@host.celery.pidbox", "|"),
        ("aaone@host.celery.pidbox", None),
        ("", None),
        ("aa", None),
    ],
)
def test_a_separator_stands_twice_between_equal_names(member: str, separator: str | None) -> None:
    assert detect_separator(member) == separator


def test_the_separator_of_most_bindings_is_taken() -> None:
    found = parse_bindings(["a||a", "b||b", "c--c", "d"], "\x06\x16")
    assert (found.separator, found.is_detected, found.queues) == ("|", True, {"a", "b"})


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("urgent", True), ("celery.pidbox", False), ("celeryev.1", False), ("amq.gen-1", False), ("", False),
        ("0a1b2c3d-0a1b-0a1b2c3d-0a1b-0a1b2c3d", False), ("my.celeryev", True),
    ],
)  # fmt: skip
def test_queues_for_replies_hold_no_tasks(name: str, public: bool) -> None:
    assert (name in public_queues([name])) is public
