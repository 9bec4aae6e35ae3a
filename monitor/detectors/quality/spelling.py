"""Which known word a mistyped one was meant to be; rather none than a wrong one."""

import re
from collections.abc import Callable, Iterable, Sequence

from monitor.detectors.quality.sounds import sound, spoken

_TOKENS = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_NEGATIONS = ("un", "non", "in", "im", "ir", "il", "dis", "anti", "de", "ex", "a", "not", "no")
_SHORTEST, _MIDDLE, _LONG = 4, 6, 8
"""Letters from which one edit is looked at; also inside a word; and from which there may be two."""
_FIRST, _TWICE = 5, 6
"""The same for words of a dictionary: at the first letter too; and from which there may be two."""

IsWord = Callable[[str], bool]
"""Whether a text in lower case is a word of a dictionary."""


def edits(left: str, right: str) -> int:
    """Fewest insertions, deletions, replacements and swaps of neighbours between two texts.

    Value    0 and up; no part of a text is edited twice.
    Source   F. J. Damerau, Commun. ACM 7 (1964) 171; the restricted form.

    >>> edits("married", "marreid"), edits("unmarried", "married"), edits("mail", "male")
    (1, 2, 2)
    """
    before: list[int] = []
    above = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            best = min(row[j - 1] + 1, above[j] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, above = above, row
    return above[-1]


def nearest(value: str, known: Iterable[str], is_word: IsWord | None = None) -> str | None:
    """The one known text that a value, unknown and in lower case, is a misspelling of.

    None where there is none, or two are as near. Numbers have to be the same, words are compared
    one by one, and what may well be another word is left alone. A dictionary says what is one: a
    word stands for another only if it is said alike, and what is none may be farther from a word.

    >>> nearest("mail", ["male", "female"]), nearest("femlae", ["male", "female"])
    ('male', 'female')
    >>> nearest("unmarried", ["married"]), nearest("card", ["car"]), nearest("class b", ["class a"])
    (None, None, None)
    """
    scored = [(distance, text) for text in known if (distance := _distance(value, text, is_word))]
    if not scored:
        return None
    best = min(distance for distance, _ in scored)
    candidates = [text for distance, text in scored if distance == best]
    return candidates[0] if len(candidates) == 1 else None


def _distance(value: str, text: str, is_word: IsWord | None) -> int | None:
    """Edits between two texts where one may be a misspelling of the other, else None."""
    if _DIGITS.findall(value) != _DIGITS.findall(text):
        return None
    left, right = _TOKENS.findall(value), _TOKENS.findall(text)
    if len(left) != len(right):
        left, right = ["".join(left)], ["".join(right)]
    different = [(a, b) for a, b in zip(left, right, strict=True) if a != b]
    if len(different) != 1 or not is_slip(*different[0], is_word):
        return None
    return edits(*different[0])


def is_slip(word: str, known: str, is_word: IsWord | None = None) -> bool:
    """Whether an unknown word looks like a slip of the pen or of the ear for a known one."""
    shorter = min(len(word), len(known))
    if (
        not (word.isalpha() and known.isalpha())
        or shorter < _SHORTEST - 1
        or _is_negated(word, known)
    ):
        return False
    distance = edits(word, known)
    if is_word is not None and is_word(word):
        return distance <= 2 and word[0] == known[0] and spoken(word) == spoken(known)
    if is_word is not None and is_word(known) and _is_near(word, known, distance):
        return True
    if word[0] == known[0] and distance <= 2 and sound(word) == sound(known):
        return distance == 1 or shorter >= _SHORTEST
    if distance == 1:
        return _is_single_slip(word, known)
    return distance == 2 and shorter >= _LONG and (word[0], word[-1]) == (known[0], known[-1])


def _is_near(word: str, known: str, distance: int) -> bool:
    """Whether what is no word may stand for a word."""
    shorter = min(len(word), len(known))
    if distance == 1:
        return shorter >= (_SHORTEST if word[0] == known[0] else _FIRST)
    return distance == 2 and shorter >= _TWICE and word[0] == known[0]


def _is_single_slip(word: str, known: str) -> bool:
    if sorted(word) == sorted(known):  # neighbours swapped: rarely another word
        return len(word) >= _SHORTEST
    if word[0] != known[0] or min(len(word), len(known)) < _SHORTEST:
        return False
    if len(word) != len(known):
        return max(len(word), len(known)) > _SHORTEST
    return len(word) >= _MIDDLE and word[-1] == known[-1]


def _is_negated(word: str, known: str) -> bool:
    longer, shorter = sorted((word, known), key=len, reverse=True)
    return any(longer == prefix + shorter for prefix in _NEGATIONS)


def initials(value: str, known: Sequence[str]) -> str | None:
    """The one known text that a value, in lower case, is the initial or the initials of.

    None where known texts are single letters themselves: there a letter is a code.

    >>> initials("f", ["female", "male"]), initials("nsw", ["new south wales", "victoria"])
    ('female', 'new south wales')
    """
    letters = value.replace(".", "").replace(" ", "")
    if not letters.isalpha() or any(len(text) == 1 for text in known):
        return None
    if len(letters) == 1:
        candidates = [text for text in known if text[:1] == letters]
    else:
        candidates = [
            text
            for text in known
            if "".join(token[0] for token in _TOKENS.findall(text)) == letters
        ]
    return candidates[0] if len(candidates) == 1 else None


def abbreviation(value: str, known: Sequence[str], is_word: IsWord) -> str | None:
    """The one known text that a value, in lower case, is short for: its beginning, or some letters.

    Letters left out may stand anywhere but at the ends. What is a word is none, unless a full stop
    ends it.

    >>> no_word = lambda text: False
    >>> abbreviation("fem", ["female", "male"], no_word)
    'female'
    >>> abbreviation("mgmt", ["management", "sales"], no_word)
    'management'
    """
    short = value.removesuffix(".")
    if len(short) < _SHORTEST - 1 or not short.isalpha() or (short == value and is_word(short)):
        return None
    begun = [text for text in known if text.startswith(short) and len(text) > len(short) + 1]
    if begun:
        return begun[0] if len(begun) == 1 else None
    if len(short) < _SHORTEST and any(vowel in short for vowel in "aeiou"):
        return None
    left = [text for text in known if _is_contraction(short, text)]
    return left[0] if len(left) == 1 else None


def _is_contraction(short: str, text: str) -> bool:
    if not text.isalpha() or 2 * len(short) > len(text) + 2 or short[-1] != text[-1]:
        return False
    letters = iter(text)
    return short[0] == text[0] and all(letter in letters for letter in short)
