"""What watching costs each source a minute, from the polls' periods and what each took in the check."""

from collections.abc import Callable, Iterable

from exporter.check.finding import PollCost, ReportSection

MOST = 3  # polls that are named
HTTP = "requests"


def cost_rows(sections: Iterable[ReportSection], share: float = 1.0) -> list[tuple[str, str]]:
    """The name of each source that was polled, and a sentence; `share` is how much of its time is ours."""
    return [(section.name, cost_sentence(section, share)) for section in sections if section.polls]


def cost_sentence(section: ReportSection, share: float = 1.0) -> str:
    """How much is sent a minute and, where the source works while we wait, how long it does so."""
    number = sum(poll.a_minute * poll.operations for poll in section.polls)
    said = f"{number:.0f} {section.unit}"
    if section.unit != HTTP:
        return f"{said}, {number / 60:.1f} a second; most: {costliest_polls(section, operations_per_minute)}"
    seconds = sum(map(seconds_per_minute, section.polls))
    wanted = seconds / 60
    rarer = (
        f", which is too much: the slow ones come more seldom until {share:.0%} hold"
        if wanted > share
        else ""
    )
    most = costliest_polls(section, seconds_per_minute)
    return f"{said} that take {seconds:.1f} s ({wanted:.1%} of its time{rarer}); most: {most}"


def costliest_polls(section: ReportSection, size: Callable[[PollCost], float]) -> str:
    """The polls that weigh most."""
    polls = sorted(section.polls, key=size, reverse=True)[:MOST]
    unit = " s" if size is seconds_per_minute else ""
    names = [(poll.name.removeprefix(f"{section.name} "), size(poll)) for poll in polls]
    return ", ".join(f"{name} {value:.1f}{unit}" if unit else f"{name} {value:.0f}" for name, value in names)


def operations_per_minute(poll: PollCost) -> float:
    """Transactions or commands a minute."""
    return poll.a_minute * poll.operations


def seconds_per_minute(poll: PollCost) -> float:
    """Seconds a minute, with what the way takes."""
    return poll.a_minute * poll.seconds
