"""What is read from JSON of others: a value of the right type, else nothing."""

from typing import Any

import pytest

from exporter.errors import InvalidResponse, RequestFailed
from exporter.sources.http_response import HttpResponse, decompress, parse_json_object, require_ok
from exporter.sources.json_object import JsonObject, json_type_name, unix_seconds

BODY = {
    "number": 2, "text": "words", "yes": True, "nothing": None, "list": [1, {"a": 1}, "x"],
    "inner": {"number": 0.5, "yes": False, "text": "7", "at": "2030-01-02T03:04:05"},
}  # fmt: skip
READ = JsonObject(BODY, "a body")


@pytest.mark.parametrize(
    ("path", "number", "text", "boolean"),
    [
        (("number",), 2.0, None, None),
        (("text",), None, "words", None),
        (("yes",), None, None, True),
        (("nothing",), None, None, None),
        (("inner", "number"), 0.5, None, None),
        (("inner", "yes"), None, None, False),
        (("inner", "text"), None, "7", None),
        (("inner", "number", "deeper"), None, None, None),
        (("list", "0"), None, None, None),
        (("absent",), None, None, None),
    ],
)
def test_a_value_of_another_type_is_none(
    path: tuple[str, ...], number: float | None, text: str | None, boolean: bool | None
) -> None:
    assert (READ.number(*path), READ.text(*path), READ.boolean(*path)) == (number, text, boolean)


def test_objects_and_their_numbers_are_read_and_all_else_is_left_out() -> None:
    assert READ.numbers("inner") == {"number": 0.5}
    assert READ.numbers("list") == READ.numbers("absent") == {}
    assert [item.number("a") for item in READ.objects("list")] == [1.0]
    assert READ.objects("inner") == []
    assert READ.object("inner").number("number") == 0.5
    assert [*READ.object("text").keys()] == []


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (5, 5.0),
        ("1970-01-01T00:01:00", 60.0),
        ("1970-01-01T01:01:00+01:00", 60.0),
        ("1970-01-01T00:01:00Z", 60.0),
        ("soon", None),
        ("0001-01-01T00:00:00+14:00", -62135647200.0),
        (True, None),
        (None, None),
        (float("nan"), None),
        ([5], None),
    ],
)
def test_a_time_is_a_number_or_a_text_in_utc(value: object, seconds: float | None) -> None:
    assert unix_seconds(value) == seconds


def test_a_time_without_a_zone_is_in_the_zone_that_is_known() -> None:
    assert READ.timestamp("inner", "at") == 1893553445.0
    assert READ.local_timestamp("Europe/Berlin", "inner", "at") == 1893553445.0 - 3600
    assert READ.local_timestamp(None, "inner", "at") is None
    assert JsonObject({"at": "1970-01-01T00:01:00Z"}, "").local_timestamp(None, "at") == 60.0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "an object"), ([], "a list"), ("", "a string"), (None, "null"), (False, "true or false"),
        (0, "a number"), (0.5, "a number"),
    ],
)  # fmt: skip
def test_a_body_of_another_type_is_named(body: Any, words: str) -> None:
    assert json_type_name(body) == words


@pytest.mark.parametrize("body", [b"[]", b"7", b"{", b"", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_an_invalid_response(body: bytes) -> None:
    with pytest.raises(InvalidResponse, match="backend /x"):
        parse_json_object("/x", body)


def test_no_status_but_200_is_as_it_should_be() -> None:
    response = HttpResponse(200, b"", 0.1, "")
    assert require_ok("/x", response) is response
    with pytest.raises(RequestFailed, match="backend /x returned 204; expected 200"):
        require_ok("/x", HttpResponse(204, b"", 0.1, ""))


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("", b"hello"), (" Identity ", b"hello"), ("br", None), ("gzip", None), ("deflate", None)],
)
def test_a_body_is_unpacked_as_it_says(encoding: str, body: bytes | None) -> None:
    assert decompress(b"hello", encoding, 100) == body
