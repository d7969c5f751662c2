"""Threshold steps: from which value on a number has which colour."""

from typing import Any

from grafana.palette import GREEN, GREY, ORANGE, RED

Steps = dict[str, Any]
# the colour of the text around, in either theme
TEXT = "text"
# three periods of questions that are asked once a minute, and of those asked every five
OLD, SELDOM_OLD = 180, 900


def steps(base: str, *others: tuple[float, str]) -> Steps:
    """A base colour, and other colours from values on."""
    rising = [{"color": colour, "value": value} for value, colour in others]
    return {"mode": "absolute", "steps": [{"color": base, "value": None}, *rising]}


def neutral() -> Steps:
    """Steps that judge nothing; without any, Grafana would paint everything from 80 on red."""
    return steps(TEXT)


def bad_from_one(colour: str = RED, base: str = GREEN) -> Steps:
    """Steps of a count that should be 0."""
    return steps(base, (1, colour))


def shown_from_one(colour: str) -> Steps:
    """Steps of a count that is grey at 0 and has its colour as soon as there is one."""
    return steps(GREY, (1, colour))


def marked_from_one(colour: str = ORANGE) -> Steps:
    """Steps of a count in a table: the text's colour at 0."""
    return steps(TEXT, (1, colour))


def budget_left() -> Steps:
    """Steps of what is left of a whole: nothing, a quarter, more."""
    return steps(RED, (0, ORANGE), (0.25, GREEN))


def too_old(seldom: bool = False) -> Steps:
    """Steps of an age in seconds."""
    return steps(GREEN, (SELDOM_OLD if seldom else OLD, ORANGE))
