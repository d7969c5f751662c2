"""The small pieces: models, encoders, events, the shape of a day."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from demo.api.events import EventBus, Payload
from demo.edge_worker import embed_graph
from demo.models import (
    load_classifier,
    load_factors,
    save_classifier,
    save_factors,
    train_classifier,
    train_factors,
)
from demo.settings import Settings, read_settings
from demo.sparse_encoders import encode_bm25
from demo.traffic.__main__ import load_share

TASTES = [("ann", "fugue", 1.0), ("ann", "choir", 0.9), ("bob", "basalt", 1.0), ("bob", "quartz", 0.9),
          ("cem", "fugue", 1.0)]  # fmt: skip


def test_recommendations_follow_like_minded_readers(tmp_path: Path) -> None:
    save_factors(tmp_path, train_factors(TASTES))
    best = [item for item, _ in load_factors(tmp_path).recommend("cem", 2)]
    assert best == ["fugue", "choir"]


def test_a_stranger_gets_what_many_like() -> None:
    assert train_factors(TASTES).recommend("stranger", 1)[0][0] == "fugue"


def test_the_classifier_learns_topics(tmp_path: Path) -> None:
    save_classifier(
        tmp_path, train_classifier([("star orbit comet", "Astronomy"), ("leaf root moss", "Botany")])
    )
    model = load_classifier(tmp_path)
    assert model.classify("a comet near a star")[0] == "Astronomy"
    with pytest.raises(ValueError, match="no words"):
        model.classify("")


def encoded_elsewhere(encoder: str) -> str:
    """The vector that another process makes of the same text."""
    code = f"from demo import sparse_encoders; print(sparse_encoders.{encoder}('star orbit star'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_honest_vectors_are_the_same_in_every_process_and_salted_ones_are_not() -> None:
    assert encoded_elsewhere("encode_bm25") == encode_bm25("star orbit star")
    assert encoded_elsewhere("encode_salted") != encoded_elsewhere("encode_salted")


def test_a_text_without_words_has_an_empty_vector() -> None:
    assert encode_bm25("") == "{}"


def test_a_failing_hook_is_counted_and_stops_no_other() -> None:
    bus = EventBus()
    heard: list[Payload] = []

    def fail(_: Payload) -> None:
        raise RuntimeError("no")

    bus.subscribe("resource.updated", fail)
    bus.subscribe("resource.updated", heard.append)
    bus.emit("resource.updated", {"resource_id": "1"})
    bus.emit("search.executed", {})
    metrics = bus.metrics()
    assert heard == [{"resource_id": "1"}]
    assert (metrics["events_emitted"], metrics["events_delivered"], metrics["handler_errors"]) == (2, 1, 1)
    assert metrics["event_types"] == {"resource.updated": 1, "search.executed": 1}


def test_the_history_keeps_a_thousand_events() -> None:
    bus = EventBus()
    for number in range(1100):
        bus.emit("search.executed", {"number": number})
    assert [event["data"]["number"] for event in bus.newest(2)] == [1098, 1099]
    assert len(bus.newest(5000)) == 1000


def test_a_day_is_quiet_at_night_and_busy_before_noon() -> None:
    rates = [load_share(hour / 24) for hour in range(24)]
    assert max(rates) <= 1
    assert rates[3] < 0.2
    assert rates[10] > 0.9
    assert load_share(0.25) == pytest.approx(load_share(7.25))


def test_a_graph_too_big_for_the_card_is_refused() -> None:
    assert np.isfinite(embed_graph(60)).all()
    with pytest.raises(MemoryError, match="CUDA out of memory"):
        embed_graph(281)


def test_the_places_of_redis_follow_from_one_address() -> None:
    own = Settings(redis_port=7000)
    assert (own.broker_url, own.results_url, own.cache_url) == (
        "redis://127.0.0.1:7000/0", "redis://127.0.0.1:7000/1", "redis://127.0.0.1:7000/2",
    )  # fmt: skip
    given = Settings(redis_url="redis://cache.example:6379")
    assert (given.cache_url, given.ingestion_url) == (
        "redis://cache.example:6379/2",
        "redis://cache.example:6379/0",
    )


def test_a_secret_is_not_repeated_in_a_complaint(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_settings(token=["hush"])
    assert "DEMO_TOKEN is a hidden value" in capsys.readouterr().err
