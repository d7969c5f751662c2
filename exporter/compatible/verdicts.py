"""Whether a query answers here: as it is, once a job is switched on, or not."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from exporter.compatible.documents import Query
from exporter.compatible.offers import JOBS_FILE, OPTIONAL_LABELS, Offer, find_offers, near_names, offers
from exporter.compatible.selectors import ANY_METRIC, Matcher, Reading, Selector, UnreadableQuery, readings

ANSWERS, SWITCH, MISSING = "answers", "switch on", "missing"
GRAVITY = (ANSWERS, SWITCH, MISSING)
NAME, JOB = "__name__", "job"
OF_TARGETS = frozenset({"instance", "replica", "cluster"})


@dataclass(frozen=True)
class Verdict:
    """The verdict on a query: its worst reason, all reasons, and the selectors that it has."""

    query: Query
    status: str
    reasons: tuple[str, ...] = ()
    selectors: tuple[Selector, ...] = ()


def judge(query: Query, variables: dict[str, str], recorded: Collection[str]) -> Verdict:
    """The verdict on this query of a file whose rules record these names."""
    try:
        found = readings(query.expression, variables)
    except UnreadableQuery as error:
        return Verdict(query, MISSING, (str(error),))
    # of two sides of an `or`, the one that answers best
    return min((judge_reading(query, it, recorded) for it in found), key=lambda it: GRAVITY.index(it.status))


def confirm(verdict: Verdict, found: Mapping[str, bool], jobs: Collection[str]) -> Verdict:
    """The verdict where Prometheus has been asked: what is all there answers, whoever shows it.

    Of a job that it scrapes already, `jobs`, nothing is to be switched on.
    """
    series = [it.text() for it in verdict.selectors if it.text()]
    is_on = {to_switch_on(job) for job in jobs}.issuperset(verdict.reasons)
    if (series and all(found.get(it) for it in series)) or (verdict.status == SWITCH and is_on):
        return replace(verdict, status=ANSWERS, reasons=())
    return verdict


def to_switch_on(job: str) -> str:
    """The reason that asks for this job."""
    return f"job {job} in {JOBS_FILE}"


def judge_reading(query: Query, found: Reading, recorded: Collection[str]) -> Verdict:
    """The verdict where all of these selectors must find something."""
    problems = [it for selector in found for it in problems_of(selector, recorded)]
    reasons = tuple(dict.fromkeys(text for _, text in problems))
    states = {state for state, _ in problems}
    status = MISSING if MISSING in states else SWITCH if SWITCH in states else ANSWERS
    return Verdict(query, status, reasons, found)


def problems_of(selector: Selector, recorded: Collection[str]) -> Iterator[tuple[str, str]]:
    """Why this selector finds nothing here, or not yet: state and reason."""
    name = selector.name or next(
        (it.value for it in selector.matchers if it.label == NAME and it.operator == "="), ""
    )
    if name in recorded or name == ANY_METRIC:
        return
    if not name:
        yield from problems_of_pattern(selector)
        return
    found = find_offers(name)
    if not found:
        others = near_names(name)
        there = f"; here it is {' or '.join(others)}" if others else ""
        yield MISSING, f"metric {name} is not here{there}"
        return
    yield from (it for matcher in selector.matchers for it in problems_of_matcher(found[0], matcher))
    yield from problems_of_job(found[0], [it for it in selector.matchers if it.label == JOB])


def problems_of_pattern(selector: Selector) -> Iterator[tuple[str, str]]:
    """Whether a pattern of names finds any."""
    patterns = [it for it in selector.matchers if it.label == NAME]
    if patterns and not any(all(it.accepts(name) for it in patterns) for name in offers()):
        yield MISSING, f"no metric here has a name like {patterns[0].value}"


def problems_of_matcher(offer: Offer, matcher: Matcher) -> Iterator[tuple[str, str]]:
    """A matcher of a label that the metric has not, or by a setting, unless an empty value fits."""
    label = matcher.label
    # a variable that finds no values is empty, which fits a label that is not there
    if offer.labels is None or label in (NAME, JOB, *OF_TARGETS) or matcher.accepts(""):
        return
    for beginning, optional, setting in OPTIONAL_LABELS:
        if offer.name.startswith(beginning) and label == optional:
            yield SWITCH, f"setting {setting} for the label {label}"
            return
    if label not in offer.labels:
        yield MISSING, f"metric {offer.name} has no label {label}"


def problems_of_job(offer: Offer, matchers: list[Matcher]) -> Iterator[tuple[str, str]]:
    """A job under which the metric does not stand, or only once it is switched on."""
    if offer.jobs is None or any(fits(job, matchers) for job in offer.jobs):
        return
    switchable = [job for job in offer.switchable if fits(job, matchers)]
    if switchable:
        yield SWITCH, to_switch_on(switchable[0])
        return
    wanted = ", ".join(f"{it.operator}{it.value}" for it in matchers)
    yield (
        MISSING,
        f"metric {offer.name} has job {' or '.join((*offer.jobs, *offer.switchable))}, not {wanted}",
    )


def fits(job: str, matchers: list[Matcher]) -> bool:
    """Whether all of them accept this job."""
    return all(it.accepts(job) for it in matchers)
