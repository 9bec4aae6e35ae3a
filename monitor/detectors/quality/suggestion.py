"""Which known category an unknown value stands for, and how one can tell."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.detectors.quality.spelling import abbreviation, initials, nearest
from monitor.detectors.quality.synonyms import GROUPS, LOOKALIKES
from monitor.detectors.quality.wordnet import same_or_kind_of, singular, wordnet

_JOINTS = re.compile(r"(?<=\w)[-_](?=\w)|_")
_DOTTED = re.compile(r"(\w\.)+\w?")
"""Single letters with full stops between: U.S.A."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A known category, and how it was found."""

    category: str
    how: str


def plain(value: str) -> str:
    """A value without what varies and means nothing: case, space, hyphens, accents,
    look-alike letters.

    >>> plain("  Never_Married "), plain("never-married"), plain("-1")
    ('never married', 'never married', '-1')
    """
    text = unicodedata.normalize("NFKC", value).translate(LOOKALIKES).casefold()
    if not text.isascii():
        apart = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in apart if not unicodedata.combining(c))
    joined = " ".join(_JOINTS.sub(" ", text).split())
    return joined.replace(".", "") if _DOTTED.fullmatch(joined) else joined


def suggest(
    value: str, categories: Iterable[str], synonyms: Mapping[str, str]
) -> Suggestion | None:
    """The known category that an unknown value stands for; None where it is truly new.

    In this order, the first that finds exactly one: case, space and accents; declared synonyms;
    initials; bundled synonyms; the plural; words of WordNet that mean the same, or of which this
    is a kind; abbreviations; edit distance.

    >>> suggest("Mail", ["Female", "Male"], {})
    Suggestion(category='Male', how='edit distance')
    >>> suggest("Girl", ["Female", "Male"], {})
    Suggestion(category='Female', how='synonym')
    >>> suggest("Martian", ["Female", "Male"], {}) is None
    True
    """
    if value in synonyms:
        return Suggestion(synonyms[value], "declared synonym")
    folded = _by_plain(categories)
    text = plain(value)
    if text not in folded and text.removesuffix(".") in folded:
        text = text.removesuffix(".")
    if text in folded:
        return _found(folded, text, "case and space")
    declared = {plain(key): meant for key, meant in synonyms.items()}
    if text in declared:
        return Suggestion(declared[text], "declared synonym")
    known = [k for k in folded if k]
    for how, find in _CASCADE.items():
        candidate = find(text, known)
        if candidate is not None:
            return _found(folded, candidate, how)
    return None


def _singular(text: str, known: Sequence[str]) -> str | None:
    """The known word that differs by its number alone."""
    forms = dict.fromkeys(known, 0)
    many = [k for k in known if singular(k, {text: 0}) is not None]
    return singular(text, forms) or (many[0] if len(many) == 1 else None)


def _abbreviation(text: str, known: Sequence[str]) -> str | None:
    return abbreviation(text, known, wordnet().is_word)


def _misspelling(text: str, known: Sequence[str]) -> str | None:
    return nearest(text, known, wordnet().is_word)


def _by_plain(categories: Iterable[str]) -> dict[str, list[str]]:
    folded: dict[str, list[str]] = {}
    for category in categories:
        folded.setdefault(plain(category), []).append(category)
    return folded


def _found(folded: Mapping[str, list[str]], text: str, how: str) -> Suggestion | None:
    """The category that has this plain form; None where several have."""
    return Suggestion(folded[text][0], how) if len(folded[text]) == 1 else None


def _synonym(text: str, known: Iterable[str]) -> str | None:
    for group in GROUPS:
        if text in group:
            candidates = [k for k in known if k in group]
            return candidates[0] if len(candidates) == 1 else None
    return None


_CASCADE: Mapping[str, Callable[[str, Sequence[str]], str | None]] = {
    "initial": initials,
    "synonym": _synonym,
    "word form": _singular,
    "meaning": same_or_kind_of,
    "abbreviation": _abbreviation,
    "edit distance": _misspelling,
}
