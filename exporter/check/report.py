"""The text of the report: findings for a terminal of any width, and the cost of polling each source."""

import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence

from exporter.check.finding import Finding, FindingState, PollCost, ReportSection

NARROWEST, WIDEST = 60, 120
COLOURS = {FindingState.SEEN: "32", FindingState.HIDDEN: "31;1", FindingState.NOT_SET: "33"}
STATE = max(len(state) for state in FindingState) + 2
INDENT = "  "
ARROW = "-> "


def render_sections(sections: Iterable[ReportSection], width: int, coloured: bool) -> str:
    """A heading for each source, a row for each finding, its advice below it."""
    wide = min(max(width, NARROWEST), WIDEST)
    found = list(sections)
    longest = max((len(it.what) for section in found for it in section.findings), default=0)
    column = min(longest + 2, wide // 3)
    return "\n".join("\n".join(section_lines(section, column, wide, coloured)) for section in found)


def section_lines(section: ReportSection, column: int, width: int, coloured: bool) -> Iterator[str]:
    """One source; names have a column of this width."""
    title = f"{section.name.upper()}  {section.address}".rstrip()
    yield colorize(title, "1") if coloured else title
    for finding in section.findings:
        yield from finding_lines(finding, column, width, coloured)
    yield ""


def finding_lines(finding: Finding, column: int, width: int, coloured: bool) -> Iterator[str]:
    """The state, the name and the detail side by side; what to do in a line of its own."""
    room = width - len(INDENT) - STATE - column
    steps = wrap_text(finding.advice, room - len(ARROW))
    lines = wrap_text(finding.detail, room)
    lines += [f"{'' if number else ARROW:<{len(ARROW)}}{step}" for number, step in enumerate(steps)]
    names = wrap_text(finding.what, column - 2)
    mark = f"{finding.state:<{STATE}}"
    for number in range(max(len(lines), len(names), 1)):
        state = mark if number == 0 else " " * STATE
        name = names[number] if number < len(names) else ""
        detail = lines[number] if number < len(lines) else ""
        shown = colorize(state, COLOURS.get(finding.state, "")) if coloured and number == 0 else state
        yield f"{INDENT}{shown}{name:<{column}}{detail}".rstrip()


def wrap_text(text: str, width: int) -> list[str]:
    """The text in lines; a word that is too long is broken, so that no line is wider."""
    return textwrap.wrap(text, max(width, 10), break_on_hyphens=False)


def render_columns(rows: Sequence[tuple[str, str]], width: int) -> str:
    """Two columns, the second wrapped."""
    wide = min(max(width, NARROWEST), WIDEST)
    first = max((len(name) for name, _ in rows), default=0) + 2
    lines = []
    for name, text in rows:
        for number, line in enumerate(wrap_text(text, wide - len(INDENT) - first)):
            lines.append(f"{INDENT}{name if number == 0 else '':<{first}}{line}")
    return "\n".join(lines)


def colorize(text: str, colour: str) -> str:
    """The text in a colour of the terminal."""
    return f"\x1b[{colour}m{text}\x1b[0m" if colour else text


MOST = 3  # polls that are named
HTTP = "requests"


def cost_rows(sections: Iterable[ReportSection], share: float = 1.0) -> list[tuple[str, str]]:
    """The name of each polled source, and a sentence; `share` is the budget share of its time."""
    return [(section.name, cost_sentence(section, share)) for section in sections if section.polls]


def cost_sentence(section: ReportSection, share: float = 1.0) -> str:
    """Operations a minute and, over HTTP, the time that they take."""
    number = sum(poll.a_minute * poll.operations for poll in section.polls)
    amount = f"{number:.0f} {section.unit}"
    if section.unit != HTTP:
        return (
            f"{amount}, {number / 60:.1f} a second; most: {costliest_polls(section, operations_per_minute)}"
        )
    seconds = sum(map(seconds_per_minute, section.polls))
    wanted = seconds / 60
    limited = (
        f", which is too much: the slow ones come more seldom until {share:.0%} hold"
        if wanted > share
        else ""
    )
    most = costliest_polls(section, seconds_per_minute)
    return f"{amount} that take {seconds:.1f} s ({wanted:.1%} of its time{limited}); most: {most}"


def costliest_polls(section: ReportSection, size: Callable[[PollCost], float]) -> str:
    """The polls with the highest cost."""
    polls = sorted(section.polls, key=size, reverse=True)[:MOST]
    unit = " s" if size is seconds_per_minute else ""
    names = [(poll.name.removeprefix(f"{section.name} "), size(poll)) for poll in polls]
    return ", ".join(f"{name} {value:.1f}{unit}" if unit else f"{name} {value:.0f}" for name, value in names)


def operations_per_minute(poll: PollCost) -> float:
    """Transactions or commands a minute."""
    return poll.a_minute * poll.operations


def seconds_per_minute(poll: PollCost) -> float:
    """Seconds a minute, including the network."""
    return poll.a_minute * poll.seconds
