"""What watching costs each source a minute, from the polls' periods and what each took in the check."""

from collections.abc import Iterable

from exporter.check.finding import Poll, Section

HEADER = ("", "a minute", "", "its time", "most of it")
MOST = 3


def rows(sections: Iterable[Section]) -> list[tuple[str, str]]:
    """The name of each source that was polled, and one sentence."""
    return [(section.name, sentence(section)) for section in sections if section.polls]


def sentence(section: Section) -> str:
    """Operations a minute, their time as measured here, and the polls that cost most."""
    number = sum(poll.a_minute * poll.operations for poll in section.polls)
    seconds = sum(map(cost, section.polls))
    biggest = sorted(section.polls, key=cost, reverse=True)[:MOST]
    names = ", ".join(f"{short(poll, section)} {cost(poll):.1f} s" for poll in biggest if cost(poll) >= 0.05)
    share = f"{number:.0f} {section.unit}, {seconds:.1f} s ({seconds / 60:.1%})"
    return f"{share}; most: {names}" if names else share


def cost(poll: Poll) -> float:
    """Seconds a minute, waiting on the way included."""
    return poll.a_minute * poll.seconds


def short(poll: Poll, section: Section) -> str:
    """The poll without the name of its source."""
    return poll.name.removeprefix(f"{section.name} ")
