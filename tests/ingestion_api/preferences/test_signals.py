"""The service reads the checked-in thresholds itself: what it takes from them is what the rules take."""

from ingestion_api.backtest.backtest import KEEP_FIRING
from ingestion_api.preferences import levels_error
from ingestion_api.settings import Settings
from ingestion_api.signals import SignalFile
from prometheus.signal_rules import KEEP_FIRING as RULES_KEEP_FIRING
from prometheus.thresholds import FILE, load


def test_the_checked_in_file_is_read_as_the_rules_read_it() -> None:
    known = SignalFile(FILE).known()
    assert known.problem == ""
    theirs = load(FILE).signals
    assert list(known.signals) == list(theirs)
    for name, signal in known.signals.items():
        other = theirs[name]
        assert signal.given() == other.levels.given()
        assert (signal.meaning, signal.unit, signal.direction) == (other.meaning, other.unit, other.direction)
        assert signal.range == other.range
        assert (signal.lane, signal.hold) == (other.lane, other.hold)
        assert signal.outlives_cause == other.outlives_cause


def test_alerts_fire_on_for_as_long_as_in_the_rules() -> None:
    assert {lane: f"{seconds:g}" for lane, seconds in KEEP_FIRING.items()} == {"fast": "2", "slow": "60"}
    assert RULES_KEEP_FIRING == {"fast": "2s", "slow": "1m"}


def test_the_levels_of_the_file_may_be_set_wherever_there_is_a_range() -> None:
    for name, signal in SignalFile(FILE).known().signals.items():
        assert bool(levels_error(name, signal, signal.given())) == (signal.range is None)


def test_from_the_projects_folder_the_file_is_found_without_a_setting() -> None:
    assert Settings().thresholds_file.resolve() == FILE.resolve()
