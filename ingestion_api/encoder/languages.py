"""Detect the languages of a text by its most frequent words, and stem its words."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import local

import snowballstemmer  # type: ignore[import-untyped]  # it ships no types

from ingestion_api.encoder.function_words import ARABIC, CYRILLIC, LATIN

MIN_VOTES = 3  # words that must indicate a language
MIN_LEAD = 1.2  # times as many as for the next one

_SCRIPTS = (
    ((0x0041, 0x024F), (0x1E00, 0x1EFF), "latin"),
    ((0x0370, 0x03FF), (0x1F00, 0x1FFF), "greek"),
    ((0x0400, 0x052F), (0x1C80, 0x1C8F), "cyrillic"),
    ((0x0530, 0x058F), (0xFB13, 0xFB17), "armenian"),
    ((0x0600, 0x077F), (0x08A0, 0x08FF), "arabic"),
    ((0x0900, 0x097F), (0xA8E0, 0xA8FF), "devanagari"),
    ((0x0B80, 0x0BFF), (0x11FC0, 0x11FFF), "tamil"),
)
# the languages by script; the first is the default
LANGUAGES: Mapping[str, Mapping[str, frozenset[str]]] = {
    script: {language: frozenset(words.split()) for language, words in table.items()}
    for script, table in (
        ("latin", LATIN),
        ("cyrillic", CYRILLIC),
        ("arabic", ARABIC),
        ("greek", {"greek": ""}),
        ("armenian", {"armenian": ""}),
        ("devanagari", {"hindi": ""}),
        ("tamil", {"tamil": ""}),
        ("other", {"": ""}),
    )
}
_FUNCTION_WORDS = {language: words for table in LANGUAGES.values() for language, words in table.items()}
STEMMERS = frozenset(snowballstemmer.algorithms())
_AMBIGUOUS_SCRIPTS = ("latin", "cyrillic", "arabic")
_LANGUAGES_BY_WORD: dict[str, list[tuple[str, str]]] = {}
for _script in _AMBIGUOUS_SCRIPTS:
    for _language, _words in LANGUAGES[_script].items():
        for _word in _words:
            _LANGUAGES_BY_WORD.setdefault(_word, []).append((_script, _language))

_thread_local = local()


@dataclass(frozen=True)
class DetectedLanguages:
    """The detected languages of a text, by script."""

    by_script: Mapping[str, str]

    def language_of(self, script: str) -> str:
        """The language of a script's words; its default when none was detected."""
        return self.by_script.get(script) or next(iter(LANGUAGES[script]))


def detect_languages(words: Mapping[str, int]) -> DetectedLanguages:
    """Detect the languages of a text from the counts of its words."""
    votes: dict[str, dict[str, int]] = {script: {} for script in _AMBIGUOUS_SCRIPTS}
    for word in _LANGUAGES_BY_WORD.keys() & words.keys():
        for script, language in _LANGUAGES_BY_WORD[word]:
            votes[script][language] = votes[script].get(language, 0) + words[word]
    winners = {script: _winner(votes[script]) for script in _AMBIGUOUS_SCRIPTS}
    return DetectedLanguages({script: language for script, language in winners.items() if language})


def candidate_languages(script: str, languages: DetectedLanguages) -> tuple[str, ...]:
    """The possible languages of a few words, such as a query: all of the script unless one was detected."""
    first, *others = LANGUAGES[script]
    language = languages.by_script.get(script)
    return (first, *others) if language is None else tuple(dict.fromkeys((language, first)))


@lru_cache(maxsize=10_000)
def script_of(letter: str) -> str:
    """The script of a letter, "other" when there is no stemmer for it."""
    code = ord(letter)
    for first, second, script in _SCRIPTS:
        if first[0] <= code <= first[1] or second[0] <= code <= second[1]:
            return script
    return "other"


def script_of_word(word: str) -> str:
    """The script of a word's first letter that belongs to one."""
    if word.isascii():
        return "latin"
    return next((script for letter in word if (script := script_of(letter)) != "other"), "other")


def stem(word: str, language: str) -> str:
    """The stem of a lower-case word; empty for a function word."""
    if word in _FUNCTION_WORDS.get(language, ()):
        return ""
    if language not in STEMMERS:
        return word
    # a stemmer keeps state while it works, so threads must not share one
    stemmers = _thread_local.__dict__
    if language not in stemmers:
        stemmers[language] = snowballstemmer.stemmer(language)
    return str(stemmers[language].stemWord(word))


def _winner(votes: Mapping[str, int]) -> str | None:
    best, next_best, *_ = *sorted(votes.values(), reverse=True), 0, 0
    languages = best >= MIN_VOTES and best >= MIN_LEAD * next_best
    return max(votes, key=lambda language: votes[language]) if languages else None
