"""From the overview to the cause and the action while something is wrong, on a whole `make run`."""

from collections.abc import Iterator

import pytest

from benchmarks.dashboards.links import Browser, DeadEnd
from benchmarks.dashboards.truth import send
from benchmarks.dashboards.walk import walked, walking
from benchmarks.dashboards.walks import UNSEEN, WALKS
from demo.faults.catalogue import BASIC_FAULTS, REALISTIC_AND_COMBINED
from tests.stack.watchroom import Watchroom

# of different kinds, and none hides another: a module that fails, and a part that is gone
FAULTS = ("errors-in-module", "worker-killed")
# made of others that are walked by themselves, or seen only behind a crowd of users
TOGETHER = {"as-shipped", "pool-deadlock", "ingestion-store-refused"}
CLICKS_TO_CAUSE, CLICKS_TO_ACTION = 2, 3


@pytest.fixture(scope="module")
def faulty() -> Iterator[tuple[Watchroom, Browser]]:
    """A run in which several things are wrong at once."""
    with walking() as (run, browser):
        for fault in FAULTS:
            send(
                "POST",
                run.address("DEMO_CONTROL_PORT", f"/faults/{fault}"),
                WALKS[fault].parameters,
            )
        yield run, browser


@pytest.mark.timeout(240)
@pytest.mark.parametrize("fault", FAULTS)
def test_the_overview_tells_of_a_fault_and_leads_to_its_cause_and_action(
    faulty: tuple[Watchroom, Browser], fault: str
) -> None:
    _, browser = faulty
    assert walked(browser, fault, WALKS[fault], within=150).wrong == ()


def test_a_link_to_what_is_not_there_is_found(faulty: tuple[Watchroom, Browser]) -> None:
    _, browser = faulty
    for url in (
        "/d/watchroom-nothing?from=now-1h&to=now",
        "/d/watchroom-module?var-module=nobody&from=now-1h&to=now",
        "/d/watchroom-module?var-nothing=x&from=now-1h&to=now",
        "/d/watchroom-module?from=now-1h&to=now&viewPanel=1",
        "/d/watchroom-module?var-module=search",
        f"{browser.address}/nowhere",
    ):
        with pytest.raises(DeadEnd):
            browser.follow(url, 0.0)


def test_every_fault_of_the_demo_has_a_walk_or_a_reason() -> None:
    there = {it.name for it in (*BASIC_FAULTS, *REALISTIC_AND_COMBINED)}
    assert there == {*WALKS, *UNSEEN, *TOGETHER}


def test_no_walk_is_longer_than_it_may_be() -> None:
    for fault, walk in WALKS.items():
        assert 1 <= len(walk.cause) <= CLICKS_TO_CAUSE, fault
        assert 1 <= len(walk.action) <= CLICKS_TO_ACTION, fault
