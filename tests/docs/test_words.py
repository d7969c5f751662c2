"""The field's terms stay: names and phrases that were replaced do not come back."""

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
# names of classes that the field has a term for, each with that term
NAMES = {
    "Question": "Poller",
    "Pace": "PollPolicy",
    "Asked": "BaseSource",
    "Put": "PollerEntry",
    "SlowLane": "BlockingCalls",
    "Complaints": "FailureLog",
    "Admitted": "LabelLimiter",
    "Spread": "HistogramData",
    "Sizes": "HistogramBuilder",
    "Shown": "MetricEntry",
    "Document": "JsonObject",
    "Sums": "SummedSamples",
    "Way": "DatabaseDriver",
    "Link": "DatabaseReader",
    "Tally": "TaskCounts",
    "Sight": "the thing that was read",
    "Seen": "the thing that was read",
    "Said": "Reports",
    "Tails": "OldestMessages",
    "Movement": "UnackedTracker",
    "Bench": "WorkerContext",
    "Hold": "LeaseRenewer",
    "Post": "JobTransports",
    "Terms": "SubmissionPolicy",
    "Claim": "ClaimedJob",
    "Press": "EncodingContext",
    "Shelf": "ResourceTarget",
    "Gate": "BearerAuth",
    "Attempts": "AttemptLimiter",
    "Seal": "CookieSigner",
    "Problem": "ServiceError",
    "Standing": "SignalStatus",
    "Wanted": "LevelOverride",
    "Need": "AttentionItem",
    "Shape": "ApiResponse",
    "Story": "AlertAnnotations",
    "Cause": "InhibitRule",
    "Mute": "MuteTimeInterval",
    "Strict": "ConfigModel",
    "Plan": "RunContext",
    "Says": "PanelOptions",
    "Band": "Section",
    "Pile": "PanelStack",
    "Modern": "Panel",
    "Stopwatch": "BreachTime",
}
PHRASES = (
    r"\bof late\b",
    r"\bit is so\b",
    r"\bdead man be\b",
    r"\bdoorbell\b",
    r"\bis to last\b",
    r"\bNobody is there\b",
    r"\bhas not yet let go\b",
    r"\basks anyone\b",
    r"\bthe keeper's desk\b",
    r"\bis news\b",
    r"\bcomes about like this\b",
    r"\bare they told\b",
    r"\bwatch it being found out\b",
)
# packages in which one name of a class has one meaning
PACKAGES = ("exporter", "ingestion_api", "prometheus", "alertmanager", "grafana", "stack")


def files(*patterns: str) -> list[Path]:
    """The files of the checkout that match."""
    told = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=False
    )
    names = told.stdout.splitlines() or [str(it.relative_to(ROOT)) for p in patterns for it in ROOT.rglob(p)]
    skipped = (".venv", "node_modules")
    return [ROOT / it for it in names if (ROOT / it).is_file() and not any(part in it for part in skipped)]


def classes(file: Path) -> Iterator[str]:
    """The classes that a file defines at its top level."""
    tree = ast.parse(file.read_text())
    return (node.name for node in tree.body if isinstance(node, ast.ClassDef))


def test_no_class_has_a_name_for_which_the_field_has_a_term() -> None:
    ours = [it for it in files("*.py") if it.relative_to(ROOT).parts[0] not in ("tests", "demo")]
    found = {
        f"{it.relative_to(ROOT)}: {name}": NAMES[name] for it in ours for name in classes(it) if name in NAMES
    }
    assert found == {}, "expected the term beside each"


def test_no_sentence_uses_a_phrase_of_the_past() -> None:
    texts = [
        it
        for it in files("*.py", "*.md", "*.html", "*.yml")
        if it.name not in ("test_words.py", "CHANGELOG.md")
    ]
    found = [
        f"{it.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for it in texts
        for number, line in enumerate(it.read_text().splitlines(), 1)
        if any(re.search(phrase, line) for phrase in PHRASES)
    ]
    assert found == []


def test_one_class_name_has_one_meaning_in_a_package() -> None:
    counts = Counter(
        (package, name) for package in PACKAGES for it in files(f"{package}/*.py") for name in classes(it)
    )
    assert [named for named, number in counts.items() if number > 1] == []


def test_csrf_is_found_where_it_is_handled() -> None:
    found = [
        it.name for it in files("ingestion_api/*.py") if re.search("csrf", it.read_text(), re.IGNORECASE)
    ]
    assert "csrf.py" in found
