"""Which known category an unknown value stands for, and how one can tell."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.detectors.quality.spelling import initials, nearest
from monitor.detectors.quality.synonyms import GROUPS, LOOKALIKES

_JOINTS = re.compile(r"(?<=\w)[-_](?=\w)|_")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A known category, and how it was found."""

    category: str
    how: str


def plain(value: str) -> str:
    """A value without what varies and means nothing: case, space, hyphens, look-alike letters.

    >>> plain("  Never_Married "), plain("never-married"), plain("-1")
    ('never married', 'never married', '-1')
    """
    text = unicodedata.normalize("NFKC", value).translate(LOOKALIKES).casefold()
    return " ".join(_JOINTS.sub(" ", text).split())


def suggest(
    value: str, categories: Iterable[str], synonyms: Mapping[str, str]
) -> Suggestion | None:
    """The known category that an unknown value stands for; None where it is truly new.

    In this order, the first that finds exactly one: case and space, declared synonyms, initials,
    bundled synonyms, edit distance.

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
    if text in folded:
        return _found(folded, text, "case and space")
    declared = {plain(key): meant for key, meant in synonyms.items()}
    if text in declared:
        return Suggestion(declared[text], "declared synonym")
    known = [k for k in folded if k]
    for how, candidate in (
        ("initial", initials(text, known)),
        ("synonym", _synonym(text, known)),
        ("edit distance", nearest(text, known)),
    ):
        if candidate is not None:
            return _found(folded, candidate, how)
    return None


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
