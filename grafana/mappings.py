"""Values as words: each with a symbol, so that no state is told by colour alone."""

from collections.abc import Mapping
from typing import Any

from grafana.palette import (
    CARDS,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    SEVERITIES,
    SKY,
    STATUS_COLOURS,
    STATUS_NUMBERS,
    STATUS_SYMBOLS,
)
from prometheus.threshold_rules import TOO_FEW

Mappings = list[dict[str, Any]]
TEXT = "text"
UNKNOWN = "\N{EN DASH}"
NO_DATA = 5
SEVERITY_SYMBOLS = {"info": "i", "warning": "▲", "critical": "✖"}
SEVERITY_NUMBERS = {"info": 1, "warning": 2, "critical": 3}
# beside the codes of ops:signal:severity: there is nothing of earlier to compare with
TOO_NEW = -2
# the state of an info that fires, in lists: it notifies nobody
RECORDED = "recorded"
# marks of anomalies that tell of trouble have the colour of what is unusual, the others are calm
ANOMALIES = {
    "6": ("≋ errors ↑", PURPLE),
    "5": ("≋ slower", PURPLE),
    "4": ("≋ traffic ↓", SKY),
    "3": ("≋ traffic ↑", PURPLE),
    "2": ("≋ faster", SKY),
    "1": ("≋ errors ↓", SKY),
    "0": ("as usual", GREY),
    "-1": ("… learning", GREY),
}


def words(texts: Mapping[str, tuple[str, str]]) -> Mappings:
    """Values as words in a colour."""
    options = {
        value: {"text": text, "color": colour, "index": place}
        for place, (value, (text, colour)) in enumerate(texts.items())
    }
    return [{"type": "value", "options": options}]


def unknown(text: str = UNKNOWN) -> Mappings:
    """What stands in the place of a value that nobody knows."""
    result = {"text": text, "color": GREY, "index": 99}
    return [{"type": "special", "options": {"match": "nan", "result": result}}]


def status() -> Mappings:
    """A status, whether it comes as its word or as its number."""
    return words(status_words(STATUS_COLOURS))


def calm_status() -> Mappings:
    """A status in a column beside the one that judges: what is healthy has no colour."""
    return words(status_words({**STATUS_COLOURS, "healthy": TEXT}))


def status_words(colours: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The words of the statuses, under their numbers and under their names; 5: none is known."""
    found = {
        key: (f"{STATUS_SYMBOLS[name]} {name}", colours[name])
        for name, number in STATUS_NUMBERS.items()
        for key in (str(number), name)
    }
    return {**found, str(NO_DATA): ("? no data", GREY)}


def cards() -> Mappings:
    """A status and what the backend reports instead: tens are what is so, ones what was said and one."""
    told = {str(NO_DATA): ("? no data", CARDS["unknown"])}
    for name, number in STATUS_NUMBERS.items():
        text = f"{STATUS_SYMBOLS[name]} {name}"
        told[str(10 * number)] = (text, CARDS[name])
        for other, reported in STATUS_NUMBERS.items():
            if other != name:
                told[str(10 * number + reported + 1)] = (f"{text}, said {other}", CARDS[name])
    return words(told)


def good_if(yes: str, no: str) -> Mappings:
    """1 and 0 as words, the first good and the second bad."""
    return words({"1": (f"✔ {yes}", GREEN), "0": (f"✖ {no}", RED)})


def bad_if(yes: str, no: str) -> Mappings:
    """1 and 0 as words, the first bad and the second good."""
    return words({"1": (f"✖ {yes}", RED), "0": (f"✔ {no}", GREEN)})


def unless_good(yes: str, no: str) -> Mappings:
    """1 and 0 as words in a table, where only the second, which is bad, has a colour."""
    return words({"1": (f"✔ {yes}", TEXT), "0": (f"✖ {no}", RED)})


def unless_bad(yes: str, no: str) -> Mappings:
    """1 and 0 as words in a table, where only the first, which is bad, has a colour."""
    return words({"1": (f"✖ {yes}", RED), "0": (f"✔ {no}", TEXT)})


def severity() -> Mappings:
    """A severity, whether it comes as its word or as its weight."""
    return words(
        {
            key: (f"{SEVERITY_SYMBOLS[name]} {name}", SEVERITIES[name])
            for name, weight in SEVERITY_NUMBERS.items()
            for key in (name, str(weight))
        }
    )


def severity_symbols() -> Mappings:
    """A weight of a severity as its symbol alone, beside the name of the alert."""
    return words(
        {str(weight): (SEVERITY_SYMBOLS[name], SEVERITIES[name]) for name, weight in SEVERITY_NUMBERS.items()}
    )


def levels(few: str = "? few", good: str = GREEN) -> Mappings:
    """What ops:signal:severity says by the levels in force; `few` where too little happens to judge.

    Too new: there is nothing of earlier to compare with.
    """
    told = {"0": ("✔ ok", good), str(TOO_FEW): (few, GREY), str(TOO_NEW): ("? too new", GREY)}
    told |= {
        str(weight): (f"{SEVERITY_SYMBOLS[name]} {name}", SEVERITIES[name])
        for name, weight in SEVERITY_NUMBERS.items()
    }
    return words(told)


def alert_states() -> Mappings:
    """The state of an alert in a list, where its severity judges; what is only recorded is said so."""
    return words(
        {
            "firing": ("· firing", TEXT),
            "pending": ("… pending", TEXT),
            RECORDED: (f"{SEVERITY_SYMBOLS['info']} recorded", SEVERITIES["info"]),
        }
    )


def anomalies() -> Mappings:
    """What is most unusual in a module."""
    return words(ANOMALIES)


def data() -> Mappings:
    """Whether the numbers of a dashboard are live."""
    return words({"0": ("✔ live", GREEN), "1": ("▲ partial", ORANGE), "2": ("✖ stale", RED)})


def unusual() -> Mappings:
    """Which way a signal left its usual band."""
    return words({"1": ("≋ high", PURPLE), "-1": ("≋ low", SKY), "0": ("as usual", GREY)})


def alerts(most: int = 20) -> Mappings:
    """How many alerts fire, with the symbol and the colour of the gravest."""
    told = {"0": ("✔ none", GREEN)}
    for name, weight in SEVERITY_NUMBERS.items():
        for number in range(1, most + 1):
            text = f"{SEVERITY_SYMBOLS[name]} {number}{'+' if number == most else ''}"
            told[str(100 * weight + number)] = (text, SEVERITIES[name])
    return words(told)
