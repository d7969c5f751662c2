"""Which requests are ours: paths under the templates of routes, and responses by their class."""

from collections import Counter

import pytest

from exporter.sources.backend.own_requests import OwnRequests, is_served_by, subtract, without_query


def users(own: OwnRequests, counts: dict[str, float], status: str = "2xx") -> float:
    """Users' requests of this class, where the backend counts so many at these routes."""
    shared = {("m", status, route): count for route, count in counts.items()}
    return own.users_requests(shared)["m", status]


def test_a_path_that_we_request_for_the_first_time_is_ours_from_then_on() -> None:
    own = OwnRequests({"/a/"}, ())
    assert own.is_requested("/a")
    assert not own.is_requested("/{name}/one")
    own.record("/books/one?page=2", 200)
    assert own.is_requested("/{name}/one")
    assert users(own, {"/{name}/one": 5.0}) == 4


def test_a_path_that_is_new_may_be_served_by_a_route_that_is_known() -> None:
    own = OwnRequests({"/books/one"}, ())
    assert own.is_requested("/books/{name}")
    own.record("/books/two", 200)
    assert users(own, {"/books/{name}": 5.0}) == 4


def test_a_path_is_counted_under_the_route_with_the_fewest_parameters() -> None:
    own = OwnRequests({"/books/one"}, ())
    routes = ("/{rest:path}", "/{kind}/{name}", "/books/{name}")
    for route in routes:
        assert own.is_requested(route)
        assert own.is_counted(route)
    own.record("/books/one", 200)
    assert users(own, dict.fromkeys(routes, 9.0)) == 9 + 9 + 8


def test_users_requests_never_fall_while_a_request_of_ours_is_under_way() -> None:
    own = OwnRequests({"/a"}, ("/ping",))
    assert own.is_requested("/a")
    assert users(own, {"/a": 7.0, "/ping": 9.0}) == 7
    for status in (200, 299, 199, 404):
        own.record("/a", status)
    assert users(own, {"/a": 8.0}) == 7
    assert users(own, {"/a": 1.0}, "4xx") == 0
    own.reset()
    assert users(own, {"/a": 8.0}) == 8


@pytest.mark.parametrize(
    ("ours", "left"),
    [
        ({}, {"5xx": 3, "4xx": 2, "2xx": 9}),
        ({"2xx": 4, "5xx": 5}, {"5xx": 0, "4xx": 2, "2xx": 5}),
        ({"lost": 2}, {"5xx": 1, "4xx": 2, "2xx": 9}),
        ({"lost": 6, "2xx": 1}, {"5xx": 0, "4xx": 0, "2xx": 7}),
        ({"lost": 99}, {"5xx": 0, "4xx": 0, "2xx": 0}),
    ],
)
def test_requests_without_a_response_are_taken_from_one_class_after_the_other(
    ours: dict[str, int], left: dict[str, int]
) -> None:
    assert subtract(Counter({"5xx": 3, "4xx": 2, "2xx": 9}), Counter(ours)) == Counter(left)


@pytest.mark.parametrize(
    ("route", "path", "is_served"),
    [
        ("/a", "/a", True), ("/a", "/b", False), ("/a", "/a/b", False), ("/{}", "/a", True),
        ("/x/{}", "/x/a", True), ("/x/{}", "/x/a/b", False), ("/x/{}", "/y/a", False),
        ("/x/{:path}", "/x/a/b", True), ("/x/{id}/end", "/x/a/end", True), ("/x.y/{id}", "/xzy/a", False),
    ],
)  # fmt: skip
def test_a_template_serves_the_paths_that_fit_it(route: str, path: str, is_served: bool) -> None:
    assert is_served_by(route, path) == is_served


@pytest.mark.parametrize(("path", "bare"), [("/a/?b=c?d", "/a"), ("/a/b", "/a/b"), ("/", "")])
def test_a_path_is_known_without_its_query(path: str, bare: str) -> None:
    assert without_query(path) == bare
